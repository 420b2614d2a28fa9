//! A spin lock that masks IRQs on this core while it is held.

use core::ops::{Deref, DerefMut};

use spin::RelaxStrategy;
use spin::mutex::{SpinMutex, SpinMutexGuard};

use crate::arch::cpu::{self, IrqGuard};

/// Protects what several cores, or a thread and an interrupt handler, share for a short time.
///
/// Not a ticket lock: under an emulator with more cores than the host, a ticket lock hands itself to cores
/// that are not running.
#[derive(Debug, Default)]
pub struct SpinLock<T> {
    inner: SpinMutex<T, Relax>,
}

/// What a core does between two looks at a lock that another one has.
#[derive(Debug)]
struct Relax;

impl RelaxStrategy for Relax {
    #[inline(always)]
    fn relax() {
        cpu::relax();
    }
}

impl<T> SpinLock<T> {
    /// An unlocked lock around `value`.
    pub const fn new(value: T) -> Self {
        Self {
            inner: SpinMutex::new(value),
        }
    }

    /// Masks IRQs on this core and takes the lock. Not recursive.
    #[inline]
    pub fn lock(&self) -> SpinLockGuard<'_, T> {
        let irq = IrqGuard::mask();
        SpinLockGuard {
            inner: self.inner.lock(),
            _irq: irq,
        }
    }

    /// The same where IRQs are masked already.
    #[inline]
    pub fn lock_masked<'a>(&'a self, _masked: &'a IrqGuard) -> impl DerefMut<Target = T> + 'a {
        self.inner.lock()
    }

    /// Takes the lock if nobody has it.
    pub fn try_lock(&self) -> Option<SpinLockGuard<'_, T>> {
        let irq = IrqGuard::mask();
        self.inner
            .try_lock()
            .map(|inner| SpinLockGuard { inner, _irq: irq })
    }
}

/// Access to what a [`SpinLock`] protects. Dropping it releases the lock, then restores the IRQ mask.
#[must_use = "the lock is released when this is dropped"]
#[derive(Debug)]
pub struct SpinLockGuard<'a, T> {
    // The order is the order of dropping.
    inner: SpinMutexGuard<'a, T, Relax>,
    _irq: IrqGuard,
}

impl<T> Deref for SpinLockGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for SpinLockGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}
