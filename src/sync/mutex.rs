//! Mutual exclusion between threads: one word when nobody waits, first come, first served when somebody
//! does.

#![expect(unsafe_code, reason = "a lock hands out exclusive access")]

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::arch::cpu::{self, IrqGuard};
use crate::sched::wait_list::WaitList;
use crate::sched::wake::{self, Claimed, State};
use crate::sync::SpinLock;

/// Nobody holds the mutex.
const FREE: usize = 0;
/// Somebody waits: unlocking must look at the list. Thread blocks are aligned, so the bit is free.
const WAITERS: usize = 1;

/// A lock that a thread waits for asleep. Fair: a released mutex belongs to whoever waited longest.
///
/// The word holds the owner's block and whether somebody waits; it never says "free" while the list has a
/// waiter, so nobody overtakes.
#[derive(Debug, Default)]
pub struct Mutex<T> {
    word: AtomicUsize,
    waiters: SpinLock<WaitList>,
    value: UnsafeCell<T>,
}

// SAFETY: the lock gives access to one thread at a time, so it is enough that the value may move between
// threads.
unsafe impl<T: Send> Sync for Mutex<T> {}
// SAFETY: as above; moving the mutex moves the value.
unsafe impl<T: Send> Send for Mutex<T> {}

impl<T> Mutex<T> {
    /// An unlocked mutex around `value`.
    pub const fn new(value: T) -> Self {
        Self {
            word: AtomicUsize::new(FREE),
            waiters: SpinLock::new(WaitList::new()),
            value: UnsafeCell::new(value),
        }
    }

    /// Takes the mutex, asleep until it is this thread's turn. Not recursive: a thread that locks a mutex
    /// which it holds waits for ever. Threads only, with IRQs unmasked.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let me = cpu::thread_pointer();
        if self
            .word
            .compare_exchange(FREE, me, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            self.lock_contended(me);
        }
        MutexGuard {
            mutex: self,
            not_send: PhantomData,
        }
    }

    /// Takes the mutex if nobody has it.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let me = cpu::thread_pointer();
        self.word
            .compare_exchange(FREE, me, Ordering::Acquire, Ordering::Relaxed)
            .ok()
            .map(|_| MutexGuard {
                mutex: self,
                not_send: PhantomData,
            })
    }

    #[cold]
    fn lock_contended(&self, me: usize) {
        let irq = IrqGuard::mask();
        let mut waiters = self.waiters.lock();
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            // The list lock keeps the slow unlock out; only the fast one can still change the word.
            let wanted = if word == FREE { me } else { word | WAITERS };
            match self
                .word
                .compare_exchange(word, wanted, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(FREE) => return,
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        // SAFETY: the current thread waits for nothing else, and stays in the list until it is woken.
        unsafe { waiters.push_current(State::Waiting, &irq) };
        drop(waiters);
        wake::block(&irq);
        // Whoever unlocked made this thread the owner before waking it.
        debug_assert_eq!(self.word.load(Ordering::Relaxed) & !WAITERS, me);
    }

    #[inline]
    fn unlock(&self) {
        if let Some(next) = self.release() {
            next.make_ready();
        }
    }

    /// Gives the mutex up. Returns the thread that has it now and must be made ready, if somebody waited.
    #[inline]
    fn release(&self) -> Option<Claimed> {
        let me = cpu::thread_pointer();
        match self
            .word
            .compare_exchange(me, FREE, Ordering::Release, Ordering::Relaxed)
        {
            Ok(_) => None,
            Err(_) => self.hand_over(),
        }
    }

    #[cold]
    fn hand_over(&self) -> Option<Claimed> {
        let mut waiters = self.waiters.lock();
        let next = waiters.claim_first();
        let word = next.as_ref().map_or(FREE, |next| {
            next.address() | if waiters.is_empty() { 0 } else { WAITERS }
        });
        self.word.store(word, Ordering::Release);
        next
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
    /// The mutex that this guard locks.
    pub(super) fn mutex(&self) -> &'a Mutex<T> {
        self.mutex
    }

    /// Releases the mutex in the middle of something: the caller is about to block, so whoever gets the mutex
    /// is queued, and the switch decides.
    pub(super) fn release_before_blocking(self, irq: &IrqGuard) {
        let next = self.mutex.release();
        core::mem::forget(self);
        if let Some(next) = next {
            next.enqueue(irq);
        }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.unlock();
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
