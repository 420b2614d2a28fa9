//! The short way through the decision about a thread that would go on.

#![expect(unsafe_code, reason = "the queue takes the thread that leaves")]

use core::ptr::NonNull;

use super::{by_the_long_way, leave_for};
use crate::arch::cpu::{IrqGuard, by_a_call};
use crate::arch::timer;
use crate::sched::claim::Way;
use crate::sched::per_core::{self, Core, Own};
use crate::sched::policy::{DecayedTime, Rank};
use crate::sched::run_queue::Place;
use crate::sched::switch::{Cause, STAY};
use crate::sched::thread::{self, Thread};
use crate::sched::wake::State;
use crate::sched::{balance, traffic};

/// Other cores have sent somebody, or ask for something. Most often one thread has come to a core that sleeps: it runs, and
/// is not queued.
#[inline(never)]
pub(super) extern "C" fn after_a_look(cause: Cause) -> u128 {
    // SAFETY: as in `decide`.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    let own = core.own(&irq);
    let is_idle = core::ptr::eq(thread::current(), &raw const core.idle);
    if !is_idle || !own.queue.is_empty() {
        return after_a_long_look(cause);
    }
    let Some(comer) = core.inbox.take_only() else {
        return after_a_long_look(cause);
    };
    // SAFETY: a thread in an inbox is ready and its sender has given it away.
    let standing = unsafe { &comer.as_ref().standing };
    if standing.way_unchanged(core.quick_id()) == Some(Way::Home) {
        core.count_in(&irq);
        own.need_resched = false;
        let now = timer::now();
        core.idle.switches_voluntary.bump();
        let time = own.policy.at(now);
        return leave_for(core, own, &core.idle, comer, now, time);
    }
    by_a_call(|| after_taking(comer, cause))
}

/// One has come that is not at home here, or not as it was.
#[cold]
#[inline(never)]
fn after_taking(comer: NonNull<Thread>, cause: Cause) -> u128 {
    // SAFETY: as in `decide`.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    traffic::take_in(core, core.own(&irq), comer, &irq);
    if core.inbox.is_quiet() {
        return goes_on(cause);
    }
    by_the_long_way(cause)
}

/// There is more than one thing to look at.
#[inline(never)]
extern "C" fn after_a_long_look(cause: Cause) -> u128 {
    // SAFETY: as in `decide`.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    let would_go_on = matches!(
        cause,
        Cause::Wake | Cause::Timer | Cause::Ipi | Cause::Interrupt
    );
    if would_go_on && !core.inbox.has_notes() {
        traffic::receive(core, core.own(&irq), &irq);
        if core.inbox.is_quiet() {
            return goes_on(cause);
        }
    }
    by_the_long_way(cause)
}

/// The thread goes on if nobody waits, or nobody for whom it would have to make room yet.
#[inline(never)]
pub(super) extern "C" fn goes_on(cause: Cause) -> u128 {
    // SAFETY: as in `decide`.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    let own = core.own(&irq);
    own.need_resched = false;
    if own.queue.is_empty() {
        return STAY;
    }
    let (now, old) = (timer::now(), thread::current());
    let decided = if core::ptr::eq(old, &raw const core.idle) {
        wakes_up(core, own, now)
    } else {
        competes(core, own, old, now, cause)
    };
    decided.unwrap_or_else(|| by_the_long_way(cause))
}

/// Somebody waits.
#[inline(always)]
fn competes(core: &Core, own: &mut Own, old: &Thread, now: u64, cause: Cause) -> Option<u128> {
    let head = own.queue.head_key();
    let runner = own.runner(old);
    if runner.rank.is_realtime() || head.weight < runner.weight || balance::is_due(own, now) {
        return None;
    }
    let safe_until = own.policy.safe_until_ticks(&runner, head, own.since_ticks);
    if now < safe_until {
        own.arm(safe_until);
        balance::watch_those_who_wait(own, now);
        return Some(STAY);
    }
    let time = own.policy.at(now);
    let rank = runner.rank_at_quickly(time)?;
    if own
        .policy
        .has_lost_quickly(&runner, rank, head, now, time)?
    {
        makes_room(core, own, old, rank, now, time, cause)
    } else {
        Some(stays(cause))
    }
}

/// The thread has not lost yet, and the moment at which it will is to be known.
#[inline(never)]
extern "C" fn stays(cause: Cause) -> u128 {
    // SAFETY: as in `decide`.
    let irq = unsafe { IrqGuard::assume_masked() };
    let own = per_core::this(&irq).own(&irq);
    let runner = own.runner(thread::current());
    let head = own.queue.head_key();
    match own.policy.deadline_ticks_quickly(&runner, head) {
        Some(deadline_ticks) => {
            own.arm(deadline_ticks);
            balance::watch_those_who_wait(own, timer::now());
            STAY
        }
        None => by_the_long_way(cause),
    }
}

/// The idle thread makes room for the first that came.
#[inline(always)]
fn wakes_up(core: &Core, own: &mut Own, now: u64) -> Option<u128> {
    let new = own.queue.pop_quickly()??;
    if own.queue.is_empty() {
        balance::rest(own);
    } else {
        own.arm(own.policy.soonest_loss_ticks(now));
        balance::watch_those_who_wait(own, now);
    }
    core.idle.switches_voluntary.bump();
    let time = own.policy.at(now);
    Some(leave_for(core, own, &core.idle, new, now, time))
}

/// The thread has lost: it makes room for another one.
#[inline(always)]
fn makes_room(
    core: &Core,
    own: &mut Own,
    old: &Thread,
    rank: Rank,
    now: u64,
    time: DecayedTime,
    cause: Cause,
) -> Option<u128> {
    debug_assert!(old.state() == State::Running);
    // SAFETY: it stops running with this, so it is in no queue; its block stays.
    let new = unsafe {
        own.queue
            .rotate_quickly(NonNull::from(old), rank, Place::Before)
    }?;
    own.arm(own.policy.soonest_loss_ticks(now));
    balance::watch_those_who_wait(own, now);
    old.left_by.set(cause as u8);
    old.switches_preempted.bump();
    core.stats.switches_preempted.bump();
    Some(leave_for(core, own, old, new, now, time.with_penalty()))
}
