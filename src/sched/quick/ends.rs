//! The short way through the decision that follows a thread's end.

use core::ptr::NonNull;

use super::{by_the_long_way, count_voluntary, leave_for, pop_next};
use crate::arch::cpu::IrqGuard;
use crate::arch::timer;
use crate::sched::lifecycle;
use crate::sched::per_core::{self, AfterSwitch};
use crate::sched::switch::Cause;
use crate::sched::wake::State;

/// The thread has ended. Most often somebody waits for that here, and nobody else for the core: the one goes, the other
/// comes, and neither is queued.
#[inline(never)]
pub(super) extern "C" fn ends(cause: Cause) -> u128 {
    // SAFETY: as in `decide_quickly`.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    if cause != Cause::Exit || !core.inbox.is_empty() {
        return by_the_long_way(cause);
    }
    // SAFETY: as in `yields`.
    let old = unsafe { &*core.own(&irq).current };
    debug_assert!(old.state() == State::Exited);
    let joiner = lifecycle::claim_joiner_here(old, core.id());
    let is_lone = core.own(&irq).queue.is_empty();
    let now = timer::now();
    let new = match joiner {
        Some(joiner) if is_lone && joiner.thread().standing.is_settled(core.id()) => {
            joiner.take_over()
        }
        joiner => {
            if let Some(joiner) = joiner {
                joiner.enqueue(&irq);
            }
            let own = core.own(&irq);
            let new = if own.queue.is_empty() {
                Some(NonNull::from(&core.idle))
            } else {
                pop_next(own, now)
            };
            let Some(new) = new else {
                return by_the_long_way(cause);
            };
            core.count_out(&irq);
            new
        }
    };
    let own = core.own(&irq);
    own.need_resched = false;
    own.after.add(AfterSwitch::LEAVES);
    count_voluntary(core, old);
    // It is not charged: it never runs again.
    let time = own.policy.at(now);
    leave_for(core, own, old, new, now, time, cause)
}
