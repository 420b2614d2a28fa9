//! Numbers that grow without end: a soft float in 64 bits whose bit pattern orders like its value.
//!
//! ```text
//!  63      62 ......... 32 31 ............ 0
//! ┌───────┬───────────────┬─────────────────┐
//! │   1   │   exponent    │    mantissa     │   value = (1 + mantissa / 2^32) · 2^exponent
//! └───────┴───────────────┴─────────────────┘
//! ```
//!
//! The upper half as a whole is called the *binade*; differences of binades are differences of
//! exponents. The top bit keeps every such number above the ranks of the realtime class (`Rank`),
//! at no cost here.
//!
//! The pattern read as an integer is nearly the base-2 logarithm of the value: exact at the powers
//! of two, straight between them. So a pattern that grows evenly with time (a *phase*) doubles its
//! value every 2^32 units, on a broken line; [`bend`] makes of it a curve without a kink. All is
//! integers, and [`straighten`] is the way back.

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
        // Nine years of uptime: nobody becomes a realtime thread by overflow.
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

/// The decay clock at `phase`: between two powers of two, `x` of the way, the value is `1 + x·(2 +
/// x)/3` times the lower one instead of `1 + x`.
///
/// That is within 0.35 % of `2^x`, and its slope goes from 2/3 to 4/3: it ends each binade as steep
/// as it begins the next. A kink there would be felt: the runtimes' differences would be halved at
/// one moment, always at the same turn of those who alternate, and the same one would win each time
/// (by 1 to 3 % of the core, when tried).
#[inline]
pub(super) const fn bend(phase: u64) -> u64 {
    // x·(2 + x)/3 is x − x·(1 − x)/3.
    let x = phase as u32;
    let product = x as u64 * x.wrapping_neg() as u64;
    phase - (third(product) >> MANTISSA_BITS)
}

/// The phase at which [`bend`] gives `bits`, or up to 2^-14 of a binade after it, never before.
#[inline]
pub(super) const fn straighten(bits: u64) -> u64 {
    // The mirrored parabola is at most 0.012 off. One step of Newton's method then is at most
    // 0.012²/2 off, and to the right, because the curve bends upwards.
    let target = bits as u32;
    let product = target as u64 * target.wrapping_neg() as u64;
    let guess = target as u64 + (product >> 34) + (product >> 36) + (product >> 37);
    let missing = target as i64 - bend(guess) as i64;
    // The slope is (2 + 2·x)/3.
    let step = missing * (3 << 31) / (HIDDEN + guess) as i64;
    (bits - target as u64) + (guess as i64 + step + 2) as u64
}

/// A third, rounded down or one less.
#[inline]
const fn third(value: u64) -> u64 {
    ((value as u128 * 0x5555_5555_5555_5555) >> 64) as u64
}
