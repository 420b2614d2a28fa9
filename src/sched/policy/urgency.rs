//! How urgent a thread is, as one number: what a thread lends to the owner of a mutex that it waits for.

use super::Priority;

/// A thread's class and share in one number: the larger goes first. All realtime classes come above all
/// shares; a realtime thread's share does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency(u16);

/// The largest that is no realtime class.
const MOST_NORMAL: u16 = Priority::MAX_PERCENT as u16 - 1;

impl Urgency {
    /// That of the smallest share: nobody becomes more urgent by it.
    pub const LEAST: Self = Self(0);

    /// That of a thread with this place in the realtime class (0: none) and this share.
    #[inline]
    #[must_use]
    pub const fn new(realtime: u8, priority: Priority) -> Self {
        if realtime == 0 {
            Self((Priority::MAX_PERCENT - priority.percent()) as u16)
        } else {
            Self(MOST_NORMAL + realtime as u16)
        }
    }

    /// The number itself, to be kept in an atomic.
    #[inline]
    #[must_use]
    pub const fn to_bits(self) -> u16 {
        self.0
    }

    /// The urgency that [`to_bits`](Self::to_bits) gave.
    #[inline]
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The place in the realtime class; 0: none.
    #[must_use]
    pub const fn realtime(self) -> u8 {
        self.0.saturating_sub(MOST_NORMAL) as u8
    }

    /// The share; the largest for a place in the realtime class.
    #[must_use]
    pub const fn priority(self) -> Priority {
        Priority::from_percent(Priority::MAX_PERCENT.saturating_sub(self.0 as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_percentage_is_more_urgent_and_any_realtime_class_more_than_that() {
        let normal = |percent| Urgency::new(0, Priority::from_percent(percent));
        assert_eq!(normal(10_000), Urgency::LEAST);
        assert!((1..10_000).all(|percent| normal(percent) > normal(percent + 1)));
        let realtime = |class| Urgency::new(class, Priority::NORMAL);
        assert!(realtime(1) > normal(1));
        assert!((1..255).all(|class| realtime(class + 1) > realtime(class)));
        assert_eq!(realtime(7), Urgency::new(7, Priority::from_percent(1)));
    }

    #[test]
    fn class_and_share_come_back() {
        for percent in 1..=10_000 {
            let urgency = Urgency::new(0, Priority::from_percent(percent));
            assert_eq!(
                (urgency.realtime(), urgency.priority().percent()),
                (0, percent)
            );
            assert_eq!(Urgency::from_bits(urgency.to_bits()), urgency);
        }
        for class in 1..=255 {
            assert_eq!(Urgency::new(class, Priority::NORMAL).realtime(), class);
        }
    }
}
