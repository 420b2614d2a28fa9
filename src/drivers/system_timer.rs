//! The system timer of a Pi's chip: a counter of 1 MHz that nothing stops (BCM2711 ARM Peripherals, chapter 10).
//!
//! It is a second opinion about the generic timer, whose rate is only what the firmware says that it is. Only read: the
//! VideoCore runs by it, and two of its four comparators are the VideoCore's.

use tock_registers::interfaces::Readable;
use tock_registers::register_structs;
use tock_registers::registers::ReadOnly;

register_structs! {
    /// The registers that are used.
    pub SystemTimer {
        (0x00 => _cs),
        /// Bits 31:0 of the counter.
        (0x04 => low: ReadOnly<u32>),
        /// Bits 63:32.
        (0x08 => high: ReadOnly<u32>),
        (0x0c => _comparators),
        (0x1c => @END),
    }
}

/// Its rate.
pub const HZ: u64 = 1_000_000;

/// How many thousandths the generic timer may differ from its own rate.
const TOLERANCE_PERMILLE: u64 = 10;

impl SystemTimer {
    /// The counter, in microseconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        joined(|| self.high.get(), || self.low.get())
    }
}

/// Two halves of a counter that goes on between the reads: again if the upper one has changed, which it does once in 71
/// minutes.
fn joined(high: impl Fn() -> u32, low: impl Fn() -> u32) -> u64 {
    let first = high();
    let mut value = low();
    let second = high();
    if first != second {
        value = low();
    }
    u64::from(second) << 32 | u64::from(value)
}

/// Whether a timer that is said to run at `said_hz` and was measured at `measured_hz` is not what is said.
#[must_use]
pub fn is_off(said_hz: u64, measured_hz: u64) -> bool {
    let difference = u128::from(said_hz.abs_diff(measured_hz)) * 1_000;
    difference > u128::from(said_hz) * u128::from(TOLERANCE_PERMILLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_carry_between_the_halves_is_seen() {
        // What the counter is at each read, in turn.
        let at = |values: &[u64]| {
            let next = Cell::new(0);
            let take = || {
                let value = values[next.get()];
                next.set(next.get() + 1);
                value
            };
            joined(|| (take() >> 32) as u32, || take() as u32)
        };
        assert_eq!(at(&[5, 6, 7]), 6);
        // The upper half before the carry, the lower one behind it.
        assert_eq!(
            at(&[0x1_ffff_ffff, 0x2_0000_0000, 0x2_0000_0001, 0x2_0000_0002]),
            0x2_0000_0002
        );
        assert_eq!(
            at(&[0x1_ffff_fffe, 0x1_ffff_ffff, 0x2_0000_0000, 0x2_0000_0001]),
            0x2_0000_0001
        );
    }

    #[test]
    fn more_than_a_hundredth_is_off() {
        assert!(!is_off(54_000_000, 54_000_000));
        assert!(!is_off(54_000_000, 54_540_000) && !is_off(54_000_000, 53_460_000));
        assert!(is_off(54_000_000, 54_540_001) && is_off(54_000_000, 53_459_999));
        // A stub that has left the counter at another divisor, or said 19.2 MHz of a crystal of 54.
        assert!(is_off(19_200_000, 54_000_000) && is_off(54_000_000, 0));
    }
}
