//! What makes figures doubtful. Pure.

use serde_json::Value;

use super::conditions::{CORE_HZ, MAILBOX_HZ, answers, ends, is_other_clock, mhz, numbers};
use super::record::{Command, Fields, Run, shown};

/// Whose clock it is, and the fields that say it.
const CLOCKS: [(&str, [&str; 2]); 2] = [
    ("the core clock", CORE_HZ),
    ("the core clock, by the mailbox,", MAILBOX_HZ),
];

/// What is the same for all figures of a measurement, and how it is called.
const ALIKE: [(&str, &str); 7] = [
    ("board", "board"),
    ("revision", "revision of the board"),
    ("host", "host"),
    ("cores", "number of cores"),
    ("counter_hz", "frequency of the counter"),
    ("profile", "profile"),
    ("build", "build"),
];

/// What makes figures doubtful: a clock that changed, throttling, damaged lines, verdicts that are not good, runs that
/// do not belong together.
pub(crate) fn doubts(runs: &[Run]) -> Vec<String> {
    let mut doubts = Vec::new();
    for run in runs {
        for command in &run.commands {
            let of_command = of_command(command);
            doubts.extend(
                of_command
                    .into_iter()
                    .map(|what| format!("run {}, `{}`: {what}", run.run, command.line)),
            );
        }
    }
    doubts.extend(of_all(runs));
    doubts
}

fn of_command(command: &Command) -> Vec<String> {
    let mut doubts = Vec::new();
    match command.verdict.as_deref() {
        Some("passed") => {}
        Some(verdict) => doubts.push(format!("verdict {verdict}")),
        None => doubts.push("it came to no verdict".to_owned()),
    }
    if !command.damaged.is_empty() {
        let count = command.damaged.len();
        doubts.push(format!("{count} lines were damaged on the wire"));
    }
    match &command.conditions {
        Some(conditions) => doubts.extend(of_conditions(conditions)),
        None if command.results.is_empty() => {}
        None => doubts.push("it says no conditions".to_owned()),
    }
    doubts
}

fn of_conditions(conditions: &Fields) -> Vec<String> {
    let mut doubts = Vec::new();
    for (whose, [before, after]) in CLOCKS {
        let hz = |key: &str| conditions.get(key).and_then(Value::as_f64);
        if let (Some(before), Some(after)) = (hz(before), hz(after))
            && is_other_clock(before, after)
        {
            let (before, after) = (mhz(before), mhz(after));
            doubts.push(format!("{whose} changed from {before} to {after} MHz"));
        }
    }
    // The image has seen it, and what it has seen is not here.
    if doubts.is_empty() && conditions.get("clock_changed").and_then(Value::as_u64) == Some(1) {
        doubts.push("the core clock changed".to_owned());
    }
    let throttled = conditions.get("throttled").map(shown);
    if let Some(bits) = throttled.filter(|bits| bits != "0" && bits != "0x0") {
        doubts.push(format!("the board was throttled ({bits})"));
    }
    doubts
}

/// What no command shows by itself.
fn of_all(runs: &[Run]) -> Vec<String> {
    let mut doubts = Vec::new();
    for (whose, keys) in CLOCKS {
        if let Some([least, greatest]) = ends(&numbers(runs, &keys))
            && is_other_clock(least, greatest)
        {
            let (least, greatest) = (mhz(least), mhz(greatest));
            doubts.push(format!(
                "{whose} was between {least} and {greatest} MHz: not all figures are of one clock"
            ));
        }
    }
    let is_board = !runs.is_empty() && !runs.iter().any(Run::is_emulated);
    if is_board && numbers(runs, &CORE_HZ).is_empty() {
        doubts.push("nobody says what the core clock was".to_owned());
    }
    for (key, name) in ALIKE {
        let answers: Vec<String> = answers(runs, key).into_iter().collect();
        if answers.len() > 1 {
            doubts.push(format!("not all have one {name}: {}", answers.join(", ")));
        }
    }
    if runs.iter().any(|run| run.quick) && runs.iter().any(|run| !run.quick) {
        doubts.push("some runs are quick and others are not".to_owned());
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::page::tests::measured;

    const GOOD: &str = "@done command=bench verdict=passed";

    #[test]
    fn what_makes_a_figure_doubtful_is_said() {
        let doubts = doubts(&[measured(&[
            "@conditions host=hardware core_hz_before=1500000000 core_hz_after=600000000 throttled=0x50005",
            "@a.b torn",
            "@done command=bench verdict=failed",
        ])]);
        let all = doubts.join("\n");
        for part in [
            "verdict failed",
            "from 1500 to 600 MHz",
            "throttled (0x50005)",
            "1 lines were damaged",
            "between 600 and 1500 MHz",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert_eq!(doubts.len(), 5);
    }

    #[test]
    fn a_clock_that_changed_between_commands_or_that_the_mailbox_saw_is_a_doubt() {
        let run = |conditions: &str| {
            measured(&[
                &format!("@conditions host=hardware core_hz_before=1500000000 {conditions}"),
                GOOD,
            ])
        };
        let said = |conditions: [&str; 2]| doubts(&conditions.map(run)).join("\n");
        assert_eq!(
            said(["core_hz_after=1500000000", "core_hz_after=1501000000"]),
            ""
        );
        let between = said(["", "core_hz_after=1480000000"]);
        assert!(between.contains("between 1480 and 1500 MHz"), "{between}");
        let mailbox = said([
            "mailbox_hz_before=1500000000 mailbox_hz_after=600000000",
            "",
        ]);
        assert!(
            mailbox.contains("by the mailbox, changed from 1500 to 600 MHz"),
            "{mailbox}"
        );
        let changed = said(["clock_changed=1", ""]);
        assert_eq!(changed, "run 1, `bench all`: the core clock changed");
    }

    #[test]
    fn runs_that_do_not_belong_together_are_a_doubt() {
        let one = measured(&["@conditions host=emulated build=a profile=release", GOOD]);
        let mut other = measured(&["@conditions host=emulated build=b profile=release", GOOD]);
        other.quick = true;
        let all = doubts(&[one, other]);
        assert_eq!(
            all,
            [
                "not all have one build: a, b",
                "some runs are quick and others are not"
            ]
        );
    }

    #[test]
    fn a_board_without_a_clock_and_a_figure_without_conditions_are_doubts() {
        let all = doubts(&[measured(&["@conditions host=hardware", GOOD])]);
        assert_eq!(all, ["nobody says what the core clock was"]);
        let all = doubts(&[measured(&["@a.b ns=1", GOOD])]);
        assert_eq!(all, ["run 1, `bench all`: it says no conditions"]);
    }
}
