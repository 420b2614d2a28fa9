//! What was met and what was not, function by function. Pure.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::code::Origin;
use super::trace::{Addresses, Executed};

/// One function's instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row {
    enabled: usize,
    covered: usize,
    /// Executed, but never with interrupts enabled.
    masked: usize,
    never: usize,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    instructions: &'a BTreeMap<u64, Origin>,
    executed: &'a Executed,
    covered: &'a Addresses,
}

impl<'a> Table<'a> {
    /// Of the `instructions` that count, what was `executed` and what was `covered`: interrupted.
    pub(crate) fn new(
        instructions: &'a BTreeMap<u64, Origin>,
        executed: &'a Executed,
        covered: &'a Addresses,
    ) -> Self {
        Self {
            instructions,
            executed,
            covered,
        }
    }

    /// How many instructions can be interrupted.
    pub(crate) fn enabled(&self) -> usize {
        self.count(|address| self.executed.enabled.contains_key(address))
    }

    /// How many of those were.
    pub(crate) fn covered(&self) -> usize {
        self.enabled() - self.uncovered().count()
    }

    /// Those that can be interrupted and were not.
    pub(crate) fn uncovered(&self) -> impl Iterator<Item = (u64, &'a Origin)> {
        let (executed, covered) = (self.executed, self.covered);
        self.instructions
            .iter()
            .map(|(&address, origin)| (address, origin))
            .filter(|(address, _)| {
                executed.enabled.contains_key(address) && !covered.contains(address)
            })
    }

    /// A line for each function that can be interrupted (with `all`, for each that was executed), a sum, and the
    /// uncovered instructions one by one.
    pub(crate) fn render(&self, all: bool) -> String {
        let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
        let mut sum = Row::default();
        for (address, origin) in self.instructions {
            let row = rows.entry(&origin.function).or_default();
            for row in [row, &mut sum] {
                self.add(row, address);
            }
        }
        rows.retain(|_, row| row.enabled > 0 || all && row.masked > 0);
        let mut text = String::from("enabled covered  masked   never  function\n");
        for (function, row) in rows.into_iter().chain([("in all", sum)]) {
            let Row {
                enabled,
                covered,
                masked,
                never,
            } = row;
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{enabled:7} {covered:7} {masked:7} {never:7}  {function}"
            );
        }
        for (address, origin) in self.uncovered() {
            let _ = writeln!(text, "not interrupted: {address:#x} {}", origin.place());
        }
        text
    }

    /// Every instruction that no interrupt can meet, or that was not executed, for whoever asks for all of them.
    pub(crate) fn rest(&self) -> String {
        let mut text = String::new();
        for (address, origin) in self.instructions {
            let word = match () {
                () if self.executed.enabled.contains_key(address) => continue,
                () if self.executed.masked.contains(address) => "masked",
                () => "never executed",
            };
            let _ = writeln!(text, "{word}: {address:#x} {}", origin.place());
        }
        text
    }

    fn add(&self, row: &mut Row, address: &u64) {
        if self.executed.enabled.contains_key(address) {
            row.enabled += 1;
            row.covered += usize::from(self.covered.contains(address));
        } else if self.executed.masked.contains(address) {
            row.masked += 1;
        } else {
            row.never += 1;
        }
    }

    fn count(&self, holds: impl Fn(&u64) -> bool) -> usize {
        self.instructions
            .keys()
            .filter(|address| holds(address))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instructions() -> BTreeMap<u64, Origin> {
        let origin = |function: &str, address: u64| Origin {
            function: function.to_owned(),
            symbol: "f".to_owned(),
            offset: address,
            is_copy: false,
            line: "src/sched/x.rs:1".to_owned(),
        };
        [
            (0x10, "a"),
            (0x14, "a"),
            (0x18, "a"),
            (0x1c, "b"),
            (0x20, "c"),
        ]
        .into_iter()
        .map(|(address, function)| (address, origin(function, address)))
        .collect()
    }

    #[test]
    fn each_instruction_is_in_one_column_and_functions_that_never_ran_have_no_line() {
        let instructions = instructions();
        let executed = Executed {
            enabled: [(0x10, Vec::new()), (0x14, Vec::new())].into(),
            // Both: it can be interrupted.
            masked: [0x14, 0x1c].into(),
            digest: 0,
        };
        let covered = [0x10, 0x1c, 0x9999].into();
        let table = Table::new(&instructions, &executed, &covered);
        assert_eq!((table.enabled(), table.covered()), (2, 1));
        assert_eq!(
            table.render(true),
            "enabled covered  masked   never  function\n\
             \x20     2       1       0       1  a\n\
             \x20     0       0       1       0  b\n\
             \x20     2       1       1       2  in all\n\
             not interrupted: 0x14 f+0x14 src/sched/x.rs:1\n"
        );
        assert!(!table.render(false).contains("  b\n"));
        assert_eq!(
            table.rest(),
            "never executed: 0x18 f+0x18 src/sched/x.rs:1\n\
             masked: 0x1c f+0x1c src/sched/x.rs:1\n\
             never executed: 0x20 f+0x20 src/sched/x.rs:1\n"
        );
    }

    #[test]
    fn what_was_interrupted_but_does_not_count_covers_nothing() {
        let instructions = instructions();
        let (executed, covered) = (Executed::default(), Addresses::from([0x10]));
        let table = Table::new(&instructions, &executed, &covered);
        assert_eq!((table.enabled(), table.covered()), (0, 0));
        assert_eq!(table.uncovered().count(), 0);
    }
}
