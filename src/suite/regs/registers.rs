//! Owns `asm/regs.s`: filling and storing the whole register file around a window.

#![expect(unsafe_code, reason = "every register is filled")]

use core::{
    arch::global_asm,
    mem::{offset_of, size_of},
};

use super::{file::RegisterFile, pattern::LOOP_BIT};
use crate::{arch::cpu::IrqGuard, sched::switch::Cause};

/// What the assembly keeps on the stack.
#[repr(C, align(16))]
struct Saved {
    fp: u64,
    lr: u64,
    x19_x28: [u64; 10],
    d8_d15: [u64; 8],
    /// x0 and x1 when the window closed.
    x0_x1: [u64; 2],
    /// Where the registers are stored to.
    got: u64,
}

// One `stp` or `ldp` moves each pair; all are in reach of it.
const _: () = {
    assert!(offset_of!(Saved, fp) == 0 && offset_of!(Saved, lr) == 8);
    assert!(offset_of!(Saved, x0_x1) <= 504);
    assert!(size_of::<Saved>().is_multiple_of(16) && size_of::<Saved>() <= 512);
    assert!(offset_of!(RegisterFile, sp) == offset_of!(RegisterFile, x) + 31 * 8);
    assert!(offset_of!(RegisterFile, nzcv) <= 504);
    assert!(offset_of!(RegisterFile, v).is_multiple_of(16));
    assert!(offset_of!(RegisterFile, v) + 480 <= 1008);
    assert!(offset_of!(RegisterFile, fpsr) == offset_of!(RegisterFile, fpcr) + 8);
    assert!(offset_of!(RegisterFile, tpidr_el0) == offset_of!(RegisterFile, nzcv) + 8);
};

global_asm!(
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/asm/regs.s")),
    FILE_X = const offset_of!(RegisterFile, x),
    FILE_LR_SP = const offset_of!(RegisterFile, x) + 30 * 8,
    FILE_SP = const offset_of!(RegisterFile, sp),
    FILE_V = const offset_of!(RegisterFile, v),
    FILE_FPCR_FPSR = const offset_of!(RegisterFile, fpcr),
    FILE_NZCV = const offset_of!(RegisterFile, nzcv),
    FILE_DAIF = const offset_of!(RegisterFile, daif),
    SAVED_SIZE = const size_of::<Saved>(),
    SAVED_X19 = const offset_of!(Saved, x19_x28),
    SAVED_D8 = const offset_of!(Saved, d8_d15),
    SAVED_X0 = const offset_of!(Saved, x0_x1),
    SAVED_GOT = const offset_of!(Saved, got),
    LOOP_BIT = const LOOP_BIT,
);

mod assembly {
    use super::{Cause, RegisterFile};

    unsafe extern "C" {
        pub(super) fn regs_spin(expected: *mut RegisterFile, got: *mut RegisterFile);
        pub(super) fn regs_reschedule(
            cause: Cause,
            expected: *mut RegisterFile,
            got: *mut RegisterFile,
        );
        // Called by `thread_start` only, with what `start` says.
        pub(super) safe fn regs_start(got: usize);
        pub(super) safe fn regs_dirty(file: usize);
    }
}

/// Fills every register from `expected`, notes sp there, is interrupted for a while, and stores every register to
/// `got`. IRQs are masked but for that while.
pub(crate) fn spin(expected: &mut RegisterFile, got: &mut RegisterFile, _masked: &IrqGuard) {
    // SAFETY:
    // 1. Both may be written. What a call preserves is put back from the stack.
    // 2. IRQs are masked, as the guard proves, and again on return; nobody keeps what is true of one core only.
    unsafe { assembly::regs_spin(expected, got) };
}

/// Fills every register from `expected`, notes sp there, calls `reschedule(cause)`, and stores every register to
/// `got`.
pub(crate) fn reschedule(
    cause: Cause,
    expected: &mut RegisterFile,
    got: &mut RegisterFile,
    _masked: &IrqGuard,
) {
    // SAFETY:
    // 1. As above.
    // 2. This is a thread with IRQs masked, as `sched::switch::reschedule` wants it.
    unsafe { assembly::regs_reschedule(cause, expected, got) };
}

/// The function of a thread that stores what it finds to the [`RegisterFile`] at its argument.
pub(crate) fn start_entry() -> extern "C" fn(usize) {
    assembly::regs_start
}

/// The function of a thread that ends with all registers full, from the [`RegisterFile`] at its argument.
pub(crate) fn dirty_entry() -> extern "C" fn(usize) {
    assembly::regs_dirty
}
