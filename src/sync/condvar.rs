//! Waiting for a condition that a [`Mutex`](super::Mutex) protects.

#![expect(unsafe_code, reason = "puts the current thread into a list")]

use core::time::Duration;

use crate::sched::atomic::const_unless_checked;
use crate::sched::wait_list::WaitList;
use crate::sync::MutexGuard;
use crate::sync::kernel::{self, Instant, IrqGuard, SpinLock, State};

/// A condition variable. Notifications go to the threads in the order in which they began to wait, and
/// nobody else wakes them: but between the notification and the lock another thread may change the
/// condition, so wait in a loop.
#[derive(Debug, Default)]
pub struct Condvar {
    waiters: SpinLock<WaitList>,
}

impl Condvar {
    const_unless_checked! {
        /// A condition variable that nobody waits for.
        pub fn new() -> Self {
            Self {
                waiters: SpinLock::new(WaitList::new()),
            }
        }
    }

    /// Releases the mutex, waits for a notification, takes the mutex again. A notification that is sent
    /// after the mutex has been released is not lost.
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let mutex = guard.mutex();
        {
            let irq = IrqGuard::mask();
            // SAFETY: the current thread waits for nothing else, and stays in the list until it is woken.
            unsafe {
                self.waiters
                    .lock_masked(&irq)
                    .push_current(State::Waiting, &irq);
            };
            guard.release_before_blocking(&irq);
            kernel::block(&irq);
        }
        mutex.lock()
    }

    /// As [`wait`](Self::wait), but for `timeout` at most. True: the time ran out first.
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        let deadline = Instant::now() + timeout;
        let mutex = guard.mutex();
        let timed_out = {
            let irq = IrqGuard::mask();
            // SAFETY: as in `wait`; when the time ran out, the thread leaves the list below.
            unsafe { self.waiters.lock().push_current(State::Waiting, &irq) };
            guard.release_before_blocking(&irq);
            let timed_out = kernel::block_until(deadline.ticks(), &irq);
            if timed_out {
                // SAFETY: no other list can hold the current thread.
                unsafe { self.waiters.lock().remove_current() };
            }
            timed_out
        };
        (mutex.lock(), timed_out)
    }

    /// Wakes the thread that has waited longest, if any.
    pub fn notify_one(&self) {
        let irq = IrqGuard::mask();
        let woken = self.waiters.lock_masked(&irq).claim_first();
        if let Some(woken) = woken {
            woken.make_ready_masked(&irq);
        }
    }

    /// Wakes every thread that waits now.
    pub fn notify_all(&self) {
        let irq = IrqGuard::mask();
        self.waiters.lock().wake_all(&irq);
        kernel::preempt_or_arm(&irq);
    }
}
