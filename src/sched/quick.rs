//! The short way through a decision, for what happens most: a thread yields to, or waits and so leaves the core to,
//! another one that waits here; a thread that has woken another one goes on; a thread ends.
//!
//! Without a call. Where a case is out of the ordinary they have changed nothing that matters and say so, and
//! `switch.rs` takes the long way from the beginning, which gives the same answer, and knows all cases. What the short
//! way leaves out, and why it may:
//!
//! * *Pinning.* Whoever pins a thread that runs or waits here asks this core for a rescan, which the long way takes.
//! * *The exact deadline.* The next runner cannot lose before the hysteresis is over, unless it weighs more than the one
//!   behind it, and then the queue refuses.
//! * *The balance.* The timer is armed for it too.
//! * *`need_resched`.* If it is set when a thread yields or blocks, the next one asks once for nothing.
//!
//! They have no frame: [`by_a_call`] says how. But for an end, which claims who waits for it: LLVM moves no frame in a
//! function with a loop.

#![expect(unsafe_code, reason = "the queue takes the thread that leaves")]

mod ends;
mod goes_on;

use core::ptr::NonNull;

use crate::arch::cpu::{IrqGuard, by_a_call};
use crate::arch::timer;
use crate::sched::balance;
use crate::sched::per_core::{self, Core, Own};
use crate::sched::policy::DecayedTime;
use crate::sched::run_queue::Place;
use crate::sched::switch::{Cause, hand_over, pair, schedule_next_thread};
use crate::sched::thread::{self, Thread};
use crate::sched::wake::State;

/// Decides. Called by `reschedule` on the core's exception stack, IRQs masked. Returns the blocks of the thread that leaves
/// (low half, x0) and of the one that comes (high half, x1), or 0: the thread stays. A `u128`, because a struct would be
/// returned through memory by some compilers.
pub(super) extern "C" fn decide(cause: Cause) -> u128 {
    // SAFETY: `reschedule` is entered masked, and nothing here unmasks.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    if !core.inbox.is_quiet() {
        return goes_on::after_a_look(cause);
    }
    let decided = match cause {
        Cause::Yield => yields(core, &irq),
        Cause::Block => blocks(core, &irq),
        Cause::Exit => return ends::ends(),
        _ => return goes_on::goes_on(cause),
    };
    decided.unwrap_or_else(|| by_the_long_way(cause))
}

#[inline(always)]
fn by_the_long_way(cause: Cause) -> u128 {
    by_a_call(|| schedule_next_thread(cause))
}

/// Whether nobody waits for this core, and nobody asks it for anything: who yields goes on. What comes at this very
/// moment comes with an interrupt.
#[inline(always)]
pub(crate) fn is_alone(irq: &IrqGuard) -> bool {
    let core = per_core::this(irq);
    core.own(irq).queue.is_empty() && core.inbox.is_quiet()
}

/// The thread lets others go first.
#[inline(always)]
fn yields(core: &Core, irq: &IrqGuard) -> Option<u128> {
    let own = core.own(irq);
    let now = timer::now();
    let time = own.policy.at(now);
    let old = thread::current();
    let rank = own.runner(old).rank_at_quickly(time)?;
    debug_assert!(old.state() == State::Running && !core::ptr::eq(old, &raw const core.idle));
    // SAFETY: it stops running with this, so it is in no queue; its block stays.
    let new = unsafe {
        own.queue
            .rotate_quickly(NonNull::from(old), rank, Place::After)
    }?;
    own.arm(own.policy.soonest_loss_ticks(now));
    old.switches_voluntary.bump();
    core.gave_way.bump();
    Some(leave_for(core, own, old, new, now, time.with_penalty()))
}

/// The thread waits for something.
#[inline(always)]
fn blocks(core: &'static Core, irq: &IrqGuard) -> Option<u128> {
    let own = core.own(irq);
    let now = timer::now();
    let time = own.policy.at(now);
    let old = thread::current();
    debug_assert!(!core::ptr::eq(old, &raw const core.idle));
    let runner = own.runner(old);
    let rank = match runner.rank_at_quickly(time) {
        Some(rank) => rank,
        None if runner.rank.is_realtime() => runner.rank,
        None => return None,
    };
    let new = next_or_idle(core, own, now)?;
    old.set_rank(rank);
    old.switches_voluntary.bump();
    core.left.bump();
    Some(leave_for(core, own, old, new, now, time))
}

/// Who comes when nobody goes on.
#[inline(always)]
fn next_or_idle(core: &'static Core, own: &mut Own, now: u64) -> Option<NonNull<Thread>> {
    if let Some(new) = own.queue.pop_quickly()? {
        if own.queue.is_empty() {
            balance::rest(own);
        } else {
            own.arm(own.policy.soonest_loss_ticks(now));
        }
        Some(new)
    } else {
        Some(NonNull::from(&core.idle))
    }
}

#[inline(always)]
fn leave_for(
    core: &Core,
    own: &mut Own,
    old: &Thread,
    new: NonNull<Thread>,
    now: u64,
    since: DecayedTime,
) -> u128 {
    // SAFETY: it was in the queue: ready, so its block stays until it has run and ended.
    let new: &'static Thread = unsafe { &*new.as_ptr() };
    debug_assert!(new.standing.is_stored());
    old.cpu_time.stop(now);
    hand_over(core, own, new, now, since);
    pair(old, new)
}
