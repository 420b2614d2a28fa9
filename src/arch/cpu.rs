//! This core: its identity, its two pointers, and the masking of its IRQs.
//!
//! TPIDR_EL0 points to the current thread's block and is written by every switch; TPIDR_EL1 points to the
//! core's block and is written once. A thread that was preempted may go on on another core: so the core's
//! pointer is good only while IRQs are masked, and the functions that need it take an [`IrqGuard`].

#![expect(unsafe_code, reason = "thread pointer, core pointer and DAIF")]

use core::arch::asm;
use core::marker::PhantomData;
use core::sync::atomic::{Ordering, compiler_fence};

use aarch64_cpu::registers::{CurrentEL, MIDR_EL1, MPIDR_EL1, SPSel, TPIDR_EL0, TPIDR_EL1};
use tock_registers::interfaces::{Readable, Writeable};

/// The affinity fields of MPIDR_EL1: Aff3 in bits 39:32, Aff2 to Aff0 in bits 23:0 (DDI 0487, MPIDR_EL1).
pub const MPIDR_AFFINITY: u64 = 0xff_00ff_ffff;

/// This core's affinity, as the device tree's `reg` names it.
pub fn affinity() -> u64 {
    MPIDR_EL1.get() & MPIDR_AFFINITY
}

/// The main identification register: implementer, part, revision. No erratum of the Cortex-A72 is worked around
/// (hazard H20: `docs/silicon.md` says why).
pub fn midr() -> u64 {
    MIDR_EL1.get()
}

/// The current exception level: 1, once the kernel runs.
pub fn exception_level() -> u64 {
    CurrentEL.read(CurrentEL::EL)
}

/// The current thread's block. The same for as long as the thread runs, on whatever core: so this may be
/// read once and kept.
#[inline(always)]
pub fn thread_pointer() -> usize {
    let value: usize;
    // SAFETY: reads a register. It is pure: within one thread it never changes.
    unsafe {
        asm!("mrs {}, tpidr_el0", out(reg) value, options(pure, nomem, nostack, preserves_flags));
    }
    value
}

/// Sets the thread pointer before a core's first switch.
pub fn set_thread_pointer(value: usize) {
    TPIDR_EL0.set(value as u64);
}

/// The block of the core that runs this instruction. Never `pure`: across a switch the answer differs.
#[inline(always)]
pub fn core_pointer(_masked: &IrqGuard) -> usize {
    let value: usize;
    // SAFETY: reads a register; volatile, so that it is read anew each time.
    unsafe { asm!("mrs {}, tpidr_el1", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// Sets the core pointer, once per core at its start.
pub fn set_core_pointer(value: usize) {
    TPIDR_EL1.set(value as u64);
}

/// What `call` returns; and whoever uses this calls, where it would jump because it has nothing more to do.
///
/// A function that calls none makes its frame at its entry, as all are compiled with frame pointers; one that calls makes
/// it where it does, if it has no loop (LLVM, "shrink wrapping"). So one that calls nobody but in a case out of the ordinary has no frame in
/// the usual one. A backtrace from a fault in it goes on after its caller.
#[inline(always)]
pub(crate) fn by_a_call<R>(call: impl FnOnce() -> R) -> R {
    let result = call();
    // Something to do: no instruction.
    compiler_fence(Ordering::SeqCst);
    result
}

/// Proof that IRQs are masked on this core. Dropping it restores the mask as it was.
#[must_use = "IRQs are unmasked again when this is dropped"]
#[derive(Debug)]
pub struct IrqGuard {
    daif: u64,
    /// The mask belongs to the core that runs this thread now: the guard stays with the thread.
    not_send: PhantomData<*const ()>,
}

impl IrqGuard {
    /// Masks IRQs on this core.
    #[inline(always)]
    pub fn mask() -> Self {
        let daif;
        // Not `nomem`: what the guard protects may not move out of it.
        // SAFETY: masking IRQs breaks no invariant; the old mask is put back on drop.
        unsafe {
            asm!("mrs {}, daif", "msr daifset, #2", out(reg) daif, options(nostack, preserves_flags));
        }
        Self {
            daif,
            not_send: PhantomData,
        }
    }

    /// The proof for code that runs with IRQs masked by somebody else: by an exception, or by the caller of
    /// `reschedule`. Dropping it changes nothing.
    ///
    /// # Safety
    ///
    /// IRQs are masked, and stay so for as long as this exists.
    #[inline(always)]
    pub unsafe fn assume_masked() -> core::mem::ManuallyDrop<Self> {
        debug_assert!(is_irq_masked());
        core::mem::ManuallyDrop::new(Self {
            daif: DAIF_I,
            not_send: PhantomData,
        })
    }

    /// Whether dropping this guard unmasks IRQs: false when it is nested in another one.
    pub fn unmasks(&self) -> bool {
        self.daif & DAIF_I == 0
    }
}

impl Drop for IrqGuard {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: restores what `mask` found; the guard cannot have left its thread.
        unsafe { asm!("msr daif, {}", in(reg) self.daif, options(nostack, preserves_flags)) };
    }
}

/// Whether this runs on SP_EL1: in an interrupt handler, in the scheduler's decision, or in a fault's report; not
/// in a thread.
pub fn is_on_exception_stack() -> bool {
    SPSel.read(SPSel::SP) != 0
}

/// PSTATE.I in DAIF.
const DAIF_I: u64 = 1 << 7;

/// Whether IRQs are masked on this core.
pub fn is_irq_masked() -> bool {
    let daif: u64;
    // SAFETY: reads a register.
    unsafe { asm!("mrs {}, daif", out(reg) daif, options(nomem, nostack, preserves_flags)) };
    daif & DAIF_I != 0
}

/// Unmasks IRQs on this core for the first time.
pub fn unmask_irqs() {
    // SAFETY: called when the core can take interrupts: vectors, stacks, interrupt controller are set up.
    unsafe { asm!("msr daifclr, #2", "isb", options(nostack, preserves_flags)) };
}

/// Waits a moment for another core. YIELD does nothing on a Cortex-A72; an emulator whose cores take turns (`-icount`)
/// lets the next one run, where it would else spin until the turn is over.
#[inline(always)]
pub fn relax() {
    // SAFETY: a hint (DDI 0487, C6.2.468).
    unsafe { asm!("yield", options(nomem, nostack, preserves_flags)) };
    core::hint::spin_loop();
}

/// Sleeps until an interrupt is pending, masked or not.
#[inline(always)]
pub fn wait_for_interrupt(_masked: &IrqGuard) {
    // DSB first: what was written before must have been seen before the core may stop (hazard H18).
    // ISB last: no exception comes in between that would order a read of the counter after the sleep (hazard H8).
    // SAFETY: with IRQs masked, a pending one still ends the sleep (DDI 0487, D1.6.2).
    unsafe { asm!("dsb sy", "wfi", "isb", options(nostack, preserves_flags)) };
}
