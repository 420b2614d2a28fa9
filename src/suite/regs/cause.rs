//! Why a thread was switched away from between filling its registers and comparing them, and how often.

/// What a check has come through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Yield,
    Block,
    Timer,
    Ipi,
    /// The thread went on on another core, whatever took it off the first.
    Migration,
    /// It woke a thread that went first.
    Wake,
    /// A device's interrupt.
    Interrupt,
}

impl Cause {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Yield,
        Self::Block,
        Self::Timer,
        Self::Ipi,
        Self::Migration,
        Self::Wake,
        Self::Interrupt,
    ];

    /// Its name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Yield => "yield",
            Self::Block => "block",
            Self::Timer => "timer",
            Self::Ipi => "ipi",
            Self::Migration => "migration",
            Self::Wake => "wake",
            Self::Interrupt => "interrupt",
        }
    }
}

/// How often a cause must have occurred for a run to have shown anything about it.
pub(crate) const ENOUGH: u64 = 10;

/// How many checks each cause had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts([u64; Cause::ALL.len()]);

impl Counts {
    /// `more` checks that came through `cause`.
    pub(crate) fn add(&mut self, cause: Cause, more: u64) {
        self.0[cause as usize] += more;
    }

    /// How many came through `cause`.
    pub(crate) fn of(&self, cause: Cause) -> u64 {
        self.0[cause as usize]
    }

    /// How many there were.
    pub(crate) fn sum(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Those of `required` that did not occur often enough.
    pub(crate) fn missing<'a>(&'a self, required: &'a [Cause]) -> impl Iterator<Item = Cause> + 'a {
        required
            .iter()
            .copied()
            .filter(|&cause| self.of(cause) < ENOUGH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_counted_by_cause() {
        let mut counts = Counts::default();
        for (more, cause) in Cause::ALL.into_iter().enumerate() {
            counts.add(cause, more as u64);
        }
        assert_eq!(counts.of(Cause::Yield), 0);
        assert_eq!(counts.of(Cause::Interrupt), 6);
        assert_eq!(counts.sum(), 21);
    }

    #[test]
    fn a_cause_that_occurred_too_rarely_is_missing_and_one_that_is_not_required_never_is() {
        let mut counts = Counts::default();
        counts.add(Cause::Yield, ENOUGH);
        counts.add(Cause::Timer, ENOUGH - 1);
        let required = [Cause::Yield, Cause::Timer, Cause::Ipi];
        let missing: Vec<Cause> = counts.missing(&required).collect();
        assert_eq!(missing, [Cause::Timer, Cause::Ipi]);
        assert_eq!(counts.missing(&[]).count(), 0);
    }

    #[test]
    fn no_two_causes_have_one_name() {
        let names: std::collections::HashSet<_> =
            Cause::ALL.into_iter().map(Cause::as_str).collect();
        assert_eq!(names.len(), Cause::ALL.len());
    }
}
