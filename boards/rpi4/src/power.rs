//! Restarting and halting the Pi: the power manager's watchdog does both.
#![expect(unsafe_code, reason = "a register block at a fixed address")]

use core::ptr::NonNull;

use aarch64_cpu::registers::{CNTFRQ_EL0, CNTVCT_EL0, Readable};
use safe_mmio::fields::ReadPureWrite;
use safe_mmio::{UniqueMmioPointer, field};

/// BCM2711's power manager (Linux, `bcm2711.dtsi`: `watchdog@7e100000`).
const BASE: NonNull<PowerManager> =
    match NonNull::new(core::ptr::without_provenance_mut(0xfe10_0000)) {
        Some(base) => base,
        None => unreachable!(),
    };

/// The registers that are used. They are not in the published datasheet; names and meaning as in
/// `drivers/watchdog/bcm2835_wdt.c` of Linux.
#[repr(C)]
struct PowerManager {
    _reserved: [u32; 7],
    /// 0x1c: what a watchdog time-out does.
    rstc: ReadPureWrite<u32>,
    /// 0x20: why the last reset was, and the partition to start from.
    rsts: ReadPureWrite<u32>,
    /// 0x24: time to go, in units of 1/65536 s.
    wdog: ReadPureWrite<u32>,
}

/// Every write must carry it.
const PASSWORD: u32 = 0x5a00_0000;
const RSTC_WRCFG_MASK: u32 = 0x30;
const RSTC_FULL_RESET: u32 = 0x20;
/// Partition 63, in bits 0, 2, 4, 6, 8 and 10: the boot loader then halts instead of starting.
const RSTS_HALT: u32 = 0x555;
/// About 150 microseconds.
const TICKS: u32 = 10;

/// Restarts the board. Returns only if that did not happen within a second.
pub(crate) fn reboot() {
    reset(false);
}

/// Halts the board: it resets, and the boot loader stays where it is (ten short flashes of the ACT
/// LED). QEMU exits. Returns only if that did not happen within a second.
pub(crate) fn halt() {
    reset(true);
}

fn reset(and_stay: bool) {
    // SAFETY: the block is mapped as device memory, and nothing else in the image touches it; a
    // second core that does the same at the same time wants a reset too.
    let mut registers: UniqueMmioPointer<'_, PowerManager> =
        unsafe { UniqueMmioPointer::new(BASE) };
    if and_stay {
        let rsts = field!(registers, rsts).read();
        field!(registers, rsts).write(PASSWORD | rsts | RSTS_HALT);
    }
    field!(registers, wdog).write(PASSWORD | TICKS);
    let rstc = field!(registers, rstc).read() & !RSTC_WRCFG_MASK;
    field!(registers, rstc).write(PASSWORD | rstc | RSTC_FULL_RESET);
    let start = CNTVCT_EL0.get();
    while CNTVCT_EL0.get().wrapping_sub(start) < CNTFRQ_EL0.get() {
        core::hint::spin_loop();
    }
}
