//! Data cache maintenance by address, to the point of coherency: for what a core reads with its MMU off. Never by set
//! and way, which reaches no other core's cache (hazard H25).

#![expect(unsafe_code, reason = "cache maintenance has no crate")]

use core::arch::asm;

/// Cleans and invalidates every data cache line of `[address, address + bytes)` to memory, and waits for
/// it (DC CIVAC, DSB SY: the observer is not in the inner shareable domain while its caches are off).
pub fn clean_invalidate(address: usize, bytes: usize) {
    let ctr: u64;
    // SAFETY: reads an identification register.
    unsafe { asm!("mrs {}, ctr_el0", out(reg) ctr, options(nomem, nostack, preserves_flags)) };
    // DminLine, bits 19:16: log2 of the words in the smallest line (DDI 0487, CTR_EL0).
    let line = 4usize << ((ctr >> 16) & 0xf);
    let mut at = address & !(line - 1);
    while at < address + bytes {
        // SAFETY: maintenance of a line never changes what it holds; an unmapped address faults, and is
        // then reported, like any access.
        unsafe { asm!("dc civac, {}", in(reg) at, options(nostack, preserves_flags)) };
        at += line;
    }
    // SAFETY: a barrier.
    unsafe { asm!("dsb sy", options(nostack, preserves_flags)) };
}
