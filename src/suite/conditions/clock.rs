//! The core clock, measured: what the cycle counter gained while the generic timer's counter gained so much. Pure.
//! Before and after: a board changes it at will (hazard H22).

/// A change of more than so many parts in a thousand is one.
const CHANGE_PERMILLE: u64 = 10;

/// Either end of a measurement may be uncertain by one part in so many: two measurements of one clock differ by less
/// than a change.
const CERTAINTY: u64 = 500;

/// The generic timer's counter before and after the cycle counter was read, or started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Around {
    pub(super) before: u64,
    pub(super) after: u64,
}

impl Around {
    const fn ticks(self) -> u64 {
        self.after.saturating_sub(self.before)
    }
}

/// The clock in Hz of a core that did `cycles` from one moment to another, where the counter has `counter_hz`. `None`
/// where no time has passed, or where something came into one of the two moments that would make the figure too
/// uncertain ([`CERTAINTY`]). (An emulator's core can lose its host's for a while.)
pub(super) fn rate_hz(cycles: u64, from: Around, to: Around, counter_hz: u64) -> Option<u64> {
    let ticks = to.before.checked_sub(from.after)?;
    if from.ticks().max(to.ticks()) > ticks / CERTAINTY {
        return None;
    }
    let scaled = u128::from(cycles) * u128::from(counter_hz);
    let hz = (scaled + u128::from(ticks / 2)).checked_div(u128::from(ticks))?;
    u64::try_from(hz).ok()
}

/// Whether a clock has become another one.
pub(super) fn has_changed(before_hz: u64, after_hz: u64) -> bool {
    u128::from(before_hz.abs_diff(after_hz)) * 1_000
        > u128::from(before_hz.max(after_hz)) * u128::from(CHANGE_PERMILLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTER_HZ: u64 = 54_000_000;

    /// The rate that comes of `ticks`, with `width` of them around each moment.
    fn rate(cycles: u64, ticks: u64, width: u64) -> Option<u64> {
        let around = |before| Around {
            before,
            after: before + width,
        };
        rate_hz(cycles, around(5), around(5 + width + ticks), COUNTER_HZ)
    }

    #[test]
    fn two_milliseconds_of_a_pi_give_its_clock_to_a_thousandth() {
        assert_eq!(rate(3_000_000, 108_000, 3), Some(1_500_000_000));
        assert_eq!(rate(1_200_000, 108_000, 3), Some(600_000_000));
        let hz = rate(3_000_000 + 3 * 28, 108_000, 3).unwrap();
        assert!(
            hz.abs_diff(1_500_000_000) < 1_500_000,
            "three ticks off: {hz}"
        );
    }

    #[test]
    fn no_time_and_time_that_goes_back_give_no_rate() {
        assert_eq!(rate(100, 0, 0), None);
        let (early, late) = (
            Around {
                before: 6,
                after: 6,
            },
            Around {
                before: 7,
                after: 7,
            },
        );
        assert_eq!(rate_hz(100, late, early, COUNTER_HZ), None);
        assert_eq!(rate(0, 54, 0), Some(0), "a counter that stands still");
    }

    #[test]
    fn a_moment_that_was_torn_is_not_taken() {
        assert!(rate(3_000_000, 108_000, 216).is_some());
        assert_eq!(rate(3_000_000, 108_000, 217), None);
    }

    #[test]
    fn two_measurements_of_one_clock_are_never_a_change() {
        // Counted from the start of the one moment to the end of the other, and told by what lies between.
        let (ticks, width) = (108_000, 216);
        let all = rate((ticks + 2 * width) * 28, ticks, width).unwrap();
        let between = rate(ticks * 28, ticks, width).unwrap();
        assert!(!has_changed(all, between), "{all} and {between}");
    }

    #[test]
    fn a_change_is_more_than_one_percent() {
        assert!(!has_changed(1_500_000_000, 1_500_000_000));
        assert!(!has_changed(1_500_000_000, 1_486_000_000));
        assert!(has_changed(1_500_000_000, 1_484_000_000));
        assert!(has_changed(600_000_000, 1_500_000_000));
        assert!(!has_changed(0, 0) && has_changed(0, 1));
    }
}
