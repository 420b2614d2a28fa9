//! What a command came to, and the exit code that says so.

use ufmt::{Formatter, uDisplay, uWrite};

/// How a command ended.
///
/// The order is that of severity: what several commands came to is the most severe of them
/// ([`Verdict::combine`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[must_use = "a verdict that is dropped is a test that cannot fail"]
pub enum Verdict {
    /// It did what it says and found nothing wrong.
    Passed,
    /// It was asked to stop (^C, `kill`) before it could tell.
    Aborted,
    /// It was not understood: nothing ran.
    Usage,
    /// It found something wrong, or could not do what it says.
    Failed,
}

impl Verdict {
    /// All verdicts, mildest first.
    pub const ALL: [Self; 4] = [Self::Passed, Self::Aborted, Self::Usage, Self::Failed];

    /// Passed if `holds`, failed if not.
    pub const fn from_check(holds: bool) -> Self {
        if holds { Self::Passed } else { Self::Failed }
    }

    /// The more severe of the two.
    pub fn combine(self, other: Self) -> Self {
        self.max(other)
    }

    /// The exit code of `cargo xtask run --exec`: 0 passed, 1 failed or stopped early, 2 not understood.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed | Self::Aborted => 1,
            Self::Usage => 2,
        }
    }

    /// The word that stands for it in a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Aborted => "aborted",
            Self::Usage => "usage",
            Self::Failed => "failed",
        }
    }

    /// The verdict that `word` stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.as_str() == word)
    }
}

impl uDisplay for Verdict {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_verdicts_stands_whatever_their_order() {
        for a in Verdict::ALL {
            for b in Verdict::ALL {
                assert_eq!(a.combine(b), b.combine(a));
                assert_eq!(a.combine(Verdict::Passed), a);
                assert_eq!(a.combine(Verdict::Failed), Verdict::Failed);
            }
        }
        assert_eq!(Verdict::Usage.combine(Verdict::Aborted), Verdict::Usage);
    }

    #[test]
    fn only_a_pass_exits_with_zero() {
        assert_eq!(Verdict::ALL.map(Verdict::exit_code), [0, 1, 2, 1]);
    }

    #[test]
    fn every_verdict_has_a_word_that_leads_back_to_it() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::from_word(verdict.as_str()), Some(verdict));
        }
        assert_eq!(Verdict::from_word("ok"), None);
    }
}
