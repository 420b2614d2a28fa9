//! The short way through the decision that follows a thread's end.

use super::{by_the_long_way, leave_for, next_or_idle};
use crate::arch::cpu::{IrqGuard, by_a_call};
use crate::arch::timer;
use crate::sched::lifecycle;
use crate::sched::per_core;
use crate::sched::switch::Cause;
use crate::sched::thread::{self, Duties};
use crate::sched::wake::{Claimed, State};

/// The thread has ended. Most often somebody waits for that here, and nobody else for the core: the one goes, the other
/// comes, and neither is queued.
#[inline(never)]
pub(super) extern "C" fn ends() -> u128 {
    // SAFETY: as in `decide`.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    let old = thread::current();
    debug_assert!(old.state() == State::Exited);
    let Some(joiner) = lifecycle::claim_joiner_here(old, core.id()) else {
        return for_the_next();
    };
    let own = core.own(&irq);
    if own.queue.is_empty() && joiner.thread().standing.is_settled() {
        let now = timer::now();
        own.need_resched = false;
        old.after.add(Duties::LEAVES);
        old.switches_voluntary.bump();
        core.gave_way.bump();
        // It is not charged: it never runs again.
        let time = own.policy.at(now);
        return leave_for(core, own, old, joiner.take_over(), now, time);
    }
    by_a_call(|| for_one_of(joiner))
}

/// The thread has ended, and its joiner takes its turn.
#[inline(never)]
fn for_one_of(joiner: Claimed) -> u128 {
    // SAFETY: as in `decide`.
    let irq = unsafe { IrqGuard::assume_masked() };
    joiner.enqueue(&irq);
    for_the_next()
}

/// The thread has ended, and whoever waits for that is told already, or when it is gone.
#[inline(never)]
fn for_the_next() -> u128 {
    // SAFETY: as in `decide`.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    let (own, old, now) = (core.own(&irq), thread::current(), timer::now());
    let Some(new) = next_or_idle(core, own, now) else {
        return by_the_long_way(Cause::Exit);
    };
    own.need_resched = false;
    old.after.add(Duties::LEAVES);
    old.switches_voluntary.bump();
    core.left.bump();
    let time = own.policy.at(now);
    leave_for(core, own, old, new, now, time)
}
