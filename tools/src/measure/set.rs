//! Which commands are run: those of the set that the image has. Pure.

use std::time::Duration;

use anyhow::Result;

use crate::failure::Failure;

/// A command that measures, and its options: each is left out where the command's help does not know it.
struct Measuring {
    name: &'static str,
    /// As long as it takes for a figure that others are compared with.
    whole: &'static [&'static str],
    /// Where it is to be quick.
    quick: &'static [&'static str],
}

/// The set, in the order in which it is run.
const SET: [Measuring; 4] = [
    Measuring {
        name: "ctxsw",
        whole: &["--hist"],
        quick: &["--hist"],
    },
    Measuring {
        name: "bench",
        whole: &["--seconds 1"],
        quick: &[],
    },
    Measuring {
        name: "cost",
        whole: &[],
        quick: &[],
    },
    Measuring {
        name: "latency",
        whole: &["--seconds 5"],
        quick: &["--seconds 1"],
    },
];

/// The command that has a benchmark for each ID, and is therefore run once for each.
const BENCH: &str = "bench";

/// What the image says that decides what is run.
pub(crate) trait Image {
    /// Types a command and returns what it prints.
    fn ask(&mut self, line: &str, silence: Duration) -> Result<String>;
}

/// How long the image may think about a question.
const PATIENCE: Duration = Duration::from_secs(60);

/// The lines to type.
///
/// # Errors
///
/// When the image has no command of the set, or does not answer.
pub(super) fn lines(image: &mut dyn Image, is_quick: bool) -> Result<Vec<String>> {
    let commands = names(&image.ask("help", PATIENCE)?);
    let mut lines = Vec::new();
    for measuring in SET.iter().filter(|m| commands.iter().any(|c| c == m.name)) {
        let help = image.ask(&format!("help {}", measuring.name), PATIENCE)?;
        let options = options(measuring, &help, is_quick);
        if measuring.name == BENCH {
            let ids = ids(&image.ask("bench list", PATIENCE)?);
            lines.extend(ids.iter().map(|id| format!("{BENCH} {id}{options}")));
        } else {
            lines.push(format!("{}{options}", measuring.name));
        }
    }
    if lines.is_empty() {
        let what = "the image has none of the commands that measure; is it Pivot's?";
        return Err(Failure::environment(what).help("cargo xtask build").into());
    }
    Ok(lines)
}

/// The first word of each line: `help` prints a command on each, indented.
fn names(help: &str) -> Vec<String> {
    help.lines()
        .filter(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// The options of the table that the command's help knows, each with a blank before it.
fn options(measuring: &Measuring, help: &str, is_quick: bool) -> String {
    let wanted = if is_quick {
        measuring.quick
    } else {
        measuring.whole
    };
    wanted
        .iter()
        .filter(|option| {
            let name = option.split(' ').next().unwrap_or(option);
            help.split(|c: char| c.is_whitespace() || "[]".contains(c))
                .any(|word| word == name)
        })
        .map(|option| format!(" {option}"))
        .collect()
}

/// The IDs that `bench list` names: the first word of a line, or the field `id` of a report line.
fn ids(list: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for line in list.lines() {
        let record = pivot::report::Record::parse(line.trim_end()).ok();
        let id = match &record {
            Some(record) => record.get("id"),
            None => line.split_whitespace().next(),
        };
        let id = id.filter(|id| is_benchmark(id)).map(str::to_owned);
        ids.extend(id.filter(|id| !ids.contains(id)));
    }
    ids
}

/// Words with dots between them: an ID of a benchmark.
fn is_benchmark(word: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
    };
    word.contains('.') && word.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers from a table; panics at any other question.
    struct Recorded(&'static [(&'static str, &'static str)]);

    impl Image for Recorded {
        fn ask(&mut self, line: &str, _: Duration) -> Result<String> {
            let answer = self.0.iter().find(|(question, _)| *question == line);
            Ok(answer.unwrap_or_else(|| panic!("{line}")).1.to_owned())
        }
    }

    const WITH_ALL: &[(&str, &str)] = &[
        (
            "help",
            "  bench     Benchmarks\n  ctxsw     Measures\n  echo      Echoes\n",
        ),
        (
            "help ctxsw",
            "usage: ctxsw [all] [--seconds N] [--hist]\n  --hist  Draw\n",
        ),
        ("help bench", "usage: bench [what] [--seconds N] [--hist]\n"),
        (
            "bench list",
            "ID  WHAT\nswitch.yield.alone  One thread\n@bench id=timer.latency\ntimer.latency  x\n@done command=bench verdict=passed\n",
        ),
    ];

    #[test]
    fn each_benchmark_of_the_list_is_a_command_of_its_own() {
        let lines = lines(&mut Recorded(WITH_ALL), false).unwrap();
        assert_eq!(
            lines,
            [
                "ctxsw --hist",
                "bench switch.yield.alone --seconds 1",
                "bench timer.latency --seconds 1"
            ]
        );
    }

    #[test]
    fn a_quick_run_has_the_same_figures_with_the_usual_lengths() {
        let lines = lines(&mut Recorded(WITH_ALL), true).unwrap();
        assert_eq!(lines[0], "ctxsw --hist");
        assert_eq!(lines[1], "bench switch.yield.alone");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn an_older_image_is_measured_with_what_it_has() {
        let old: &[(&str, &str)] = &[
            ("help", "  ctxsw     Measures\n"),
            ("help ctxsw", "usage: ctxsw [all] [--seconds N]\n"),
        ];
        assert_eq!(lines(&mut Recorded(old), true).unwrap(), ["ctxsw"]);
    }

    #[test]
    fn an_image_that_measures_nothing_is_an_error() {
        let error = lines(&mut Recorded(&[("help", "  echo  Echoes\n")]), false);
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("none of the commands")
        );
    }
}
