//! The short way through a decision, for what happens most: a thread yields to, or waits and so leaves the core to,
//! another one that waits here; a thread that has woken another one goes on; a thread ends.
//!
//! A leaf without calls for a yield and a block. Where a case is out of the ordinary it has changed nothing that matters and says so, and
//! `switch.rs` takes the long way from the beginning, which gives the same answer, and knows all cases. What the short
//! way leaves out, and why it may:
//!
//! * *Pinning.* Whoever pins a thread that runs or waits here asks this core for a rescan, which the long way takes.
//! * *The exact deadline.* The next runner cannot lose before the hysteresis is over, unless it weighs more than the one
//!   behind it, and then the queue refuses.
//! * *The balance.* The timer is armed for it too.

#![expect(unsafe_code, reason = "the current thread is a pointer")]

mod ends;

use core::ptr::NonNull;

use crate::arch::cpu::IrqGuard;
use crate::arch::timer;
use crate::sched::per_core::{self, Core, Own};
use crate::sched::policy::{DecayedTime, Decision, Rank};
use crate::sched::run_queue::Place;
use crate::sched::switch::{Cause, STAY, hand_over, pair};
use crate::sched::thread::Thread;
use crate::sched::wake::State;
use crate::sched::{balance, traffic};

/// Decides, if the case is an ordinary one. Called by `reschedule` on the core's exception stack, IRQs masked. Returns
/// as `schedule_next_thread` does, or `cause` in the high half and 0 in the low one: to be decided by the long way.
pub(super) extern "C" fn decide_quickly(cause: Cause) -> u128 {
    // SAFETY: `reschedule` is entered masked, and nothing here unmasks.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    let decided = if core.inbox.is_empty() && core.rescan.is_quiet() {
        match cause {
            Cause::Yield => yields(core, &irq),
            Cause::Block => blocks(core, &irq),
            // A tail call: the two above need no frame.
            _ => return others(cause),
        }
    } else if core.rescan.is_quiet() {
        return others(cause);
    } else {
        None
    };
    decided.unwrap_or(by_the_long_way(cause))
}

const fn by_the_long_way(cause: Cause) -> u128 {
    (cause as u128) << 64
}

/// Whether nobody waits for this core, and nobody asks it for anything: who yields goes on. What comes at this very
/// moment comes with an interrupt.
#[inline(always)]
pub(crate) fn is_alone(irq: &IrqGuard) -> bool {
    let core = per_core::this(irq);
    core.own(irq).queue.is_empty() && core.inbox.is_empty() && core.rescan.is_quiet()
}

/// The thread lets others go first.
#[inline(always)]
fn yields(core: &Core, irq: &IrqGuard) -> Option<u128> {
    let own = core.own(irq);
    let now = timer::now();
    let time = own.policy.at(now);
    let rank = own.runner().rank_at_quickly(time)?;
    // SAFETY: a core's current thread does not end before `finish_switch` of the next one.
    let old = unsafe { &*own.current };
    // SAFETY: it stops running with this, so it is in no queue; its block stays.
    let new = unsafe {
        own.queue
            .rotate_quickly(NonNull::from(old), rank, Place::After)
    }?;
    debug_assert!(old.state() == State::Running);
    old.standing.stays_ready();
    own.need_resched = false;
    own.arm(own.policy.soonest_loss_ticks(now));
    count_voluntary(core, old);
    let since = time.with_penalty();
    Some(leave_for(core, own, old, new, now, since, Cause::Yield))
}

/// The thread waits for something.
#[inline(always)]
fn blocks(core: &'static Core, irq: &IrqGuard) -> Option<u128> {
    let own = core.own(irq);
    let now = timer::now();
    let time = own.policy.at(now);
    debug_assert!(!core::ptr::eq(own.current, &raw const core.idle));
    let runner = own.runner();
    let rank = match runner.rank_at_quickly(time) {
        Some(rank) => rank,
        None if runner.rank.is_realtime() => runner.rank,
        None => return None,
    };
    let new = if own.queue.is_empty() {
        NonNull::from(&core.idle)
    } else {
        pop_next(own, now)?
    };
    // SAFETY: as in `yields`.
    let old = unsafe { &*own.current };
    old.set_rank(rank);
    own.need_resched = false;
    core.count_out(irq);
    count_voluntary(core, old);
    Some(leave_for(core, own, old, new, now, time, Cause::Block))
}

/// Who comes next of those that wait, when nobody goes on.
#[inline(always)]
fn pop_next(own: &mut Own, now: u64) -> Option<NonNull<Thread>> {
    let new = own.queue.pop_quickly()?;
    if own.queue.is_empty() {
        balance::rest(own);
    } else {
        own.arm(own.policy.soonest_loss_ticks(now));
    }
    Some(new)
}

#[inline(always)]
fn leave_for(
    core: &Core,
    own: &mut Own,
    old: &Thread,
    new: NonNull<Thread>,
    now: u64,
    since: DecayedTime,
    cause: Cause,
) -> u128 {
    // SAFETY: it was in the queue: ready, so its block stays until it has run and ended.
    let new: &'static Thread = unsafe { &*new.as_ptr() };
    debug_assert!(new.standing.is_stored());
    old.cpu_time.stop(now);
    old.left_by.set(Some(cause));
    hand_over(core, own, new, now, since);
    pair(old, new)
}

#[inline(always)]
fn count_voluntary(core: &Core, old: &Thread) {
    old.switches_voluntary.bump();
    core.stats.switches_voluntary.bump();
}

/// The thread would go on, or has ended; or other cores have sent some.
#[inline(never)]
extern "C" fn others(cause: Cause) -> u128 {
    if !matches!(
        cause,
        Cause::Wake | Cause::Timer | Cause::Ipi | Cause::Interrupt
    ) {
        // A tail call: this needs no frame.
        return ends::ends(cause);
    }
    // SAFETY: as in `decide_quickly`.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    if !core.inbox.is_empty() {
        traffic::receive(core, core.own(&irq), &irq);
    }
    let decided = if core.rescan.is_quiet() {
        goes_on(core, core.own(&irq), cause)
    } else {
        None
    };
    decided.unwrap_or(by_the_long_way(cause))
}

/// The thread would go on. So it does if nobody waits, or nobody for whom it would have to make room yet.
#[inline(always)]
fn goes_on(core: &Core, own: &mut Own, cause: Cause) -> Option<u128> {
    if !own.queue.is_empty() {
        let now = timer::now();
        if core::ptr::eq(own.current, &raw const core.idle) {
            return wakes_up(core, own, now, cause);
        }
        let head = own.queue.head_key();
        let runner = own.runner();
        if runner.rank.is_realtime() || head.weight < runner.weight || balance::is_due(own, now) {
            return None;
        }
        let safe_until = own.policy.safe_until_ticks(&runner, head, own.since_ticks);
        if now < safe_until {
            own.arm(safe_until);
        } else {
            let time = own.policy.at(now);
            if head.rank.is_realtime() {
                let rank = runner.rank_at_quickly(time)?;
                return makes_room(core, own, rank, now, time, cause);
            }
            match own.policy.decide_quickly(&runner, head, now, time)? {
                Decision::Stay { deadline_ticks } => own.arm(deadline_ticks),
                Decision::Switch { runner: rank } => {
                    return makes_room(core, own, rank, now, time, cause);
                }
            }
        }
        balance::watch(own, now);
    }
    own.need_resched = false;
    Some(STAY)
}

/// The idle thread makes room for the first that came.
#[inline(always)]
fn wakes_up(core: &Core, own: &mut Own, now: u64, cause: Cause) -> Option<u128> {
    let new = own.queue.pop_quickly()?;
    if own.queue.is_empty() {
        balance::rest(own);
    } else {
        own.arm(own.policy.soonest_loss_ticks(now));
        balance::watch(own, now);
    }
    own.need_resched = false;
    count_voluntary(core, &core.idle);
    let time = own.policy.at(now);
    Some(leave_for(core, own, &core.idle, new, now, time, cause))
}

/// The thread has lost: it makes room for another one.
#[inline(always)]
fn makes_room(
    core: &Core,
    own: &mut Own,
    rank: Rank,
    now: u64,
    time: DecayedTime,
    cause: Cause,
) -> Option<u128> {
    // SAFETY: as in `yields`.
    let old = unsafe { &*own.current };
    if old.state() != State::Running {
        return None;
    }
    // SAFETY: as in `yields`.
    let new = unsafe {
        own.queue
            .rotate_quickly(NonNull::from(old), rank, Place::Before)
    }?;
    own.need_resched = false;
    own.arm(own.policy.soonest_loss_ticks(now));
    balance::watch(own, now);
    old.standing.stays_ready();
    old.switches_preempted.bump();
    core.stats.switches_preempted.bump();
    Some(leave_for(
        core,
        own,
        old,
        new,
        now,
        time.with_penalty(),
        cause,
    ))
}
