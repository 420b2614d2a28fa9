//! Mutual exclusion between threads: one word when nobody waits; first come, first served, with priority
//! inheritance, when somebody does.

#![expect(unsafe_code, reason = "a lock hands out exclusive access")]

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::time::Duration;

use crate::sched::atomic::const_unless_checked;
use crate::sync::kernel::{self, Instant, IrqGuard};
use crate::sync::raw_mutex::{RawMutex, Taken};

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
    ///
    /// # Panics
    ///
    /// If a thread has crashed that held it, as `lock().unwrap()` does in std: what it protects may be half changed.
    /// [`lock_checked`](Self::lock_checked) takes it all the same.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        if !self.raw.try_lock() && self.raw.lock_contended() == Taken::Poisoned {
            self.refuse();
        }
        MutexGuard::new(self)
    }

    /// Takes the mutex, asleep until it is this thread's turn, and says whether a thread has crashed that held it.
    ///
    /// # Errors
    ///
    /// One has. The error has the guard.
    pub fn lock_checked(&self) -> LockResult<MutexGuard<'_, T>> {
        let taken = if self.raw.try_lock() {
            Taken::Whole
        } else {
            self.raw.lock_contended()
        };
        let guard = MutexGuard::new(self);
        match taken {
            Taken::Whole => Ok(guard),
            Taken::Poisoned => Err(PoisonError(guard)),
        }
    }

    /// Takes the mutex whatever has become of those who held it: for what is good at every moment.
    #[cfg(not(loom))]
    pub(crate) fn lock_always(&self) -> MutexGuard<'_, T> {
        self.lock_checked().unwrap_or_else(|poisoned| {
            let guard = poisoned.into_inner();
            MutexGuard::clear_poison(&guard);
            guard
        })
    }

    /// As [`lock_always`](Self::lock_always), but waits for `timeout` at most.
    #[cfg(not(loom))]
    pub(crate) fn lock_always_within(&self, timeout: Duration) -> Option<MutexGuard<'_, T>> {
        if self.raw.try_lock() {
            return Some(MutexGuard::new(self));
        }
        let deadline = Instant::now() + timeout;
        let taken = self.raw.lock_until(deadline.ticks())?;
        let guard = MutexGuard::new(self);
        if taken == Taken::Poisoned {
            MutexGuard::clear_poison(&guard);
        }
        Some(guard)
    }

    /// Takes the mutex if nobody has it.
    ///
    /// # Panics
    ///
    /// As [`lock`](Self::lock).
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        if !self.raw.try_lock() {
            return self.taken(self.raw.try_lock_of_dead());
        }
        Some(MutexGuard::new(self))
    }

    /// As [`lock`](Self::lock), but waits for `timeout` at most.
    ///
    /// # Panics
    ///
    /// As [`lock`](Self::lock).
    pub fn lock_timeout(&self, timeout: Duration) -> Option<MutexGuard<'_, T>> {
        if !self.raw.try_lock() {
            let deadline = Instant::now() + timeout;
            return self.taken(self.raw.lock_until(deadline.ticks()));
        }
        Some(MutexGuard::new(self))
    }

    fn taken(&self, taken: Option<Taken>) -> Option<MutexGuard<'_, T>> {
        if taken? == Taken::Poisoned {
            self.refuse();
        }
        Some(MutexGuard::new(self))
    }

    /// The current thread has taken it poisoned, and was not asked whether it minds.
    #[cold]
    fn refuse(&self) -> ! {
        self.raw.unlock();
        kernel::end_for_poison()
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

/// A lock was taken that a thread held when it crashed: what it protects may be half changed. As `std`'s.
#[derive(Debug)]
pub struct PoisonError<G>(G);

/// What taking a lock gives, where one asks. As `std`'s.
pub type LockResult<G> = Result<G, PoisonError<G>>;

impl<G> PoisonError<G> {
    /// The guard: access all the same.
    pub fn into_inner(self) -> G {
        self.0
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

    /// What the mutex protects is good again: nobody is told any more that a thread has crashed which held it.
    pub fn clear_poison(guard: &Self) {
        guard.mutex.raw.clear_poison();
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
