//! Restarting and halting the Pi: the power manager's watchdog does both.
#![expect(unsafe_code, reason = "a register block at a fixed address")]

use embedded_hal::delay::DelayNs;
use pivot::drivers::power::Power;
use pivot::time::CounterDelay;

/// BCM2711's power manager (Linux, `bcm2711.dtsi`: `watchdog@7e100000`). Every machine that runs this image has it, with
/// a device tree or without.
const BASE: usize = 0xfe10_0000;

/// Restarts the board. Returns only if that did not happen within a second.
pub(crate) fn reboot() {
    end(Power::reset);
}

/// Halts the board: it resets, and the boot loader stays where it is (ten short flashes of the ACT LED). QEMU exits.
/// Returns only if that did not happen within a second.
pub(crate) fn halt() {
    end(Power::halt);
}

fn end(how: fn(&Power)) {
    let registers: *const Power = core::ptr::with_exposed_provenance(BASE);
    // SAFETY: the block is mapped as device memory for good, and its registers are cells. Whoever else uses it runs the
    // watchdog, and this sets its time last.
    how(unsafe { &*registers });
    CounterDelay.delay_ms(1_000);
}
