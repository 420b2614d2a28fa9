//! Eight floating-point values that are alive all the time: what the switch must bring back in d8 to d15.
//!
//! A rounding mode lies in FPCR, and a sine is over when the call returns. These are alive across every yield,
//! so the compiler keeps them in the registers that a call preserves, and only the switch can lose them.

use super::sines::Mismatch;

/// As many as there are registers that a call preserves (AAPCS64, 6.1.2: the low halves of v8 to v15).
const COUNT: usize = 8;

/// The values. After `n` steps the value at `k` is `k + 1 + n`: whole numbers, the same in every rounding mode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held([f64; COUNT]);

impl Held {
    /// The values before the first step.
    #[inline]
    pub(crate) fn new() -> Self {
        Self(core::array::from_fn(|k| k as f64 + 1.0))
    }

    /// Adds one to each.
    #[inline]
    pub(crate) fn step(&mut self) {
        for value in &mut self.0 {
            *value += 1.0;
        }
    }

    /// The first value that is not what `steps` steps make of it.
    #[inline]
    pub(crate) fn wrong_after(&self, steps: u64) -> Option<Mismatch> {
        let start = steps as f64;
        for (k, value) in self.0.iter().enumerate() {
            let expected = start + (k as f64 + 1.0);
            if *value != expected {
                let (expected, got) = (expected.to_bits(), value.to_bits());
                return Some(Mismatch {
                    at: steps,
                    expected,
                    got,
                });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_touched_is_right_after_any_number_of_steps() {
        let mut held = Held::new();
        for steps in 0..1_000 {
            assert_eq!(held.wrong_after(steps), None);
            held.step();
        }
    }

    #[test]
    fn one_bit_in_one_value_is_found() {
        for k in 0..COUNT {
            let mut held = Held::new();
            held.step();
            held.0[k] = f64::from_bits(held.0[k].to_bits() ^ 1);
            let found = held.wrong_after(1).expect("it must differ");
            assert_eq!((found.at, found.expected ^ found.got), (1, 1));
        }
    }

    #[test]
    fn a_neighbours_value_is_not_taken_for_its_own() {
        let mut held = Held::new();
        held.0.swap(2, 3);
        assert!(held.wrong_after(0).is_some());
    }
}
