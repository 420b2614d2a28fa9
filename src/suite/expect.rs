//! What a check expects of a figure, as a value: so that a verdict can say it in words.

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

/// What a figure must be for a check to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Exactly this.
    Exactly(u64),
    /// This or more.
    AtLeast(u64),
    /// This or less.
    AtMost(u64),
    /// From the first to the second, both included.
    Between(u64, u64),
}

impl Expect {
    /// Whether `got` is what is expected.
    pub(crate) const fn holds(self, got: u64) -> bool {
        match self {
            Self::Exactly(value) => got == value,
            Self::AtLeast(least) => got >= least,
            Self::AtMost(most) => got <= most,
            Self::Between(least, most) => least <= got && got <= most,
        }
    }
}

impl uDisplay for Expect {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        match *self {
            Self::Exactly(value) => uwrite!(f, "{}", value),
            Self::AtLeast(least) => uwrite!(f, "{} or more", least),
            Self::AtMost(most) => uwrite!(f, "{} or less", most),
            Self::Between(least, most) => uwrite!(f, "{} to {}", least, most),
        }
    }
}

/// How far the smallest and the largest of some shares are apart, in tenths of a percent of their mean.
/// No shares, or none that is not 0, are apart by all there is.
pub(crate) fn spread_permille(shares: &[u64]) -> u64 {
    let (Some(least), Some(most)) = (shares.iter().min(), shares.iter().max()) else {
        return 1_000;
    };
    let sum: u128 = shares.iter().map(|share| u128::from(*share)).sum();
    let spread = u128::from(most - least) * 1_000 * shares.len() as u128;
    spread.checked_div(sum).map_or(1_000, |permille| {
        u64::try_from(permille).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_belong_to_what_is_expected() {
        assert!(Expect::Between(3, 5).holds(3) && Expect::Between(3, 5).holds(5));
        assert!(!Expect::Between(3, 5).holds(2) && !Expect::Between(3, 5).holds(6));
        assert!(Expect::AtLeast(3).holds(3) && !Expect::AtLeast(3).holds(2));
        assert!(Expect::AtMost(3).holds(3) && !Expect::AtMost(3).holds(4));
        assert!(Expect::Exactly(3).holds(3) && !Expect::Exactly(3).holds(2));
    }

    #[test]
    fn an_expectation_reads_as_a_person_would_say_it() {
        let mut text = heapless::String::<32>::new();
        uwrite!(text, "{}; {}", Expect::Between(1, 2), Expect::AtMost(7)).unwrap();
        assert_eq!(text.as_str(), "1 to 2; 7 or less");
    }

    #[test]
    fn the_spread_is_a_part_of_the_mean_share() {
        assert_eq!(spread_permille(&[100, 100, 100]), 0);
        assert_eq!(spread_permille(&[95, 105]), 100);
        assert_eq!(spread_permille(&[0, 200]), 2_000);
    }

    #[test]
    fn nothing_shared_is_not_a_fair_share() {
        assert_eq!(spread_permille(&[]), 1_000);
        assert_eq!(spread_permille(&[0, 0]), 1_000);
    }
}
