//! What was done and what came of it: counts, and the table at the end. Pure.

use std::fmt::{self, Display, Formatter};

use pivot::report::{Record, Verdict};

use super::deal::Activity;
use crate::transcript::records;

/// Counts of one kind of activity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// How often.
    pub(super) times: u64,
    /// Operations: of the board's `soak` those that it counts, else one.
    pub(super) operations: u64,
    /// Threads that were to crash.
    pub(super) injected: u64,
    /// Those that ended by what was raised, while all else ran on.
    pub(super) survived: u64,
}

/// All counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    seed: u64,
    kinds: [Counts; Activity::KINDS.len()],
    /// Bytes that rounds of `soak` did not give back.
    leaked: u64,
    seconds: f64,
}

/// Why what a command printed is not good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bad(pub(super) String);

impl Tally {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    /// Takes what came of an activity.
    pub(super) fn take(&mut self, activity: &Activity, output: &str) -> Result<(), Bad> {
        let counts = &mut self.kinds[activity.kind()];
        counts.times += 1;
        match activity {
            Activity::Line(_) | Activity::Noise(_) => {
                counts.operations += 1;
                return Ok(());
            }
            Activity::Soak { .. } | Activity::Beside { .. } => {
                let report = records(output).find(|record| record.id() == "soak");
                let report = report.ok_or_else(|| Bad("it did not say what came of it".into()))?;
                let number = |key: &str| {
                    let number = Record::number(&report, key);
                    number.ok_or_else(|| Bad(format!("its report has no number `{key}`")))
                };
                counts.operations += number("operations")?;
                counts.injected += number("injected")?;
                counts.survived += number("survived")?;
                self.leaked += number("leaked")?;
            }
            Activity::Suite(_) | Activity::Bench(_) => counts.operations += 1,
            Activity::Crash(_) => {
                counts.operations += 1;
                // An emulator lets one of them pass, and the board knows which.
                let is_raised = !records(output).any(|record| record.id() == "skipped");
                counts.injected += u64::from(is_raised);
                counts.survived += u64::from(is_raised && has_passed(output));
                if !is_raised {
                    return Ok(());
                }
            }
        }
        if has_passed(output) {
            Ok(())
        } else {
            Err(Bad("it did not end in a good verdict".into()))
        }
    }

    /// How long it took.
    pub(super) fn took(&mut self, seconds: f64) {
        self.seconds = seconds;
    }

    /// The sum of all kinds.
    pub(super) fn all(&self) -> Counts {
        let mut all = Counts::default();
        for counts in &self.kinds {
            all.times += counts.times;
            all.operations += counts.operations;
            all.injected += counts.injected;
            all.survived += counts.survived;
        }
        all
    }
}

fn has_passed(output: &str) -> bool {
    let mut verdicts = records(output)
        .filter(|record| record.id() == pivot::report::DONE)
        .peekable();
    verdicts.peek().is_some() && verdicts.all(|record| record.verdict() == Some(Verdict::Passed))
}

impl Display for Tally {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:18}{:>8}{:>12}{:>10}{:>10}{:>8}",
            "", "times", "operations", "faults", "survived", "lost"
        )?;
        let all = self.all();
        let rows = Activity::KINDS.iter().zip(&self.kinds);
        for (name, counts) in rows.chain([(&"all", &all)]) {
            writeln!(
                f,
                "{name:18}{:>8}{:>12}{:>10}{:>10}{:>8}",
                counts.times,
                counts.operations,
                counts.injected,
                counts.survived,
                counts.injected - counts.survived.min(counts.injected)
            )?;
        }
        writeln!(
            f,
            "seed {}, {:.0} s, no hang; {} bytes not given back",
            self.seed, self.seconds, self.leaked
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND: Activity = Activity::Soak {
        seed: 7,
        faults: 100,
    };
    const REPORT: &str = "@soak seed=7 operations=400 injected=100 survived=100 lost=0 leaked=8 \
                          threads=0 digest=0x1\n@done command=soak verdict=passed\n";

    #[test]
    fn a_round_adds_what_it_reports() {
        let mut tally = Tally::new(1);
        tally.take(&ROUND, REPORT).unwrap();
        tally.take(&ROUND, REPORT).unwrap();
        tally.take(&Activity::Line("ps"), "").unwrap();
        let expected = Counts {
            times: 3,
            operations: 801,
            injected: 200,
            survived: 200,
        };
        assert_eq!(tally.all(), expected);
        let table = tally.to_string();
        assert!(table.contains("seed 1, 0 s, no hang; 16 bytes"), "{table}");
        assert!(table.lines().all(|line| line.len() <= 80));
    }

    #[test]
    fn a_round_that_failed_or_says_nothing_is_bad_and_what_was_lost_is_in_the_table() {
        let mut tally = Tally::new(1);
        let failed = REPORT
            .replace("passed", "failed")
            .replace("survived=100", "survived=99");
        assert!(tally.take(&ROUND, &failed).is_err());
        let table = tally.to_string();
        let last = table.lines().rev().nth(1).unwrap();
        assert!(last.ends_with("      99       1"), "{table}");
        assert!(tally.take(&ROUND, "").is_err());
        let half = "@soak seed=7 operations=400\n@done command=soak verdict=passed\n";
        assert!(tally.take(&ROUND, half).is_err());
    }

    #[test]
    fn a_crash_that_the_emulator_lets_pass_is_no_fault_and_one_that_is_misnamed_is_lost() {
        let crash = Activity::Crash("misaligned-stack".into());
        let mut tally = Tally::new(1);
        let skipped = "@skipped id=crash.misaligned-stack\n@done command=crash verdict=failed\n";
        tally.take(&crash, skipped).unwrap();
        assert_eq!((tally.all().operations, tally.all().injected), (1, 0));
        let misnamed = "@done command=crash verdict=failed\n";
        assert!(tally.take(&crash, misnamed).is_err());
        assert_eq!((tally.all().injected, tally.all().survived), (1, 0));
    }

    #[test]
    fn a_suite_without_a_verdict_is_bad() {
        let suite = Activity::Suite("fpu".into());
        assert!(Tally::new(1).take(&suite, "text\n").is_err());
        let passed = "@done command=suite verdict=passed\n";
        Tally::new(1).take(&suite, passed).unwrap();
    }
}
