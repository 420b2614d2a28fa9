//! Starting a core that waits in a spin table, as on the Pi 4: it sleeps in WFE and reads its slot,
//! with its caches off, after each event (hazard H5).
#![expect(
    unsafe_code,
    reason = "a slot is an address, and the core that reads it sees only memory"
)]

use core::arch::asm;

use aarch64_cpu::asm::{barrier, sev};

/// Writes `entry` to the slot and wakes the cores that wait for an event. The woken core starts at
/// `entry` with its MMU off, at EL2 on a Pi, and with 0 in x0. The event is the kind of thing that
/// gets lost: [`wake`] is to be repeated until the core has shown itself.
///
/// # Safety
///
/// `slot` is the physical address of the slot of a core that waits, mapped one to one and writable;
/// `entry` is the physical address of code that a core can start with. Everything that the core
/// reads before its caches are on was cleaned to the point of coherency.
pub unsafe fn start(slot: usize, entry: u64) {
    let pointer: *mut u64 = core::ptr::with_exposed_provenance_mut(slot);
    // SAFETY: by the caller, and machine::tree accepts only slots that are multiples of 8.
    unsafe { pointer.write_volatile(entry) };
    // SAFETY: cleans one line of memory that is mapped; no content is lost. The waiting core reads
    // memory itself, so the line must be there before the event.
    unsafe {
        asm!("dc civac, {}", in(reg) slot, options(nostack, preserves_flags));
    }
    wake();
}

/// Wakes the cores that wait for an event, once what this core has written is visible to them.
pub fn wake() {
    barrier::dsb(barrier::SY);
    sev();
}
