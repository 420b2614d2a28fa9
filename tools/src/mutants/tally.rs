//! Counts what became of the mutants, and writes a line for each. Pure.

use std::ops::AddAssign;
use std::time::Duration;

use super::verdict::{Outcome, Verdict};

/// How many mutants were found, and in which way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    named: usize,
    red: usize,
    timed_out: usize,
    survivors: Vec<String>,
}

impl Tally {
    /// One mutant's.
    pub(super) fn of(name: &str, verdict: Verdict) -> Self {
        let mut tally = Self::default();
        match verdict {
            Verdict::Named => tally.named = 1,
            Verdict::Red => tally.red = 1,
            Verdict::TimeOut => tally.timed_out = 1,
            Verdict::Survived => tally.survivors.push(name.to_owned()),
        }
        tally
    }

    /// How many were found.
    pub(crate) fn killed(&self) -> usize {
        self.named + self.red + self.timed_out
    }

    /// Those that were not found.
    pub(crate) fn survivors(&self) -> &[String] {
        &self.survivors
    }

    /// All in one line, the survivors by name.
    pub(crate) fn summary(&self) -> String {
        let mut text = format!(
            "{} mutants: {} named, {} red, {} timed out, {} survived",
            self.killed() + self.survivors.len(),
            self.named,
            self.red,
            self.timed_out,
            self.survivors.len()
        );
        for name in &self.survivors {
            text.push_str("\n  ");
            text.push_str(name);
        }
        text
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.named += other.named;
        self.red += other.red;
        self.timed_out += other.timed_out;
        self.survivors.extend(other.survivors);
    }
}

/// A row of the table: name, verdict, time to detection, and what was seen.
pub(super) fn row(name: &str, verdict: &Verdict, elapsed: Duration, outcome: &Outcome) -> String {
    format!(
        "mutant {name:<26} {verdict:<8} {:>5.1} s  {outcome}",
        elapsed.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_is_counted_once_and_survivors_are_named() {
        let mut tally = Tally::default();
        for (name, verdict) in [
            ("a", Verdict::Named),
            ("b", Verdict::Survived),
            ("c", Verdict::TimeOut),
            ("d", Verdict::Red),
        ] {
            tally += Tally::of(name, verdict);
        }
        assert_eq!(
            (tally.killed(), tally.survivors()),
            (3, &["b".to_owned()][..])
        );
        assert_eq!(
            tally.summary(),
            "4 mutants: 1 named, 1 red, 1 timed out, 1 survived\n  b"
        );
    }
}
