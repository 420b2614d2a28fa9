//! Numbers that grow without end: a soft float in 64 bits whose bit pattern orders like its value.
//!
//! ```text
//!  63      62 ......... 32 31 ............ 0
//! ┌───────┬───────────────┬─────────────────┐
//! │   1   │   exponent    │    mantissa     │   value = (1 + mantissa / 2^32) · 2^exponent
//! └───────┴───────────────┴─────────────────┘
//! ```
//!
//! The upper half as a whole is called the *binade*; differences of binades are differences of exponents. The
//! top bit keeps every such number above the ranks of the realtime class (`Rank`), at no cost here.
//!
//! The pattern read as an integer is the base-2 logarithm of the value, with straight lines between the
//! powers of two. So the decay clock, which has to double every half-life, is the counter itself times a
//! constant: no table, no logarithm, no error, and the inverse is a division.

/// Width of the mantissa.
const MANTISSA_BITS: u32 = 32;
/// The bit that the pattern leaves out, because it is always one.
const HIDDEN: u64 = 1 << MANTISSA_BITS;
/// Set in every pattern of this format.
pub(super) const NORMAL: u64 = 1 << 63;

/// The upper half of a pattern.
#[inline]
pub(super) const fn binade(bits: u64) -> u64 {
    bits >> MANTISSA_BITS
}

/// The lower half, with the hidden bit: the value in units of `2^(binade − 32)`.
const fn significand(bits: u64) -> u64 {
    (bits & (HIDDEN - 1)) | HIDDEN
}

/// `value >> count`, zero where nothing is left.
const fn shift_right(value: u64, count: u64) -> u64 {
    if count < 64 { value >> count } else { 0 }
}

/// `to − from`, as an amount below 2^33 in units of `2^(binade(to) − 32)`; zero unless `from < to`.
pub(super) const fn difference(from: u64, to: u64) -> u64 {
    if from >= to {
        return 0;
    }
    significand(to) - shift_right(significand(from), binade(to) - binade(from))
}

/// `bits + amount · 2^(unit − 32)`, rounded down. `amount` is below 2^62 and `unit` is a binade.
pub(super) const fn add(bits: u64, amount: u64, unit: u64) -> u64 {
    if amount == 0 {
        return bits;
    }
    let base = if binade(bits) > unit {
        binade(bits)
    } else {
        unit
    };
    let sum =
        shift_right(significand(bits), base - binade(bits)) + shift_right(amount, base - unit);
    normalise(sum, base)
}

/// `bits − amount · 2^(unit − 32)`, zero of the format ([`NORMAL`]) where that would be below it.
pub(super) const fn subtract(bits: u64, amount: u64, unit: u64) -> u64 {
    let base = if binade(bits) > unit {
        binade(bits)
    } else {
        unit
    };
    let minuend = shift_right(significand(bits), base - binade(bits));
    let left = minuend.saturating_sub(shift_right(amount, base - unit));
    if left == 0 {
        NORMAL
    } else {
        normalise(left, base)
    }
}

/// Packs `value · 2^(base − 32)`. `value` is not zero.
const fn normalise(value: u64, base: u64) -> u64 {
    let above = 63 - value.leading_zeros();
    if above >= MANTISSA_BITS {
        let excess = above - MANTISSA_BITS;
        let top = base + excess as u64;
        // Nine years of uptime: everyone is equal from here on, and nobody is a realtime thread by overflow.
        if top > u64::MAX >> MANTISSA_BITS {
            return u64::MAX - 1;
        }
        (top << MANTISSA_BITS) | ((value >> excess) & (HIDDEN - 1))
    } else {
        let missing = MANTISSA_BITS - above;
        let top = base - missing as u64;
        (top << MANTISSA_BITS) | ((value << missing) & (HIDDEN - 1))
    }
}
