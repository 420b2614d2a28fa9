//! Owns `asm/vectors.s`: the vectors, the interrupt frame, and the report of a fault.

#![expect(unsafe_code, reason = "vectors are assembly")]

use core::arch::{asm, global_asm};
use core::mem::{offset_of, size_of};

use aarch64_cpu::registers::{ELR_EL1, SP_EL0};
use tock_registers::interfaces::Readable;

use crate::arch::cpu::{self, IrqGuard};
use crate::arch::fp;
use crate::fault::{self, Outcome};
use crate::irq;
use crate::kernel;
use crate::sched::context::Context;
use crate::sched::switch::Cause;

/// What an interrupt saves on the thread's stack: everything that a call may clobber.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct InterruptFrame {
    /// x29 of the interrupted code; with `elr`, a frame record for backtraces.
    fp: u64,
    /// Where the thread goes on.
    elr: u64,
    /// x30.
    lr: u64,
    /// PSTATE of the thread: flags, masks, stack selection.
    spsr: u64,
    x0_x17: [u64; 18],
    x18: u64,
    fpcr: u64,
    fpsr: u64,
    unused: u64,
    /// All of v0-v31.
    q: [u128; 32],
}

// One `stp` stores each pair.
const _: () = {
    assert!(offset_of!(InterruptFrame, elr) == offset_of!(InterruptFrame, fp) + 8);
    assert!(offset_of!(InterruptFrame, spsr) == offset_of!(InterruptFrame, lr) + 8);
    assert!(offset_of!(InterruptFrame, fpcr) == offset_of!(InterruptFrame, x18) + 8);
    assert!(offset_of!(InterruptFrame, q) % 16 == 0);
    // `stp` of x registers reaches 504, of q registers 1008; the stack stays 16-byte aligned.
    assert!(offset_of!(InterruptFrame, x18) <= 504);
    assert!(offset_of!(InterruptFrame, q) + 480 <= 1008);
    assert!(size_of::<InterruptFrame>().is_multiple_of(16));
    // The probe of vectors.s is a `stur`.
    assert!(size_of::<Context>() <= 256);
};

/// What a fault saves, on the core's exception stack.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct FaultFrame {
    /// x0 to x29.
    pub x: [u64; 30],
    /// x30.
    pub lr: u64,
    /// Which slot of the vectors: see the table in `vectors.s`.
    pub kind: u64,
    /// Address of the faulting instruction.
    pub elr: u64,
    /// PSTATE there.
    pub spsr: u64,
    /// Syndrome.
    pub esr: u64,
    /// Address that the access was to, for aborts.
    pub far: u64,
    /// The thread's stack pointer.
    pub sp_el0: u64,
    /// The exception stack pointer, before this frame.
    pub sp_el1: u64,
    /// Of the thread, which may go on.
    pub fpcr: u64,
    /// As above.
    pub fpsr: u64,
    /// v0-v31, as above.
    pub q: [u128; 32],
}

const _: () = {
    // vectors.s stores x0 to x29 in order, from the bottom of the frame.
    assert!(offset_of!(FaultFrame, x) == 0);
    assert!(offset_of!(FaultFrame, kind) == offset_of!(FaultFrame, lr) + 8);
    assert!(offset_of!(FaultFrame, spsr) == offset_of!(FaultFrame, elr) + 8);
    assert!(offset_of!(FaultFrame, far) == offset_of!(FaultFrame, esr) + 8);
    assert!(offset_of!(FaultFrame, sp_el1) == offset_of!(FaultFrame, sp_el0) + 8);
    assert!(offset_of!(FaultFrame, fpsr) == offset_of!(FaultFrame, fpcr) + 8);
    assert!(offset_of!(FaultFrame, fpcr) <= 504 && offset_of!(FaultFrame, q) + 480 <= 1008);
    assert!(offset_of!(FaultFrame, q) % 16 == 0);
    assert!(size_of::<FaultFrame>().is_multiple_of(16));
};

global_asm!(
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/asm/vectors.s")),
    FRAME_SIZE = const size_of::<InterruptFrame>(),
    FRAME_FP_ELR = const offset_of!(InterruptFrame, fp),
    FRAME_LR_SPSR = const offset_of!(InterruptFrame, lr),
    FRAME_X0 = const offset_of!(InterruptFrame, x0_x17),
    FRAME_X18_FPCR = const offset_of!(InterruptFrame, x18),
    FRAME_FPSR = const offset_of!(InterruptFrame, fpsr),
    FRAME_Q0 = const offset_of!(InterruptFrame, q),
    CONTEXT_SIZE = const size_of::<Context>(),
    FAULT_SIZE = const size_of::<FaultFrame>(),
    FAULT_LR_KIND = const offset_of!(FaultFrame, lr),
    FAULT_ELR_SPSR = const offset_of!(FaultFrame, elr),
    FAULT_ESR_FAR = const offset_of!(FaultFrame, esr),
    FAULT_SP0_SP1 = const offset_of!(FaultFrame, sp_el0),
    irq_dispatch = sym irq::dispatch,
    FAULT_FPCR_FPSR = const offset_of!(FaultFrame, fpcr),
    FAULT_Q0 = const offset_of!(FaultFrame, q),
    OVERFLOW = const fault::OVERFLOW,
    overflow_goes_on = sym fault::overflow::goes_on,
    fault = sym fault,
    last_act = sym fault::last_act,
);

unsafe extern "C" {
    /// See `vectors.s`.
    fn take_interrupt() -> u64;
    static vectors: u8;
    static irq_from_thread: u8;
    static fault_common: u8;
}

/// Lets exceptions of this core be reported by Rust, which needs its pointers and a console, and lets SErrors in: one
/// that the firmware has left pending comes at once, a bad access of our own where it happens (hazard H17). Until here
/// `boot_vectors` say that there was an exception, and nothing more.
pub fn take_over() {
    // SAFETY: the table has every slot, and the core's exception stack is set; a new mask breaks no invariant.
    unsafe {
        asm!("msr vbar_el1, {}", "isb", "msr daifclr, #4", in(reg) &raw const vectors,
            options(nostack, preserves_flags));
    }
}

/// For an idle thread, which leaves IRQs masked: takes the interrupt that is pending, if there is one. It spares the
/// exception and the frame of all registers. With which cause the core is to decide anew, if it is.
#[inline(always)]
pub fn take_pending(_masked: &IrqGuard) -> Option<Cause> {
    debug_assert!(!cpu::is_on_exception_stack() && fp::fpcr() == 0);
    // SAFETY: an idle thread's stack, so SP_EL1 is empty; IRQs are masked; `boot.s` clears FPCR, and an idle thread
    // never sets it.
    let cause = unsafe { take_interrupt() };
    // SAFETY: it returns what `irq::dispatch` does, which is a cause's number or 0.
    unsafe { Cause::from_bits(cause) }
}

/// Whether a call that returns to `address` is one of the interrupt entry's: then x29 points to the frame of the
/// interrupted code.
pub fn is_interrupt_entry(address: usize) -> bool {
    (&raw const irq_from_thread as usize..&raw const fault_common as usize).contains(&address)
}

/// Where the thread was interrupted. For the handler of an interrupt that came to a thread, but not to an idle one, which
/// takes no exception ([`take_pending`]): nothing else writes the register meanwhile.
pub fn interrupted_address() -> usize {
    ELR_EL1.get() as usize
}

unsafe extern "C" {
    /// The address of the first access of `irq_from_thread` to the thread's stack.
    static interrupt_probe_address: usize;
}

/// The address of the instruction that faults if an interrupt comes to a thread whose stack has no room for it.
pub(crate) fn interrupt_probe() -> usize {
    // SAFETY: a constant in `vectors.s`.
    unsafe { interrupt_probe_address }
}

unsafe extern "C" {
    safe fn overflow_ends();
    safe fn overflow_diverted();
}

/// Where a thread goes on that was switched away from with a page lent to it.
pub(crate) fn overflow_goes_on() -> usize {
    overflow_diverted as *const () as usize
}

/// Lets the thread that was interrupted go on at the `brk` that ends it.
///
/// # Safety
///
/// By a handler of an interrupt: SP_EL0 points to the frame.
pub(crate) unsafe fn go_on_at_overflow() {
    let frame = core::ptr::with_exposed_provenance_mut::<InterruptFrame>(SP_EL0.get() as usize);
    // SAFETY: `irq_from_thread` has written it there, and nobody else uses it meanwhile.
    unsafe { (*frame).elr = overflow_ends as *const () as u64 };
}

/// Any exception that is not an interrupt from a thread. Returns if it is the end of a thread only: where its stack
/// begins anew, at the report (low half, x0), and the bytes of that (high half, x1); or 0, if the thread is to go on as
/// it was. A `u128`, because a struct would be returned through memory by some compilers. Else the machine stops.
extern "C" fn fault(frame: &FaultFrame) -> u128 {
    match fault::contain(frame) {
        Ok(Outcome::Ends { report, bytes }) => report as u128 | (bytes as u128) << 64,
        Ok(Outcome::GoesOn) => 0,
        Err(why) => kernel::fatal_fault(frame, why),
    }
}

/// Whether a fault was a thread's, on its own stack; otherwise it was a handler's, on the core's.
pub fn is_from_thread(frame: &FaultFrame) -> bool {
    frame.kind < 4
}

/// What a slot of the vectors stands for, in words.
pub fn kind_name(kind: u64) -> &'static str {
    match kind {
        0 => "synchronous exception in a thread",
        2 => "FIQ in a thread",
        3 => "SError in a thread",
        4 => "synchronous exception in a handler",
        5 => "IRQ in a handler",
        6 => "FIQ in a handler",
        7 => "SError in a handler",
        _ => "exception from a lower level",
    }
}

/// What the syndrome says, in words (DDI 0487, ESR_EL1.EC).
pub fn cause_name(esr: u64) -> &'static str {
    match esr >> 26 {
        0x00 => "undefined instruction",
        0x07 => "floating point trapped",
        0x0e => "illegal execution state",
        0x15 => "SVC",
        0x20 | 0x21 => "instruction abort",
        0x22 => "misaligned PC",
        0x24 | 0x25 => "data abort",
        0x26 => "misaligned stack pointer",
        0x2f => "SError",
        0x3c => "breakpoint instruction",
        _ => "unclassified",
    }
}
