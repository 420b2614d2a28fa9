//! A barrier: threads wait until so many have come, then all go on.

#![expect(unsafe_code, reason = "puts the current thread into a list")]

use crate::arch::cpu::IrqGuard;
use crate::sched::wait_list::WaitList;
use crate::sched::wake::{self, State};
use crate::sync::SpinLock;

/// Lets threads go on when a number of them has come; then it is closed again, for the next round.
///
/// Threads only: an interrupt handler may do nothing with it.
#[derive(Debug)]
pub struct Barrier {
    size: usize,
    inside: SpinLock<Round>,
}

#[derive(Debug)]
struct Round {
    waiters: WaitList,
    /// How many have come.
    came: usize,
}

/// What [`Barrier::wait`] says: whether this thread is the one of its round that leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// True for one thread of each round: the one that came last.
    #[must_use]
    pub const fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// A barrier for `size` threads. One for none lets each pass, as one for one does.
    pub const fn new(size: usize) -> Self {
        Self {
            size,
            inside: SpinLock::new(Round {
                waiters: WaitList::new(),
                came: 0,
            }),
        }
    }

    /// Waits until as many threads have come as the barrier is for. What each wrote before, all see after.
    pub fn wait(&self) -> BarrierWaitResult {
        let irq = IrqGuard::mask();
        let mut inside = self.inside.lock();
        inside.came += 1;
        if inside.came < self.size {
            // SAFETY: the current thread waits for nothing else, and stays in a list until it is woken.
            unsafe { inside.waiters.push_current(State::Waiting, &irq) };
            drop(inside);
            wake::block(&irq);
            return BarrierWaitResult(false);
        }
        inside.came = 0;
        inside.waiters.wake_all(&irq);
        drop(inside);
        wake::preempt_or_arm(&irq);
        BarrierWaitResult(true)
    }
}
