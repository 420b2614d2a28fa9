//! What only a core itself touches, with IRQs masked: the part of its block that needs no lock and no atomics.

use crate::arch::timer;
use crate::sched::balance;
use crate::sched::policy::{DecayedTime, Policy, Runner};
use crate::sched::run_queue::RunQueue;
use crate::sched::thread::Thread;

/// What only the core itself touches, with IRQs masked.
/// The order is that in which a decision wants it: `ldp` loads, `stp` stores two neighbours.
#[derive(Debug)]
#[repr(C)]
pub struct Own {
    /// What the timer is set to. An early shot costs less than to cancel one, so it is never set later.
    pub(in crate::sched) armed_ticks: u64,
    /// The arithmetic of fairness, for this machine's counter.
    pub(in crate::sched) policy: Policy,
    /// From when the current thread is charged: from when it was switched in, or a bit earlier.
    pub(in crate::sched) since: DecayedTime,
    /// Since when it runs here.
    pub(in crate::sched) since_ticks: u64,
    /// The threads that wait to run here. The one that runs is not in it, nor is the idle thread.
    pub(in crate::sched) queue: RunQueue<Thread>,
    /// No thread in `timers` waits for less: the moment of the first, or of one that was the first and does not wait
    /// any more.
    pub(in crate::sched) earliest_ticks: u64,
    /// When this core looks for a less loaded one: 100 ms after threads began to wait without a break.
    pub(in crate::sched) next_balance_ticks: u64,
    /// Those 100 ms.
    pub(in crate::sched) balance_period_ticks: u64,
    /// Somebody may have to run before the current thread: ask the policy at the next chance. Where nobody has to, asking
    /// does no harm.
    pub(crate) need_resched: bool,
}

impl Own {
    /// That of a core that has not begun.
    pub(super) const fn new() -> Self {
        Self {
            armed_ticks: timer::NEVER,
            policy: Policy::new(1_000_000_000),
            since: Policy::new(1_000_000_000).at(0),
            since_ticks: 0,
            queue: RunQueue::new(),
            earliest_ticks: timer::NEVER,
            next_balance_ticks: timer::NEVER,
            balance_period_ticks: balance::period_ticks(1_000_000_000),
            need_resched: false,
        }
    }

    /// Whether no thread waits to run here.
    #[inline(always)]
    pub(crate) fn nobody_waits(&self) -> bool {
        self.queue.is_empty()
    }

    /// The current thread, as the policy sees it.
    #[inline(always)]
    pub(in crate::sched) fn runner(&self, current: &Thread) -> Runner {
        Runner {
            rank: current.rank(),
            weight: current.weight(),
            since: self.since,
        }
    }
}
