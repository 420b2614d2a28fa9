//! How much of a core a thread may have, as a person says it and as the arithmetic uses it.

/// A thread's priority in the fair class, in percent: a thread's share of a core is proportional to
/// 1/priority, so smaller means more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u16);

impl Priority {
    /// The largest share that can be asked for: a hundred times the normal one.
    pub const MIN_PERCENT: u32 = 1;
    /// The smallest share that can be asked for: a hundredth of the normal one.
    pub const MAX_PERCENT: u32 = 10_000;
    /// What a thread has unless it asks for something else.
    pub const NORMAL: Self = Self(100);

    /// The priority of `percent`, where 100 is normal. What lies outside 1..=10,000 is taken as the
    /// nearer bound.
    #[must_use]
    pub const fn from_percent(percent: u32) -> Self {
        if percent < Self::MIN_PERCENT {
            Self(1)
        } else if percent > Self::MAX_PERCENT {
            Self(10_000)
        } else {
            Self(percent as u16)
        }
    }

    /// The priority in percent.
    #[must_use]
    pub const fn percent(self) -> u32 {
        self.0 as u32
    }

    /// The factor by which this thread's CPU time is charged.
    #[must_use]
    pub const fn weight(self) -> Weight {
        let percent = self.percent();
        Weight((percent * (Weight::NORMAL.0 / 4) + 12) / 25)
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}

/// The factor by which CPU time is charged, as an integer: normal is 2^20. Below 2^27, but for [`IDLE`](Self::IDLE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(pub(super) u32);

impl Weight {
    /// That of [`Priority::NORMAL`].
    pub const NORMAL: Self = Self(1 << 20);
    /// An idle thread's. It is never charged; weighing more than anybody, it makes nobody who comes wait.
    pub const IDLE: Self = Self(u32::MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_outside_the_range_become_its_bounds() {
        assert_eq!(Priority::from_percent(0).percent(), 1);
        assert_eq!(Priority::from_percent(u32::MAX).percent(), 10_000);
        assert_eq!(Priority::from_percent(250).percent(), 250);
    }

    #[test]
    fn weights_are_proportional_to_percents_within_a_hundredth_of_a_percent() {
        for percent in 1..=10_000u32 {
            let exact = f64::from(percent) / 100.0 * f64::from(1u32 << 20);
            let got = f64::from(Priority::from_percent(percent).weight().0);
            assert!(
                (got / exact - 1.0).abs() < 1e-4,
                "{percent} %: {got} for {exact}"
            );
        }
        assert_eq!(Priority::NORMAL.weight(), Weight::NORMAL);
    }
}
