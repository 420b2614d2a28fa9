//! The arithmetic of `fpu`: a table of sines, recomputed and compared bit by bit.

use alloc::boxed::Box;
use core::hint::black_box;

use ufmt::{uWrite, uwrite};

/// How many angles a table has: 0, 1, … radians, as `tst-fpu` takes them.
pub(crate) const ANGLES: usize = 100;

/// One value that came out different from what it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// The angle in radians (a sine), or the iteration (a rounding mode).
    pub(crate) at: u64,
    /// The bits that were to be expected.
    pub(crate) expected: u64,
    /// The bits that came.
    pub(crate) got: u64,
}

/// The sines of 0, 1, … 99 radians, as bits. On the heap: a thread's stack is small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sines(Box<[u64]>);

/// The bits of the sine of a whole number of radians. The angle is hidden from the optimiser, so that every
/// call computes.
fn sine_bits(angle: usize) -> u64 {
    libm::sin(black_box(angle as f64)).to_bits()
}

impl Sines {
    /// Computes the table.
    pub(crate) fn compute() -> Self {
        Self((0..ANGLES).map(sine_bits).collect())
    }

    /// The sine of `angle` radians; 0 beyond the table.
    pub(crate) fn sine(&self, angle: usize) -> f64 {
        self.0.get(angle).copied().map_or(0.0, f64::from_bits)
    }

    /// Computes every sine again and compares: the first that differs.
    pub(crate) fn recompute(&self) -> Option<Mismatch> {
        self.0.iter().enumerate().find_map(|(angle, &expected)| {
            let got = sine_bits(angle);
            (got != expected).then_some(Mismatch {
                at: angle as u64,
                expected,
                got,
            })
        })
    }

    /// The first sine in which two tables differ; `self` is what is expected.
    pub(crate) fn difference(&self, other: &Self) -> Option<Mismatch> {
        let pairs = self.0.iter().zip(other.0.iter()).enumerate();
        pairs
            .filter(|(_, (expected, got))| expected != got)
            .map(|(angle, (&expected, &got))| Mismatch {
                at: angle as u64,
                expected,
                got,
            })
            .next()
    }
}

/// Writes a number between -1 and 1 with six decimals, as `%f` would. Integers only beyond one multiplication.
pub(crate) fn write_fraction<W: uWrite>(out: &mut W, value: f64) -> Result<(), W::Error> {
    let scaled = value * 1e6;
    let sign = if scaled < 0.0 { "-" } else { "" };
    // `as` saturates and takes NaN to 0: no value panics.
    let millionths = (scaled.abs() + 0.5) as u64;
    uwrite!(out, "{}{}.", sign, millionths / 1_000_000)?;
    let mut unit = 100_000;
    while unit != 0 {
        uwrite!(out, "{}", millionths / unit % 10)?;
        unit /= 10;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Sines {
        /// A table that is wrong in one bit of one sine.
        fn spoiled(mut self, angle: usize) -> Self {
            self.0[angle] ^= 1;
            self
        }
    }

    #[test]
    fn sines_are_those_of_the_standard_library_to_the_last_place_but_one() {
        let sines = Sines::compute();
        for angle in 0..ANGLES {
            assert!(
                (sines.sine(angle) - (angle as f64).sin()).abs() < 1e-15,
                "sin({angle})"
            );
        }
    }

    #[test]
    fn a_table_recomputes_to_itself() {
        assert_eq!(Sines::compute().recompute(), None);
    }

    #[test]
    fn one_wrong_bit_is_found_and_named() {
        let good = Sines::compute();
        let bad = good.clone().spoiled(42);
        let found = bad.recompute().expect("a spoiled table must differ");
        assert_eq!((found.at, found.expected ^ found.got), (42, 1));
        let found = good.difference(&bad).expect("the tables differ");
        assert_eq!((found.at, found.expected), (42, good.sine(42).to_bits()));
    }

    #[test]
    fn a_fraction_prints_with_six_decimals() {
        for value in [
            0.141_120_008_059_867_2,
            -0.5,
            0.0,
            1.0,
            -0.999_999_9,
            0.000_000_6,
        ] {
            let mut text = heapless::String::<32>::new();
            write_fraction(&mut text, value).unwrap();
            assert_eq!(text.as_str(), format!("{value:.6}"));
        }
    }
}
