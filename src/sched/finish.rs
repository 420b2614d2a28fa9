//! What is left to do after a switch, as the new thread: the old one is released, and then sent on or buried if it is
//! not for this core any more.

#![expect(unsafe_code, reason = "the old thread is a pointer from assembly")]

use core::ptr::NonNull;

use crate::arch::cpu::IrqGuard;
use crate::fault::overflow;
use crate::sched::per_core::{self, Core};
use crate::sched::thread::{self, Duties, Thread};
use crate::sched::wake::State;
use crate::sched::{lifecycle, tracer, traffic};

/// Releases the old thread. Called by `reschedule` on the core's exception stack, when the new thread's
/// registers are in place and the thread pointer is the new thread's: everything that was true of a core
/// before the switch is read anew.
pub(super) extern "C" fn finish_switch(old: *const Thread) {
    // SAFETY: `reschedule` is entered masked, and nothing here unmasks.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    debug_assert_eq!(core.running().unwrap_or(0), thread::current().id());
    // SAFETY: not released yet, so the block is there, and this core owns it.
    let duties = unsafe { (*old).after.take() };
    if duties.are_before_release() {
        // SAFETY: not released yet.
        unsafe { look_at(old, duties, core, &irq) };
    }
    // SAFETY: the block is there until this store: an ended thread is reaped later, and whoever takes a living
    // one waits for the flag. No reference outlives the statement.
    unsafe { (*old).standing.switch_out() };
    if duties.has(Duties::LEAVES)
        && let Some(leaving) = NonNull::new(old.cast_mut())
    {
        leave(core, leaving, &irq);
    }
}

/// Looks at the old thread before it is released: so that who takes it does whatever comes next at a later moment.
///
/// # Safety
///
/// It is not released yet: until then its block is there.
#[cold]
unsafe fn look_at(old: *const Thread, duties: Duties, core: &Core, irq: &IrqGuard) {
    if duties.has(Duties::OVERFLOWED) {
        // SAFETY: not released yet, so the block is there, and the thread runs nowhere else.
        overflow::switched_away(unsafe { &*old });
    }
    if duties.has(Duties::RECORDED) {
        // SAFETY: as above.
        tracer::switched(core, unsafe { &*old }, thread::current(), irq);
    }
}

/// The old thread is not for this core any more: it has ended, or it goes to another core.
#[inline(always)]
fn leave(core: &Core, leaving: NonNull<Thread>, irq: &IrqGuard) {
    // SAFETY: in no queue and on no core, so it is ours.
    let thread = unsafe { leaving.as_ref() };
    if thread.state() == State::Exited {
        // SAFETY: it has run its last instruction, on a stack that nobody stands on now.
        unsafe { lifecycle::reap(leaving, irq) };
    } else {
        traffic::forward(core, core.own(irq), leaving, irq);
    }
    let own = core.own(irq);
    if own.need_resched {
        // Somebody may have come into the queue after the decision, and nobody may look at it for long: let the
        // timer do it, at once.
        own.arm(0);
    }
}
