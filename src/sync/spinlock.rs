//! A spin lock that masks IRQs on this core while it is held, and knows who has it.

#![expect(unsafe_code, reason = "who has the lock has the value")]

mod waits;

use core::arch::asm;
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::arch::cpu::IrqGuard;

pub(crate) use waits::wait_of;

/// Nobody has the lock.
const FREE: usize = 0;

/// Protects what several cores, or a thread and an interrupt handler, share for a short time.
///
/// Its word is the block of the thread that runs on the core that has it: an instruction reads that register where
/// another one would make a 1. So a core that waits long can say for whom (`hangs`).
///
/// Not a ticket lock: under an emulator with more cores than the host, a ticket lock hands itself to cores
/// that are not running.
// The word first: an exclusive load has no offset, so its address is the lock's.
#[repr(C)]
pub struct SpinLock<T> {
    owner: AtomicUsize,
    value: UnsafeCell<T>,
}

// SAFETY: one core at a time reaches the value, and it may be another one each time.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    /// An unlocked lock around `value`.
    pub const fn new(value: T) -> Self {
        Self {
            owner: AtomicUsize::new(FREE),
            value: UnsafeCell::new(value),
        }
    }

    /// Masks IRQs on this core and takes the lock. Not recursive.
    #[inline]
    pub fn lock(&self) -> SpinLockGuard<'_, T> {
        let irq = IrqGuard::mask();
        SpinLockGuard {
            held: self.hold(&irq),
            _irq: irq,
        }
    }

    /// The same where IRQs are masked already.
    #[inline]
    pub fn lock_masked<'a>(&'a self, masked: &'a IrqGuard) -> impl DerefMut<Target = T> + 'a {
        self.hold(masked)
    }

    #[inline(always)]
    fn hold(&self, masked: &IrqGuard) -> Held<'_, T> {
        // A store that fails for no reason is tried again by `wait`.
        let taken = self.owner.compare_exchange_weak(
            FREE,
            whoever_runs(),
            Ordering::Acquire,
            Ordering::Relaxed,
        );
        if taken.is_err() {
            waits::wait(&self.owner, masked);
        }
        Held::new(self)
    }

    /// Takes the lock if nobody has it.
    pub fn try_lock(&self) -> Option<SpinLockGuard<'_, T>> {
        let irq = IrqGuard::mask();
        try_take(&self.owner).then(|| SpinLockGuard {
            held: Held::new(self),
            _irq: irq,
        })
    }
}

fn try_take(owner: &AtomicUsize) -> bool {
    owner
        .compare_exchange(FREE, whoever_runs(), Ordering::Acquire, Ordering::Relaxed)
        .is_ok()
}

/// The block of the thread that runs here, or that an interrupt has interrupted; not [`FREE`], from the first Rust
/// code on. Not `pure` as `cpu::thread_pointer`: it must not be read before `init_pointers` has set it.
#[inline(always)]
fn whoever_runs() -> usize {
    let value: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mrs {}, tpidr_el0", out(reg) value, options(nomem, nostack, preserves_flags)) };
    debug_assert_ne!(value, FREE);
    value
}

impl<T: Default> Default for SpinLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> fmt::Debug for SpinLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpinLock").finish_non_exhaustive()
    }
}

/// The lock, taken. Dropping it releases the lock.
#[derive(Debug)]
struct Held<'a, T> {
    lock: &'a SpinLock<T>,
    /// The lock belongs to what runs on this core now.
    not_send: PhantomData<*const ()>,
}

impl<'a, T> Held<'a, T> {
    #[inline(always)]
    const fn new(lock: &'a SpinLock<T>) -> Self {
        Self {
            lock,
            not_send: PhantomData,
        }
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: it is made by whoever has taken the lock.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Held<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above; `self` is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Held<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.lock.owner.store(FREE, Ordering::Release);
    }
}

/// Access to what a [`SpinLock`] protects. Dropping it releases the lock, then restores the IRQ mask.
#[must_use = "the lock is released when this is dropped"]
#[derive(Debug)]
pub struct SpinLockGuard<'a, T> {
    // The order is the order of dropping.
    held: Held<'a, T>,
    _irq: IrqGuard,
}

impl<T> Deref for SpinLockGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.held
    }
}

impl<T> DerefMut for SpinLockGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.held
    }
}
