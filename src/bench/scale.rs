//! Ticks of the counter as nanoseconds, without a division where it is done often.

/// Binary places of the factor.
const PLACES: u32 = 32;

/// How many nanoseconds a tick has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    /// With [`PLACES`] binary places, rounded to the nearest.
    factor: u64,
}

impl Scale {
    /// For a counter of `hz`, 1 Hz at least. Exact for frequencies that divide 1 GHz, otherwise wrong by a part in
    /// 8 · 10^9 or less where a tick has a nanosecond or more.
    pub(crate) const fn new(hz: u64) -> Self {
        let billion = 1_000_000_000_u128 << PLACES;
        Self {
            factor: ((billion + hz as u128 / 2) / hz as u128) as u64,
        }
    }

    /// `ticks` in nanoseconds, rounded to the nearest.
    #[inline]
    pub(crate) const fn ns(self, ticks: u64) -> u64 {
        let half = 1 << (PLACES - 1);
        ((ticks as u128 * self.factor as u128 + half) >> PLACES) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_that_divide_a_gigahertz_are_exact() {
        assert_eq!(Scale::new(1_000_000_000).ns(123_456_789), 123_456_789);
        assert_eq!(Scale::new(62_500_000).ns(1_000_003), 16_000_048);
        assert_eq!(Scale::new(1).ns(3), 3_000_000_000);
    }

    #[test]
    fn the_boards_crystal_is_right_to_the_nanosecond_for_seconds() {
        let scale = Scale::new(54_000_000);
        // 18.52
        assert_eq!(scale.ns(1), 19);
        for ticks in [1, 2, 27, 54, 5_400_001, 54_000_000, 540_000_007] {
            let exact = (u128::from(ticks) * 1_000_000_000 + 27_000_000) / 54_000_000;
            assert!(u128::from(scale.ns(ticks)).abs_diff(exact) <= 2, "{ticks}");
        }
    }
}
