//! A lock for many readers or one writer.

#![expect(unsafe_code, reason = "a lock hands out access")]

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use crate::sync::raw_rwlock::{RawRwLock, Shared};

/// A lock that many may have to read, or one to write. Whoever waits, waits asleep.
///
/// Nobody starves: who wants to read waits behind those who wait to write; when a writer is done, all who then
/// wait to read go in together, and when they are done, the writer that has waited longest. (Reads and writes
/// take turns where both are wanted.)
///
/// If a thread crashes that writes, the lock is poisoned: `read`, `write` and the two that try end the thread that calls
/// them, as unwrapping does in std, until [`clear_poison`](Self::clear_poison). One that reads just reads no more.
///
/// Without priority inheritance. Threads only: an interrupt handler may do nothing with it.
#[derive(Debug, Default)]
pub struct RwLock<T> {
    raw: RawRwLock,
    value: UnsafeCell<T>,
}

// SAFETY: readers on several threads share the value, a writer may take it to its own.
unsafe impl<T: Send + Sync> Sync for RwLock<T> {}
// SAFETY: moving the lock moves the value.
unsafe impl<T: Send> Send for RwLock<T> {}

impl<T> RwLock<T> {
    /// An unlocked lock around `value`.
    pub const fn new(value: T) -> Self {
        Self {
            raw: RawRwLock::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits until nobody writes or waits to write, and keeps writers out. A thread that already reads and comes
    /// again may wait for a writer that waits for it: do not.
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.raw.read();
        self.raw.refuse_poison(Shared::read_is_over);
        RwLockReadGuard::new(self)
    }

    /// Waits until nobody reads or writes, and keeps all others out.
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.raw.write();
        self.raw.refuse_poison(Shared::write_is_over);
        RwLockWriteGuard::new(self)
    }

    /// As [`read`](Self::read), if that is possible without waiting.
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        if !self.raw.try_read() {
            return None;
        }
        self.raw.refuse_poison(Shared::read_is_over);
        Some(RwLockReadGuard::new(self))
    }

    /// As [`write`](Self::write), if that is possible without waiting.
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        if !self.raw.try_write() {
            return None;
        }
        self.raw.refuse_poison(Shared::write_is_over);
        Some(RwLockWriteGuard::new(self))
    }

    /// Whether a thread has crashed that wrote.
    pub fn is_poisoned(&self) -> bool {
        self.raw.is_poisoned()
    }

    /// What the lock protects is good again.
    pub fn clear_poison(&self) {
        self.raw.set_poisoned(false);
    }

    /// The value, which nobody else can have.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// The value, without the lock.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

/// Shared access to what an [`RwLock`] protects, until it is dropped.
#[must_use = "the lock is released when this is dropped"]
#[derive(Debug)]
pub struct RwLockReadGuard<'a, T> {
    lock: &'a RwLock<T>,
    /// It stays with the thread that took it, as in std.
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives a shared reference to the value, and nothing else.
unsafe impl<T: Sync> Sync for RwLockReadGuard<'_, T> {}

impl<'a, T> RwLockReadGuard<'a, T> {
    /// For a lock that the current thread has just taken to read.
    fn new(lock: &'a RwLock<T>) -> Self {
        Self {
            lock,
            not_send: PhantomData,
        }
    }
}

impl<T> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while the guard exists nobody writes.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.raw.read_is_over();
    }
}

/// Exclusive access to what an [`RwLock`] protects, until it is dropped.
#[must_use = "the lock is released when this is dropped"]
#[derive(Debug)]
pub struct RwLockWriteGuard<'a, T> {
    lock: &'a RwLock<T>,
    /// It stays with the thread that took it, as in std.
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives a shared reference to the value, and nothing else.
unsafe impl<T: Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<'a, T> RwLockWriteGuard<'a, T> {
    /// For a lock that the current thread has just taken to write.
    fn new(lock: &'a RwLock<T>) -> Self {
        Self {
            lock,
            not_send: PhantomData,
        }
    }
}

impl<T> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while the guard exists nobody else reads or writes.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as for `deref`, and `self` is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.raw.write_is_over();
    }
}
