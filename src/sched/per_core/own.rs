//! What only a core itself touches, with IRQs masked: the part of its block that needs no lock and no atomics.

#![expect(unsafe_code, reason = "the current thread is a pointer")]

use crate::arch::timer;
use crate::sched::policy::{DecayedTime, Policy, Runner};
use crate::sched::run_queue::RunQueue;
use crate::sched::thread::Thread;

/// What only the core itself touches, with IRQs masked.
#[derive(Debug)]
pub struct Own {
    /// The threads that wait to run here. The one that runs is not in it, nor is the idle thread.
    pub(in crate::sched) queue: RunQueue<Thread>,
    /// The thread that runs here.
    pub(in crate::sched) current: *const Thread,
    /// Somebody may have to run before `current`: ask the policy at the next chance.
    pub(crate) need_resched: bool,
    /// What the timer is set to. An early shot costs less than to cancel one, so it is never set later.
    pub(in crate::sched) armed_ticks: u64,
    /// No thread in `timers` waits for less: the moment of the first, or of one that was the first and does not wait
    /// any more.
    pub(in crate::sched) earliest_ticks: u64,
    /// From when `current` is charged: from when it was switched in, or a bit earlier.
    pub(in crate::sched) since: DecayedTime,
    /// Since when `current` runs here.
    pub(in crate::sched) since_ticks: u64,
    /// What `finish_switch` has to do besides releasing the old thread.
    pub(crate) after: AfterSwitch,
    /// The arithmetic of fairness, for this machine's counter.
    pub(in crate::sched) policy: Policy,
    /// When this core looks for a less loaded one: 100 ms after threads began to wait without a break.
    pub(in crate::sched) next_balance_ticks: u64,
}

impl Own {
    /// Offset of `after`.
    pub(super) const AFTER: usize = core::mem::offset_of!(Self, after);

    /// That of a core that has not begun.
    pub(super) const fn new() -> Self {
        Self {
            queue: RunQueue::new(),
            current: core::ptr::null(),
            need_resched: false,
            armed_ticks: timer::NEVER,
            earliest_ticks: timer::NEVER,
            since: Policy::new(1_000_000_000).at(0),
            since_ticks: 0,
            after: AfterSwitch::NOTHING,
            policy: Policy::new(1_000_000_000),
            next_balance_ticks: timer::NEVER,
        }
    }

    /// `current`, as the policy sees it.
    #[inline(always)]
    pub(in crate::sched) fn runner(&self) -> Runner {
        // SAFETY: a core's current thread does not end before `finish_switch` of the next one.
        let current = unsafe { &*self.current };
        Runner {
            rank: current.rank(),
            weight: current.weight(),
            since: self.since,
        }
    }
}

/// What a switch has to be followed by. Both in one byte, so that a switch which is followed by nothing costs one test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct AfterSwitch(u8);

impl AfterSwitch {
    pub(in crate::sched) const NOTHING: Self = Self(0);
    /// The old thread may not come back here: it has ended, or it goes to another core.
    pub(in crate::sched) const LEAVES: Self = Self(1);
    /// The switch is to be recorded.
    pub(in crate::sched) const RECORDED: Self = Self(2);
    /// The old thread has come to the end of its stack with interrupts masked (`fault::overflow`).
    pub(crate) const OVERFLOWED: Self = Self(4);

    pub(crate) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(crate) fn remove(&mut self, other: Self) {
        self.0 &= !other.0;
    }

    /// Whether somebody looks at the old thread before it is released.
    pub(in crate::sched) const fn is_looked_at(self) -> bool {
        self.0 & (Self::RECORDED.0 | Self::OVERFLOWED.0) != 0
    }

    pub(in crate::sched) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}
