//! What the scheduler's arithmetic says of slices: how long they are, and how a thread's time is divided.

/// How far a runner must be ahead of the next to lose its core, in microseconds.
pub(crate) const HYSTERESIS_US: u64 = 5_000;

/// Mean slice of `hogs` equal threads on one core, in microseconds; `None` for fewer than two.
///
/// Whoever runs began as the one that had used least, and loses when it has used 5 ms more than the next. So m
/// slices last m times 5 ms, plus what the least use has grown by meanwhile; and that is an n-th of them all,
/// where n share: T = 5 ms · m + T / n, and a slice is T / m = 5 ms · n / (n − 1). Two take turns of 10 ms.
pub(crate) const fn mean_slice_us(hogs: u64) -> Option<u64> {
    if hogs < 2 {
        return None;
    }
    Some(HYSTERESIS_US * hogs / (hogs - 1))
}

/// How many times as long as alone something takes that got `cpu` of `elapsed`, in thousandths: the factor of
/// OSv's tests. Without any it takes for ever.
pub(crate) const fn factor_permille(elapsed: u64, cpu: u64) -> u64 {
    match (elapsed as u128 * 1_000).checked_div(cpu as u128) {
        Some(factor) if factor <= u64::MAX as u128 => factor as u64,
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hogs_take_turns_of_ten_milliseconds_and_many_of_little_more_than_five() {
        assert_eq!(mean_slice_us(2), Some(10_000));
        assert_eq!(mean_slice_us(3), Some(7_500));
        assert_eq!(mean_slice_us(1_000), Some(5_005));
        assert_eq!([0, 1].map(mean_slice_us), [None, None]);
    }

    #[test]
    fn the_mean_slice_is_that_of_the_rule_played_through() {
        // Without decay: the one with the least runs until it is 5 ms ahead of the next.
        for hogs in 2..=6_u64 {
            let mut used: Vec<u64> = (0..hogs).collect();
            let (mut elapsed, mut slices) = (0, 0);
            while slices < 10_000 {
                used.sort_unstable();
                let slice = used[1] + HYSTERESIS_US - used[0];
                used[0] += slice;
                elapsed += slice;
                slices += 1;
            }
            let expected = mean_slice_us(hogs).unwrap();
            assert!((elapsed / slices).abs_diff(expected) <= 5, "{hogs} hogs");
        }
    }

    #[test]
    fn half_a_core_takes_twice_as_long_and_none_takes_for_ever() {
        assert_eq!(factor_permille(1_000, 500), 2_000);
        assert_eq!(factor_permille(1_000, 1_000), 1_000);
        assert_eq!(factor_permille(1_000, 0), u64::MAX);
    }
}
