//! A counting semaphore.

#![expect(unsafe_code, reason = "puts the current thread into a list")]

use core::time::Duration;

use crate::arch::cpu::IrqGuard;
use crate::sched::timers;
use crate::sched::wait_list::WaitList;
use crate::sched::wake::{self, State};
use crate::sync::SpinLock;
use crate::time::Instant;

/// A number of permits that threads take and give back. A released permit goes to whoever waited longest.
/// [`release`](Self::release) may be called by interrupt handlers.
#[derive(Debug, Default)]
pub struct Semaphore {
    inner: SpinLock<Permits>,
}

#[derive(Debug, Default)]
struct Permits {
    free: usize,
    waiters: WaitList,
}

impl Semaphore {
    /// A semaphore with `permits` to take.
    pub const fn new(permits: usize) -> Self {
        Self {
            inner: SpinLock::new(Permits {
                free: permits,
                waiters: WaitList::new(),
            }),
        }
    }

    /// Takes a permit, asleep until there is one.
    pub fn acquire(&self) {
        let irq = IrqGuard::mask();
        let mut inner = self.inner.lock_masked(&irq);
        if inner.free > 0 {
            inner.free -= 1;
            return;
        }
        // SAFETY: the current thread waits for nothing else, and stays in the list until it is woken.
        unsafe { inner.waiters.push_current(State::Waiting, &irq) };
        drop(inner);
        wake::block(&irq);
    }

    /// Takes a permit if there is one.
    pub fn try_acquire(&self) -> bool {
        let mut inner = self.inner.lock();
        let there = inner.free > 0;
        inner.free -= usize::from(there);
        there
    }

    /// As [`acquire`](Self::acquire), but waits for `timeout` at most. Whether a permit was taken.
    pub fn acquire_timeout(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let irq = IrqGuard::mask();
        let mut inner = self.inner.lock();
        if inner.free > 0 {
            inner.free -= 1;
            return true;
        }
        // SAFETY: as in `acquire`; when the time ran out, the thread leaves the list below.
        unsafe { inner.waiters.push_current(State::Waiting, &irq) };
        drop(inner);
        let timed_out = timers::block_until(deadline.ticks(), &irq);
        if timed_out {
            // SAFETY: no other list can hold the current thread.
            unsafe { self.inner.lock().waiters.remove_current() };
        }
        !timed_out
    }

    /// Gives a permit: to the thread that has waited longest, or to whoever comes.
    pub fn release(&self) {
        let irq = IrqGuard::mask();
        let mut inner = self.inner.lock_masked(&irq);
        let woken = inner.waiters.claim_first();
        if woken.is_none() {
            inner.free += 1;
        }
        drop(inner);
        if let Some(woken) = woken {
            woken.make_ready_masked(&irq);
        }
    }
}
