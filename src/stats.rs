//! What a measurement is kept in: a histogram of integers, and what is read off it. Pure.
//!
//! Values below 2^[`BITS`] have a bucket each; above, every power of two has 2^[`BITS`] buckets of equal width. So a
//! bucket is never wider than a sixteenth of the values in it, from 0 to `u64::MAX`, in [`BUCKETS`] buckets. Image and
//! host tool use the same functions, and lines of the report name buckets by their index ([`crate::report`]).

mod draw;
mod histogram;

pub use draw::{draw, write_counts};
pub use histogram::Histogram;

/// How many bits of a value below its highest one a bucket tells apart.
pub const BITS: u32 = 4;

/// How many buckets there are.
pub const BUCKETS: usize = bucket(u64::MAX) + 1;

/// The bucket of `value`: its index, from 0.
#[inline]
#[must_use]
pub const fn bucket(value: u64) -> usize {
    // Below 2^BITS the shift is 0 and so is the group: the value itself.
    let highest = (value | (1 << BITS)).ilog2();
    let group = (highest - BITS) as usize;
    (group << BITS) + (value >> group) as usize
}

/// The least value in the bucket `index`.
///
/// # Panics
///
/// If there is no such bucket.
#[must_use]
pub const fn least(index: usize) -> u64 {
    assert!(index < BUCKETS, "a bucket");
    let group = (index >> BITS).saturating_sub(1);
    ((index - (group << BITS)) as u64) << group
}

/// The greatest value in the bucket `index`.
///
/// # Panics
///
/// If there is no such bucket.
#[must_use]
pub const fn most(index: usize) -> u64 {
    let group = (index >> BITS).saturating_sub(1);
    least(index) + ((1 << group) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_values_have_a_bucket_each() {
        for value in 0..32 {
            assert_eq!(bucket(value), value as usize);
            assert_eq!((least(bucket(value)), most(bucket(value))), (value, value));
        }
    }

    #[test]
    fn each_power_of_two_has_sixteen_buckets() {
        assert_eq!([bucket(32), bucket(33), bucket(34)], [32, 32, 33]);
        for e in 5..64 {
            let (first, power) = (bucket(1 << e), 1_u64 << e);
            assert_eq!(first, (e as usize - 3) << 4);
            assert_eq!(least(first), power);
            assert_eq!(most(first + 15), power - 1 + power);
        }
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap_to_the_greatest_value() {
        for index in 1..BUCKETS {
            assert_eq!(most(index - 1) + 1, least(index));
        }
        assert_eq!((least(0), most(BUCKETS - 1)), (0, u64::MAX));
        assert_eq!(BUCKETS, 976);
    }

    proptest! {
        #[test]
        fn a_value_lies_in_its_bucket_which_is_narrow(value: u64, shift in 0_u32..64) {
            let value = value >> shift;
            let index = bucket(value);
            prop_assert!(least(index) <= value && value <= most(index));
            prop_assert!(most(index) - least(index) <= value / 16);
        }
    }
}
