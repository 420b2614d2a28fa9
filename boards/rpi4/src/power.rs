//! Restarting and halting the Pi: the power manager's watchdog does both.
#![expect(unsafe_code, reason = "a register block at a fixed address")]

use aarch64_cpu::asm::barrier;
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

/// The other cores have been told to park. One may have been petting the watchdog, and so have set its time behind this
/// once (hazard H28): so it is said again.
fn end(how: fn(&Power)) {
    let registers: *const Power = core::ptr::with_exposed_provenance(BASE);
    for _ in 0..10 {
        // What was written anywhere else has arrived before the machine is gone (hazard H14).
        barrier::dsb(barrier::SY);
        // SAFETY: the block is mapped as device memory for good, and its registers are cells.
        how(unsafe { &*registers });
        CounterDelay.delay_ms(100);
    }
}
