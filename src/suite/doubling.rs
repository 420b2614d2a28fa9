//! How long a benchmark runs: rounds that double until one lasts long enough, and the mean of that one.

use ufmt::{uWrite, uwriteln};

use crate::shell::pad;

/// Iterations of the first round.
pub(crate) const FIRST_ITERATIONS: u64 = 20_000;

/// No round is longer than this, however fast the clock claims that it was.
const MOST_ITERATIONS: u64 = FIRST_ITERATIONS << 24;

/// The plan of one measurement: which round comes next, and whether one is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Doubling {
    iterations: u64,
    target_ns: u64,
}

impl Doubling {
    /// A plan whose last round takes `target_ns` nanoseconds or more.
    pub(crate) const fn new(target_ns: u64) -> Self {
        Self {
            iterations: FIRST_ITERATIONS,
            target_ns,
        }
    }

    /// Iterations of the round at hand.
    pub(crate) const fn iterations(self) -> u64 {
        self.iterations
    }

    /// The plan after a round that took `elapsed_ns`; `None` when that round was long enough, and counts.
    #[must_use]
    pub(crate) fn after(self, elapsed_ns: u64) -> Option<Self> {
        let enough = elapsed_ns >= self.target_ns || self.iterations >= MOST_ITERATIONS;
        (!enough).then_some(Self {
            iterations: self.iterations * 2,
            ..self
        })
    }
}

/// Mean time of one handoff in whole nanoseconds, rounded down; 0 when there was none.
pub(crate) const fn ns_per_handoff(elapsed_ns: u64, handoffs: u64) -> u64 {
    match elapsed_ns.checked_div(handoffs) {
        Some(mean) => mean,
        None => 0,
    }
}

/// Writes the classic line of `misc-ctxsw`: the figure right-aligned in ten columns, the name of the mode.
pub(crate) fn classic_line<W: uWrite>(out: &mut W, ns: u64, mode: &str) -> Result<(), W::Error> {
    uwriteln!(out, "{} {}", pad::right(ns, 10), mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(ns_per_iteration: u64, target_ns: u64) -> Vec<u64> {
        let mut plan = Doubling::new(target_ns);
        let mut seen = vec![plan.iterations()];
        while let Some(next) = plan.after(plan.iterations() * ns_per_iteration) {
            plan = next;
            seen.push(plan.iterations());
        }
        seen
    }

    #[test]
    fn rounds_double_from_20000_until_one_takes_the_target_time() {
        assert_eq!(
            rounds(1_000, 100_000_000),
            [20_000, 40_000, 80_000, 160_000]
        );
    }

    #[test]
    fn a_round_of_exactly_the_target_time_is_the_last() {
        assert_eq!(rounds(1_000, 20_000_000), [20_000]);
        assert_eq!(rounds(1_000, 20_000_001), [20_000, 40_000]);
    }

    #[test]
    fn a_clock_that_stands_still_does_not_double_for_ever() {
        assert_eq!(rounds(0, 1).last(), Some(&MOST_ITERATIONS));
    }

    #[test]
    fn the_mean_is_rounded_down_as_the_original_does() {
        assert_eq!(ns_per_handoff(1_999, 1_000), 1);
        assert_eq!(ns_per_handoff(2_000, 1_000), 2);
    }

    #[test]
    fn no_handoff_gives_no_figure_and_no_panic() {
        assert_eq!(ns_per_handoff(1_000, 0), 0);
    }

    #[test]
    fn the_classic_line_has_the_figure_in_ten_columns() {
        for ns in [0, 9, 10, 683, 4_294_967_295, 12_345_678_901] {
            let mut line = heapless::String::<64>::new();
            classic_line(&mut line, ns, "colocated").unwrap();
            assert_eq!(line.as_str(), format!("{ns:10} colocated\n"));
        }
    }
}
