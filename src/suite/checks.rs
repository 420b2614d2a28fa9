//! The verdicts of one command: a line for people and a line for the host tool per check, and the summary.

use ufmt::{uWrite, uwrite};

use super::expect::Expect;

/// The checks of one command, as they are made: each is printed at once and counted.
#[derive(Debug)]
pub(crate) struct Checks<'a, W: uWrite> {
    out: &'a mut W,
    tests: u32,
    failures: u32,
}

impl<'a, W: uWrite> Checks<'a, W> {
    /// No checks yet; what they say goes to `out`.
    pub(crate) fn new(out: &'a mut W) -> Self {
        Self {
            out,
            tests: 0,
            failures: 0,
        }
    }

    /// Makes one check. `id` names it for the host tool (dotted, without spaces), `what` says in words what
    /// the figure is, with its unit. Returns whether it held.
    ///
    /// A line that cannot be written is dropped: the verdict counts all the same.
    pub(crate) fn check(&mut self, id: &str, what: &str, expected: Expect, got: u64) -> bool {
        let ok = expected.holds(got);
        self.tests += 1;
        self.failures += u32::from(!ok);
        let _ = if ok {
            uwrite!(self.out, "{} ... ok\n", id)
        } else {
            uwrite!(
                self.out,
                "{} ... FAIL: {}, expected {}, got {}\n",
                id,
                what,
                expected,
                got
            )
        };
        let _ = uwrite!(
            self.out,
            "@check id={} ok={} got={}\n",
            id,
            u8::from(ok),
            got
        );
        ok
    }

    /// Checks that something is so.
    pub(crate) fn is(&mut self, id: &str, what: &str, so: bool) -> bool {
        self.check(id, what, Expect::Exactly(1), u64::from(so))
    }

    /// Checks a figure that a busy host can spoil: asserted only if `strict`, else shown.
    pub(crate) fn figure(
        &mut self,
        strict: bool,
        id: &str,
        what: &str,
        expected: Expect,
        got: u64,
    ) -> bool {
        if strict {
            return self.check(id, what, expected, got);
        }
        let _ = uwrite!(
            self.out,
            "{}: {} {} ({} under --strict)\n",
            id,
            what,
            got,
            expected
        );
        true
    }

    /// Says something that is no verdict: why a check was left out, a figure on the way.
    pub(crate) fn note(&mut self, text: &str) {
        let _ = uwrite!(self.out, "{}\n", text);
    }

    /// Where to write more than [`note`](Self::note) can say.
    pub(crate) fn out(&mut self) -> &mut W {
        self.out
    }

    /// Writes the summary; returns whether every check held and there was at least one.
    pub(crate) fn finish(self) -> bool {
        let _ = uwrite!(
            self.out,
            "SUMMARY: {} tests, {} failures\n",
            self.tests,
            self.failures
        );
        self.tests > 0 && self.failures == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Text = heapless::String<512>;

    #[test]
    fn a_check_that_holds_is_ok_for_the_person_and_for_the_tool() {
        let mut text = Text::new();
        let mut checks = Checks::new(&mut text);
        assert!(checks.check("pin.self", "core", Expect::Exactly(1), 1));
        assert!(checks.finish());
        assert_eq!(
            text.as_str(),
            "pin.self ... ok\n@check id=pin.self ok=1 got=1\nSUMMARY: 1 tests, 0 failures\n"
        );
    }

    #[test]
    fn a_check_that_fails_says_what_it_expected_and_got_and_fails_the_whole() {
        let mut text = Text::new();
        let mut checks = Checks::new(&mut text);
        assert!(!checks.check("pin.self", "core", Expect::AtMost(1), 3));
        assert!(checks.is("pin.other", "pinned", true));
        assert!(!checks.finish());
        assert!(text.contains("pin.self ... FAIL: core, expected 1 or less, got 3\n"));
        assert!(text.contains("@check id=pin.self ok=0 got=3\n"));
        assert!(text.ends_with("SUMMARY: 2 tests, 1 failures\n"));
    }

    #[test]
    fn a_figure_is_a_verdict_only_when_strict() {
        let mut text = Text::new();
        let mut checks = Checks::new(&mut text);
        assert!(checks.figure(false, "share", "permille", Expect::AtMost(50), 90));
        assert!(!checks.figure(true, "share", "permille", Expect::AtMost(50), 90));
        assert!(!checks.finish());
        assert!(text.starts_with("share: permille 90 (50 or less under --strict)\n"));
        assert!(text.ends_with("SUMMARY: 1 tests, 1 failures\n"));
    }

    #[test]
    fn a_run_without_a_check_is_no_pass() {
        let mut text = Text::new();
        assert!(!Checks::new(&mut text).finish());
    }
}
