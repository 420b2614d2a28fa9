//! What a measurement leaves: one file per run, in the form that `docs/measuring.md` describes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use pivot::report::Record;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::figure::Figure;
use super::histogram::Histogram;

/// Version of the form. A reader refuses any other.
pub(crate) const SCHEMA: u32 = 1;

/// The fields of a report line: integers where they are decimal, otherwise text as it came.
pub(crate) type Fields = BTreeMap<String, Value>;

/// One run of the whole set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// [`SCHEMA`].
    pub(crate) schema: u32,
    /// Which of the runs of this call, from 1.
    pub(crate) run: u32,
    /// When it began, UTC, RFC 3339.
    pub(crate) started: String,
    /// Where the board was: a port, or the emulator's command.
    pub(crate) wire: String,
    /// Whether shorter measurements were asked for.
    pub(crate) quick: bool,
    /// What `version` said.
    pub(crate) version: String,
    /// Whether every command of the set has ended.
    pub(crate) complete: bool,
    /// Why it ended before.
    pub(crate) error: Option<String>,
    /// The commands in their order, with what they reported.
    pub(crate) commands: Vec<Command>,
}

/// One command of the set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Command {
    /// As it was typed.
    pub(crate) line: String,
    /// How long it took, by the host's clock.
    pub(crate) seconds: f64,
    /// Its own verdict; none if it did not come to one.
    pub(crate) verdict: Option<String>,
    /// The line `@conditions`.
    pub(crate) conditions: Option<Fields>,
    /// What it measured.
    pub(crate) results: Vec<Figure>,
    /// The lines `@check` that did not hold.
    pub(crate) failed: Vec<Fields>,
    /// The IDs that this board cannot measure.
    pub(crate) skipped: Vec<String>,
    /// Everything else that it printed.
    pub(crate) said: Vec<String>,
    /// Lines that began like a report and broke its grammar: bytes were lost on the wire.
    pub(crate) damaged: Vec<String>,
}

impl Run {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let run: Self = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a measurement", path.display()))?;
        if run.schema != SCHEMA {
            bail!(
                "{} has form {}, this tool reads {SCHEMA}",
                path.display(),
                run.schema
            );
        }
        Ok(run)
    }

    /// Writes a file; what stood there before stays whole until the new one is.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let beside = path.with_extension("json.new");
        let text = serde_json::to_vec_pretty(self)?;
        fs::write(&beside, text)
            .and_then(|()| fs::rename(&beside, path))
            .with_context(|| format!("writing {}", path.display()))
    }

    /// Every figure.
    pub(crate) fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.commands.iter().flat_map(|command| &command.results)
    }

    /// The first conditions that hold a field of that name, and that field.
    pub(crate) fn condition(&self, key: &str) -> Option<&Value> {
        let all = self.commands.iter().filter_map(|c| c.conditions.as_ref());
        all.filter_map(|fields| fields.get(key)).next()
    }

    /// Whether an emulator was measured. What does not say that it is hardware is taken for one.
    pub(crate) fn is_emulated(&self) -> bool {
        self.condition("host").and_then(Value::as_str) != Some("hardware")
    }
}

impl Command {
    /// A command that has reported nothing yet.
    pub(crate) fn new(line: &str) -> Self {
        Self {
            line: line.to_owned(),
            ..Self::default()
        }
    }

    /// Takes a line of the command's output; whether it added anything.
    pub(crate) fn take(&mut self, line: &str) -> bool {
        let line = line.trim_end();
        if !line.starts_with('@') {
            self.said
                .extend((!line.is_empty()).then(|| line.to_owned()));
            return false;
        }
        let Ok(record) = Record::parse(line) else {
            self.damaged.push(line.to_owned());
            return true;
        };
        match record.id() {
            "conditions" => self.conditions = Some(fields(&record)),
            "done" => self.verdict = record.get("verdict").map(str::to_owned),
            "skipped" => self.skipped.extend(record.get("id").map(str::to_owned)),
            "check" if record.number("ok") == Some(0) => self.failed.push(fields(&record)),
            // Not figures: what held, how a run of boot arguments ended, events.
            "check" | "exit" | "trace" => return false,
            "hist" => return self.take_histogram(&record, line),
            id => self.results.push(Figure {
                id: id.to_owned(),
                fields: fields(&record),
                histogram: None,
            }),
        }
        true
    }

    /// A histogram follows the line of its figure, on as many lines as it needs.
    fn take_histogram(&mut self, record: &Record, line: &str) -> bool {
        let figure = record
            .get("id")
            .and_then(|id| self.results.iter_mut().rev().find(|figure| figure.id == id));
        match (figure, Histogram::read(record)) {
            (Some(figure), Some(part)) => match &mut figure.histogram {
                None => figure.histogram = Some(part),
                Some(whole) => whole.buckets.extend(part.buckets),
            },
            _ => self.damaged.push(line.to_owned()),
        }
        true
    }
}

fn fields(record: &Record) -> Fields {
    record
        .fields()
        .map(|(key, text)| {
            let value = text.parse::<u64>().map(Value::from);
            let value = value.or_else(|_| text.parse::<i64>().map(Value::from));
            (key.to_owned(), value.unwrap_or_else(|_| Value::from(text)))
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const YIELD: &str = "@switch.yield.same_core count=4 total_ns=1002 min_ns=200 p50_ns=250 max_ns=300 mean_ns=251";

    fn taken(lines: &[&str]) -> Command {
        let mut command = Command::new("bench all");
        for line in lines {
            command.take(line);
        }
        command
    }

    #[test]
    fn a_figure_keeps_every_field_and_its_mean_is_exact() {
        let command = taken(&["yield: 251 ns", YIELD]);
        assert_eq!(command.said, ["yield: 251 ns"]);
        let [figure] = &command.results[..] else {
            panic!("{command:?}")
        };
        assert_eq!(figure.id, "switch.yield.same_core");
        assert_eq!(figure.fields.len(), 6);
        assert_eq!(figure.mean_ns(), Some(250.5));
    }

    #[test]
    fn a_histogram_on_several_lines_is_one_and_empty_buckets_are_left_out() {
        let command = taken(&[
            YIELD,
            "@hist id=switch.yield.same_core unit=ns bits=4 first=80 counts=1,0,2",
            "@hist id=switch.yield.same_core unit=ns bits=4 first=90 counts=1",
        ]);
        let histogram = command.results[0].histogram.as_ref().unwrap();
        assert_eq!(histogram.buckets, [(80, 1), (82, 2), (90, 1)]);
        assert_eq!(histogram.count(), 4);
        assert!(command.damaged.is_empty());
    }

    #[test]
    fn what_was_damaged_on_the_wire_is_kept_as_such() {
        let command = taken(&[
            "@switch.yield.same_core coun",
            "@hist id=nobody unit=ns bits=4 first=0 counts=1",
        ]);
        assert_eq!(command.damaged.len(), 2);
        assert!(command.results.is_empty());
    }

    #[test]
    fn verdict_conditions_failed_checks_and_what_was_skipped_are_no_figures() {
        let command = taken(&[
            "@conditions board=virt host=emulated cores=4 throttled=0x0",
            "@check id=a ok=1",
            "@check id=b ok=0 got=3",
            "@skipped id=ctxsw.apart needs-cores=2",
            "@done command=ctxsw verdict=passed",
        ]);
        assert!(command.results.is_empty());
        let conditions = command.conditions.unwrap();
        assert_eq!(
            (&conditions["cores"], &conditions["throttled"]),
            (&4.into(), &"0x0".into())
        );
        assert_eq!(command.verdict.as_deref(), Some("passed"));
        assert_eq!((command.failed.len(), command.skipped.len()), (1, 1));
    }

    #[test]
    fn a_file_reads_back_as_it_was_written_and_another_form_is_refused() {
        let directory = std::env::temp_dir().join(format!("pivot-record-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let file = directory.join("run.json");
        let mut run = run(vec![taken(&[YIELD])]);
        run.write(&file).unwrap();
        assert_eq!(Run::read(&file).unwrap(), run);
        run.schema += 1;
        run.write(&file).unwrap();
        assert!(
            Run::read(&file)
                .unwrap_err()
                .to_string()
                .contains("has form 2")
        );
        fs::remove_dir_all(&directory).unwrap();
    }

    pub(crate) fn run(commands: Vec<Command>) -> Run {
        Run {
            schema: SCHEMA,
            run: 1,
            started: "2026-01-01T00:00:00Z".to_owned(),
            wire: "test".to_owned(),
            quick: false,
            version: String::new(),
            complete: true,
            error: None,
            commands,
        }
    }
}
