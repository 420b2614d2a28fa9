//! The verdicts of one command: a line for people and a line for the host tool per check, and the summary.

use ufmt::{uWrite, uwriteln};

use super::expect::Expect;
use crate::report::{Line, Verdict};

/// One thing that is checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check<'a> {
    /// Its name for the host tool: dotted, without spaces, stable.
    pub(crate) id: &'a str,
    /// What the figure is, in words, with its unit.
    pub(crate) what: &'a str,
    /// What it must be.
    pub(crate) expected: Expect,
}

/// How many checks were made, and how many failed.
///
/// The lines go to a sink that cannot fail on the target; where one can, a line is lost and the verdict
/// counts all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    tests: u32,
    failures: u32,
}

impl Tally {
    /// Makes one check, says how it came out and counts it. Returns whether it held.
    pub(crate) fn check<W: uWrite>(&mut self, out: &mut W, check: Check<'_>, got: u64) -> bool {
        let Check { id, what, expected } = check;
        let ok = expected.holds(got);
        self.tests += 1;
        self.failures += u32::from(!ok);
        let _ = if ok {
            uwriteln!(out, "{} ... ok", id)
        } else {
            uwriteln!(
                out,
                "{} ... FAIL: {}, expected {}, got {}",
                id,
                what,
                expected,
                got
            )
        };
        let line = Line::begin(out, "check")
            .with("id", id)
            .with("ok", u8::from(ok));
        let _ = line.with("got", got).end();
        ok
    }

    /// Shows a figure without judging it: what a busy host would spoil.
    pub(crate) fn show<W: uWrite>(out: &mut W, check: Check<'_>, got: u64) {
        let Check { id, what, expected } = check;
        let _ = uwriteln!(
            out,
            "{}: {} {} ({} under --strict)",
            id,
            what,
            got,
            expected
        );
    }

    /// How many checks were made.
    pub(crate) const fn tests(self) -> u32 {
        self.tests
    }

    /// What the checks came to. A run that was asked to stop has told nothing, unless a check failed before.
    pub(crate) fn verdict(self, is_cancelled: bool) -> Verdict {
        match self {
            Self { failures: 1.., .. } => Verdict::Failed,
            _ if is_cancelled => Verdict::Aborted,
            // Without a check there is nothing that could have passed.
            Self { tests, .. } => Verdict::from_check(tests > 0),
        }
    }

    /// Writes the summary.
    pub(crate) fn summary<W: uWrite>(self, out: &mut W) {
        let _ = uwriteln!(
            out,
            "SUMMARY: {} tests, {} failures",
            self.tests,
            self.failures
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Text = heapless::String<512>;

    fn check(id: &str, expected: Expect) -> Check<'_> {
        Check {
            id,
            what: "core",
            expected,
        }
    }

    #[test]
    fn a_check_that_holds_is_ok_for_the_person_and_for_the_tool() {
        let (mut text, mut tally) = (Text::new(), Tally::default());
        assert!(tally.check(&mut text, check("pin.self", Expect::Exactly(1)), 1));
        assert_eq!(tally.verdict(false), Verdict::Passed);
        tally.summary(&mut text);
        assert_eq!(
            text.as_str(),
            "pin.self ... ok\n@check id=pin.self ok=1 got=1\nSUMMARY: 1 tests, 0 failures\n"
        );
    }

    #[test]
    fn a_check_that_fails_says_what_it_expected_and_got_and_fails_the_whole() {
        let (mut text, mut tally) = (Text::new(), Tally::default());
        assert!(!tally.check(&mut text, check("pin.self", Expect::AtMost(1)), 3));
        assert!(tally.check(&mut text, check("pin.other", Expect::Exactly(1)), 1));
        assert_eq!(tally.verdict(false), Verdict::Failed);
        tally.summary(&mut text);
        assert!(text.contains("pin.self ... FAIL: core, expected 1 or less, got 3\n"));
        assert!(text.contains("@check id=pin.self ok=0 got=3\n"));
        assert!(text.ends_with("SUMMARY: 2 tests, 1 failures\n"));
        assert_eq!(tally.tests(), 2);
    }

    #[test]
    fn a_figure_that_is_only_shown_is_no_verdict_and_no_report() {
        let mut text = Text::new();
        Tally::show(&mut text, check("share", Expect::AtMost(50)), 90);
        assert_eq!(
            text.as_str(),
            "share: core 90 (50 or less under --strict)\n"
        );
    }

    #[test]
    fn a_run_without_a_check_is_no_pass() {
        assert_eq!(Tally::default().verdict(false), Verdict::Failed);
        assert_eq!(Tally::default().verdict(true), Verdict::Aborted);
    }

    #[test]
    fn a_run_that_was_stopped_is_no_pass_and_a_failure_before_that_stands() {
        assert_eq!(
            Tally {
                tests: 3,
                failures: 0
            }
            .verdict(true),
            Verdict::Aborted
        );
        assert_eq!(
            Tally {
                tests: 3,
                failures: 1
            }
            .verdict(true),
            Verdict::Failed
        );
    }
}
