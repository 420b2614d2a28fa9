//! The floating-point control and status registers, which aarch64-cpu does not have.

#![expect(unsafe_code, reason = "FPCR and FPSR have no crate")]

use core::arch::asm;

/// FPCR.RMode, bits 23:22 (DDI 0487, FPCR).
pub const RMODE_SHIFT: u32 = 22;

/// Reads FPCR: rounding mode, flush to zero, default NaN.
pub fn fpcr() -> u64 {
    let value;
    // Not `nomem`: it must not move across the floating-point work that it belongs to.
    // SAFETY: reads a register of this thread.
    unsafe { asm!("mrs {}, fpcr", out(reg) value, options(nostack, preserves_flags)) };
    value
}

/// Writes FPCR of this thread. The compiler assumes the default rounding mode: arithmetic under another one
/// must go through `black_box`.
pub fn set_fpcr(value: u64) {
    // SAFETY: belongs to this thread alone; every switch and every interrupt preserves it.
    unsafe { asm!("msr fpcr, {}", in(reg) value, options(nostack, preserves_flags)) };
}

/// Reads FPSR: the cumulative exception flags.
pub fn fpsr() -> u64 {
    let value;
    // SAFETY: reads a register of this thread.
    unsafe { asm!("mrs {}, fpsr", out(reg) value, options(nostack, preserves_flags)) };
    value
}

/// Writes FPSR of this thread.
pub fn set_fpsr(value: u64) {
    // SAFETY: belongs to this thread alone.
    unsafe { asm!("msr fpsr, {}", in(reg) value, options(nostack, preserves_flags)) };
}
