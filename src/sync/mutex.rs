//! Mutual exclusion between threads: one word when nobody waits; first come, first served, with priority
//! inheritance, when somebody does.

#![expect(unsafe_code, reason = "a lock hands out exclusive access")]

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::time::Duration;

use crate::sched::atomic::const_unless_checked;
use crate::sync::kernel::{Instant, IrqGuard};
use crate::sync::raw_mutex::RawMutex;

/// A lock that a thread waits for asleep. Fair: a released mutex belongs to whoever waited longest. While a
/// thread waits, the owner is at least as urgent as it is (priority inheritance).
///
/// Threads only: an interrupt handler may do nothing with it.
#[derive(Debug)]
pub struct Mutex<T> {
    raw: RawMutex,
    value: UnsafeCell<T>,
}

// SAFETY: the lock gives access to one thread at a time, so it is enough that the value may move between
// threads.
unsafe impl<T: Send> Sync for Mutex<T> {}
// SAFETY: as above; moving the mutex moves the value.
unsafe impl<T: Send> Send for Mutex<T> {}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Mutex<T> {
    const_unless_checked! {
        /// An unlocked mutex around `value`.
        pub fn new(value: T) -> Self {
            Self {
                raw: RawMutex::new(),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// Takes the mutex, asleep until it is this thread's turn. Not recursive: a thread that locks a mutex
    /// which it holds waits for ever. With IRQs unmasked and preemption possible.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.raw.lock();
        MutexGuard::new(self)
    }

    /// Takes the mutex if nobody has it.
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.raw.try_lock().then(|| MutexGuard::new(self))
    }

    /// As [`lock`](Self::lock), but waits for `timeout` at most.
    pub fn lock_timeout(&self, timeout: Duration) -> Option<MutexGuard<'_, T>> {
        let is_taken =
            self.raw.try_lock() || self.raw.lock_until((Instant::now() + timeout).ticks());
        is_taken.then(|| MutexGuard::new(self))
    }

    /// The value, which nobody else can have.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// The value, without the mutex.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

/// Access to what a [`Mutex`] protects, until it is dropped.
#[must_use = "the mutex is released when this is dropped"]
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// Only the owner may unlock.
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives a shared reference to the value, and nothing else.
unsafe impl<T: Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T> MutexGuard<'a, T> {
    /// For a mutex that the current thread has just taken.
    #[inline]
    fn new(mutex: &'a Mutex<T>) -> Self {
        Self {
            mutex,
            not_send: PhantomData,
        }
    }

    /// The mutex that this guard locks.
    pub(super) fn mutex(&self) -> &'a Mutex<T> {
        self.mutex
    }

    /// Releases the mutex in the middle of something: the caller is about to block.
    pub(super) fn release_before_blocking(self, irq: &IrqGuard) {
        self.mutex.raw.unlock_before_blocking(irq);
        core::mem::forget(self);
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.raw.unlock();
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard is the lock; no other reference exists while it does.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as for `deref`, and `self` is borrowed exclusively.
        unsafe { &mut *self.mutex.value.get() }
    }
}
