//! What a measurement leaves: one file per run, in the form that `docs/measuring.md` describes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use pivot::report::{Record, is_whole};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::consistency::contradiction;
use super::figure::Figure;
use super::histogram::Histogram;

/// Version of the form. A reader refuses any other.
pub(crate) const SCHEMA: u32 = 1;

/// The field that says whether a line is whole: it is no figure.
const SEAL: &str = "crc";

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
    /// Lines that began like a report and cannot be as they were sent: they break its grammar, their seal does not fit, or
    /// the figure contradicts itself. Bytes were lost or changed on the wire.
    pub(crate) damaged: Vec<String>,
}

impl Run {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let mut run: Self = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a measurement", path.display()))?;
        if run.schema != SCHEMA {
            bail!(
                "{} has form {}, this tool reads {SCHEMA}",
                path.display(),
                run.schema
            );
        }
        // Whoever was interrupted while measuring has not judged the last figure.
        run.commands.iter_mut().for_each(Command::judge);
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

    /// Nanoseconds from one tick of the counter to the next, by which every time is told; 1 where nobody says.
    pub(crate) fn tick_ns(&self) -> f64 {
        let hz = self.condition("counter_hz").and_then(Value::as_f64);
        hz.filter(|&hz| hz > 0.0).map_or(1.0, |hz| 1e9 / hz)
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
        let record = Record::parse(line).ok();
        let Some(record) = record.filter(|_| is_whole(line) != Some(false)) else {
            self.damaged.push(line.to_owned());
            return true;
        };
        match record.id() {
            "conditions" => self.conditions = Some(fields(&record)),
            "done" => {
                self.verdict = record.get("verdict").map(str::to_owned);
                self.judge();
            }
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
                Some(whole) => {
                    if !whole.append(&part) {
                        self.damaged.push(line.to_owned());
                    }
                }
            },
            _ => self.damaged.push(line.to_owned()),
        }
        true
    }

    /// Takes figures that contradict themselves away from the good ones. For when the command has ended, since a figure
    /// is not complete before its histogram is.
    pub(crate) fn judge(&mut self) {
        // The price list is a chain: it says nothing where a link is missing.
        let is_chain = self.damaged.is_empty();
        let mut before: Option<Figure> = None;
        for figure in std::mem::take(&mut self.results) {
            let why = contradiction(&figure, before.as_ref().filter(|_| is_chain));
            if let Some(why) = why {
                self.damaged.push(format!("{}: {why}", figure.line()));
                before = None;
            } else {
                before = is_chain.then(|| figure.clone());
                self.results.push(figure);
            }
        }
    }
}

/// A value as it came.
pub(super) fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn fields(record: &Record) -> Fields {
    record
        .fields()
        .filter(|&(key, _)| key != SEAL)
        .map(|(key, text)| {
            let unsigned = record.number(key).filter(|_| !text.starts_with("0x"));
            let value = unsigned.map(Value::from);
            let value = value.or_else(|| record.signed(key).map(Value::from));
            (key.to_owned(), value.unwrap_or_else(|| Value::from(text)))
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests;
