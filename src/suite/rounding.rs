//! The rounding modes that `fpu` sets: where they lie in FPCR, and what they do to one division.

/// RMode in FPCR: bits 23:22 (Arm ARM DDI 0487, C5.2.8 "FPCR").
const RMODE_SHIFT: u32 = 22;
const RMODE_MASK: u64 = 0b11 << RMODE_SHIFT;

/// A rounding mode, of the two that `tst-fpu` alternates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// To the nearest, ties to even: the state in which a thread starts.
    Nearest,
    /// Toward zero.
    TowardZero,
}

impl Rounding {
    /// The mode of a thread: even ones round to the nearest, odd ones toward zero.
    pub(crate) const fn of_thread(index: usize) -> Self {
        if index.is_multiple_of(2) {
            Self::Nearest
        } else {
            Self::TowardZero
        }
    }

    /// The value of FPCR that has this mode, and nothing else set.
    pub(crate) const fn fpcr(self) -> u64 {
        match self {
            Self::Nearest => 0b00 << RMODE_SHIFT,
            Self::TowardZero => 0b11 << RMODE_SHIFT,
        }
    }

    /// The bits of the quotient 1/10 in this mode: the one division that tells the two apart.
    pub(crate) const fn tenth_bits(self) -> u64 {
        match self {
            Self::Nearest => 0x3fb9_9999_9999_999a,
            Self::TowardZero => 0x3fb9_9999_9999_9999,
        }
    }
}

/// The rounding mode that a value of FPCR holds, as its two bits.
pub(crate) const fn rmode(fpcr: u64) -> u64 {
    (fpcr & RMODE_MASK) >> RMODE_SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_among_the_threads_round_differently() {
        assert_eq!(Rounding::of_thread(0), Rounding::Nearest);
        assert_eq!(Rounding::of_thread(1), Rounding::TowardZero);
        assert_eq!(Rounding::of_thread(16), Rounding::Nearest);
    }

    #[test]
    fn the_mode_is_read_back_from_the_register_value_whatever_else_is_set() {
        assert_eq!(rmode(Rounding::Nearest.fpcr()), 0);
        assert_eq!(rmode(Rounding::TowardZero.fpcr()), 3);
        assert_eq!(rmode(!RMODE_MASK), 0);
        assert_eq!(rmode(u64::MAX), 3);
    }

    #[test]
    fn a_tenth_is_rounded_up_to_the_nearest_and_down_toward_zero() {
        assert_eq!((1.0_f64 / 10.0).to_bits(), Rounding::Nearest.tenth_bits());
        assert_eq!(
            Rounding::Nearest.tenth_bits() - Rounding::TowardZero.tenth_bits(),
            1
        );
        // Toward zero must not exceed the exact value: ten times it, exactly, is below one.
        let mantissa = |bits: u64| u128::from(bits & ((1 << 52) - 1) | 1 << 52);
        assert!(mantissa(Rounding::TowardZero.tenth_bits()) * 10 < 1 << 56);
        assert!(mantissa(Rounding::Nearest.tenth_bits()) * 10 > 1 << 56);
    }
}
