//! A histogram of integers with buckets that are wider the greater the values are.

use alloc::{boxed::Box, vec};

use super::{BUCKETS, bucket, most};

/// How often each bucket was met; the number of values, their sum, the least and the greatest of them exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    count: u64,
    total: u64,
    least: u64,
    greatest: u64,
    /// One for each bucket.
    counts: Box<[u64]>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// One with nothing in it. This allocates (8 KiB), nothing else does.
    #[must_use]
    pub fn new() -> Self {
        Self {
            count: 0,
            total: 0,
            least: u64::MAX,
            greatest: 0,
            counts: vec![0; BUCKETS].into_boxed_slice(),
        }
    }

    /// Adds a value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        self.count += 1;
        self.total = self.total.saturating_add(value);
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
        self.counts[bucket(value)] += 1;
    }

    /// Adds all that `other` has.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.total = self.total.saturating_add(other.total);
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum; `u64::MAX` if it is more.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The least; 0 if there is none.
    #[must_use]
    pub fn min(&self) -> u64 {
        if self.count == 0 { 0 } else { self.least }
    }

    /// The greatest; 0 if there is none.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.greatest
    }

    /// Their mean, rounded to the nearest integer; 0 if there is none.
    #[must_use]
    pub fn mean(&self) -> u64 {
        rounded(self.total, self.count)
    }

    /// A value that at least `permille` thousandths of all do not exceed: the greatest of the bucket in which the
    /// value of that rank lies, or the greatest of all if that is less. At most a sixteenth too much; 0 if there is
    /// none.
    #[must_use]
    pub fn permille(&self, permille: u64) -> u64 {
        let rank = (u128::from(self.count) * u128::from(permille)).div_ceil(1_000);
        let mut seen = 0;
        for (index, count) in self.counts() {
            seen += u128::from(count);
            if seen >= rank {
                return most(index).min(self.greatest);
            }
        }
        self.greatest
    }

    /// The buckets that were met, the least first, each with how often.
    pub fn counts(&self) -> impl Iterator<Item = (usize, u64)> {
        let counts = self.counts.iter().copied().enumerate();
        counts.filter(|(_, count)| *count > 0)
    }

    /// How often all the buckets in `range` were met.
    pub(super) fn between(&self, range: core::ops::Range<usize>) -> u64 {
        self.counts[range].iter().sum()
    }
}

/// `a / b`, rounded to the nearest integer; 0 if `b` is.
const fn rounded(a: u64, b: u64) -> u64 {
    match (a as u128 + b as u128 / 2).checked_div(b as u128) {
        Some(quotient) => quotient as u64,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::least;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        values.iter().for_each(|value| histogram.record(*value));
        histogram
    }

    #[test]
    fn without_a_value_everything_is_zero() {
        let none = Histogram::new();
        assert_eq!((none.count(), none.total(), none.mean()), (0, 0, 0));
        assert_eq!((none.min(), none.max(), none.permille(500)), (0, 0, 0));
        assert_eq!(none.counts().count(), 0);
    }

    #[test]
    fn the_mean_is_the_total_by_the_count_to_the_nearest() {
        assert_eq!(of(&[1, 2]).mean(), 2);
        assert_eq!(of(&[1, 1, 2]).mean(), 1);
        assert_eq!(of(&[u64::MAX]).mean(), u64::MAX);
    }

    #[test]
    fn a_total_beyond_all_bounds_stays_at_the_bound() {
        assert_eq!(of(&[u64::MAX, 1]).total(), u64::MAX);
    }

    #[test]
    fn the_median_of_an_even_number_is_the_lower_one() {
        assert_eq!(of(&[3, 5]).permille(500), 3);
        assert_eq!(of(&[3, 5]).permille(501), 5);
    }

    fn values() -> impl Strategy<Value = Vec<u64>> {
        let value = (any::<u64>(), 0_u32..64).prop_map(|(value, shift)| value >> shift);
        // Sums stay exact: a thousand of less than 2^54.
        prop::collection::vec(value.prop_map(|value| value >> 10), 1..1_000)
    }

    proptest! {
        #[test]
        fn count_total_and_both_ends_are_exact(values in values()) {
            let histogram = of(&values);
            prop_assert_eq!(histogram.count(), values.len() as u64);
            prop_assert_eq!(histogram.total(), values.iter().sum::<u64>());
            prop_assert_eq!(histogram.min(), *values.iter().min().unwrap());
            prop_assert_eq!(histogram.max(), *values.iter().max().unwrap());
            prop_assert_eq!(histogram.counts().map(|(_, n)| n).sum::<u64>(), histogram.count());
        }

        #[test]
        fn a_percentile_is_in_the_bucket_of_the_value_of_its_rank_and_not_below(
            mut values in values(), permille in 1_u64..=1_000
        ) {
            let got = of(&values).permille(permille);
            values.sort_unstable();
            let rank = (values.len() as u64 * permille).div_ceil(1_000);
            let exact = values[rank as usize - 1];
            prop_assert_eq!(bucket(got), bucket(exact));
            prop_assert!(got >= exact && got - exact <= exact / 16);
        }

        #[test]
        fn two_that_are_merged_are_one_of_all_values(a in values(), b in values()) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            prop_assert_eq!(merged, of(&[a, b].concat()));
        }

        #[test]
        fn each_count_is_that_of_the_values_between_its_bounds(values in values()) {
            for (index, count) in of(&values).counts() {
                let inside = |value: &&u64| (least(index)..=most(index)).contains(value);
                prop_assert_eq!(values.iter().filter(inside).count() as u64, count);
            }
        }
    }
}
