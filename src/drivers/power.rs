//! The power manager of a Pi's chip: reset, halt, and the watchdog that does both.
//!
//! Its registers are not in the published datasheet; names and meaning as in Linux, `drivers/watchdog/bcm2835_wdt.c`.
//! QEMU resets at once when the watchdog is started, whatever its time (`hw/misc/bcm2835_powermgt.c`).

use tock_registers::interfaces::{Readable, Writeable};
use tock_registers::register_structs;
use tock_registers::registers::ReadWrite;

register_structs! {
    /// The registers that are used.
    pub Power {
        (0x00 => _reserved),
        /// What the end of the watchdog's time does.
        (0x1c => rstc: ReadWrite<u32>),
        /// Why the last reset was, and the partition to start from.
        (0x20 => rsts: ReadWrite<u32>),
        /// Time to go, in ticks.
        (0x24 => wdog: ReadWrite<u32>),
        (0x28 => @END),
    }
}

/// Every write must carry it.
const PASSWORD: u32 = 0x5a00_0000;
const RSTC_WRCFG_MASK: u32 = 0x30;
const RSTC_FULL_RESET: u32 = 0x20;
/// What the register holds after a reset: nothing happens at the end of the time.
const RSTC_RESET: u32 = 0x102;
/// Partition 63, in bits 0, 2, 4, 6, 8 and 10: the boot loader then halts instead of starting.
const RSTS_HALT: u32 = 0x555;
/// The time has 20 bits.
const WDOG_MASK: u32 = 0xf_ffff;
/// Ticks per second.
const TICKS: u32 = 1 << 16;
/// About 150 microseconds: soon.
const SOON: u32 = 10;

/// The longest time of the watchdog in seconds.
pub const MOST_SECONDS: u32 = WDOG_MASK / TICKS;

impl Power {
    /// Resets the board very soon.
    pub fn reset(&self) {
        self.start(SOON);
    }

    /// Resets the board very soon; its boot loader then stays where it is (ten short flashes of the ACT LED). QEMU
    /// exits.
    pub fn halt(&self) {
        self.rsts.set(PASSWORD | self.rsts.get() | RSTS_HALT);
        self.start(SOON);
    }

    /// Resets the board in `seconds` unless this is called again before; at most [`MOST_SECONDS`].
    pub fn start_watchdog(&self, seconds: u32) {
        self.start(seconds.min(MOST_SECONDS) * TICKS);
    }

    /// Resets the board no more.
    pub fn stop_watchdog(&self) {
        self.rstc.set(PASSWORD | RSTC_RESET);
    }

    fn start(&self, ticks: u32) {
        self.wdog.set(PASSWORD | ticks);
        let others = self.rstc.get() & !RSTC_WRCFG_MASK;
        self.rstc.set(PASSWORD | others | RSTC_FULL_RESET);
    }
}

#[cfg(test)]
mod tests {
    #![expect(unsafe_code, reason = "plain memory stands in for the registers")]

    use super::*;

    /// What RSTC, RSTS and WDOG hold after `action`, which finds `before` there.
    fn after(before: [u32; 3], action: impl FnOnce(&Power)) -> [u32; 3] {
        let mut memory = Box::new([0_u32; 10]);
        memory[7..].copy_from_slice(&before);
        // SAFETY: as large as the registers, aligned as they are, and exclusively borrowed while the reference lives;
        // the registers are cells, so writing through it is allowed.
        action(unsafe { &*memory.as_mut_ptr().cast() });
        [memory[7], memory[8], memory[9]]
    }

    #[test]
    fn a_reset_is_a_very_short_watchdog_and_a_halt_also_names_the_partition_that_means_it() {
        let before = [0x112, 0x1000, 0];
        assert_eq!(
            after(before, Power::reset),
            [0x5a00_0122, 0x1000, 0x5a00_000a]
        );
        let halted = [0x5a00_0122, 0x5a00_1555, 0x5a00_000a];
        assert_eq!(after(before, Power::halt), halted);
    }

    #[test]
    fn the_watchdog_counts_seconds_and_never_more_than_its_bits_hold() {
        let wdog = |seconds| after([0x102, 0, 0], |power| power.start_watchdog(seconds));
        assert_eq!(wdog(1), [0x5a00_0122, 0, 0x5a01_0000]);
        assert_eq!(wdog(14)[2], 0x5a0e_0000);
        assert_eq!(
            (MOST_SECONDS, wdog(15)[2], wdog(16)[2]),
            (15, 0x5a0f_0000, 0x5a0f_0000)
        );
    }

    #[test]
    fn a_stopped_watchdog_does_nothing_at_the_end_of_its_time() {
        let [rstc, _, _] = after([0x122, 0, 77], Power::stop_watchdog);
        assert_eq!(rstc, 0x5a00_0102);
        assert_eq!(rstc & RSTC_WRCFG_MASK, 0);
    }
}
