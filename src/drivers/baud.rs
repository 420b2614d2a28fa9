//! The divisor of a PL011 (DDI 0183G, section 3.3.6): which rate a clock can make, and how well. Pure.

/// Hundredths of a percent by which a rate may miss what was asked for. Sender and receiver may together be off by
/// half a bit in ten, that is 5 %; the other side needs its part of it.
const TOLERANCE: u64 = 200;

/// The least and the greatest divisor, in 64ths.
const LEAST: u64 = 1 << 6;
const GREATEST: u64 = 0xffff << 6;

/// A rate that a clock makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// What goes into UARTIBRD (bits 21:6) and UARTFBRD (bits 5:0).
    pub divisor: u32,
    /// What it makes, in bits per second.
    pub actual: u64,
    /// How far that is from what was asked for, in hundredths of a percent.
    pub error: u64,
}

impl Rate {
    /// The rate nearest to `baud` that a clock of `clock_hz` makes; `baud` is not 0.
    #[must_use]
    pub fn nearest(clock_hz: u32, baud: u32) -> Self {
        let (clock, baud) = (u64::from(clock_hz), u64::from(baud.max(1)));
        // clock / (16 * baud) in 64ths, rounded as the crate does that writes it.
        let divisor = (clock * 8 / baud).div_ceil(2).clamp(LEAST, GREATEST);
        let actual = (clock * 4 + divisor / 2) / divisor;
        Self {
            divisor: divisor as u32,
            actual,
            error: actual.abs_diff(baud) * 10_000 / baud,
        }
    }

    /// Whether the other side will understand it.
    #[must_use]
    pub const fn is_good(self) -> bool {
        self.error <= TOLERANCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// UART0 of a Pi, and the UART of QEMU's virt.
    const PI: u32 = 48_000_000;
    const VIRT: u32 = 24_000_000;

    fn made(clock_hz: u32, baud: u32) -> (u32, u32, u64, u64) {
        let rate = Rate::nearest(clock_hz, baud);
        assert!(rate.is_good(), "{baud}: {rate:?}");
        (
            rate.divisor >> 6,
            rate.divisor & 0x3f,
            rate.actual,
            rate.error,
        )
    }

    #[test]
    fn the_usual_rates_are_made() {
        assert_eq!(made(PI, 9_600), (312, 32, 9_600, 0));
        assert_eq!(made(PI, 115_200), (26, 3, 115_177, 1));
        assert_eq!(made(PI, 921_600), (3, 16, 923_077, 16));
        assert_eq!(made(PI, 1_500_000), (2, 0, 1_500_000, 0));
        assert_eq!(made(PI, 3_000_000), (1, 0, 3_000_000, 0));
        assert_eq!(made(VIRT, 115_200), (13, 1, 115_246, 3));
        assert_eq!(made(VIRT, 921_600), (1, 40, 923_077, 16));
    }

    #[test]
    fn within_the_divisors_range_no_rate_is_missed_by_a_hundredth() {
        for baud in (46..=3_000_000).step_by(997) {
            let rate = Rate::nearest(PI, baud);
            assert!(rate.error < 100, "{baud}: {rate:?}");
        }
    }

    #[test]
    fn beyond_it_the_nearest_rate_is_no_good_and_says_by_how_much() {
        let of = |clock_hz, baud| {
            let rate = Rate::nearest(clock_hz, baud);
            (rate.actual, rate.error, rate.is_good())
        };
        assert_eq!(of(PI, 4_000_000), (3_000_000, 2_500, false));
        assert_eq!(of(PI, 40), (46, 1_500, false));
        // What QEMU's VideoCore says of the clock of the UART: a fifth of what was asked for.
        assert_eq!(of(3_000_000, 921_600), (187_500, 7_965, false));
        assert_eq!(of(PI, 3_050_000), (3_000_000, 163, true));
        assert_eq!(of(0, 9_600), (0, 10_000, false));
    }
}
