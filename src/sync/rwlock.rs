//! A lock for many readers or one writer.

#![expect(unsafe_code, reason = "a lock hands out access")]

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, Ordering};

use crate::arch::cpu::IrqGuard;
use crate::sched::wait_list::WaitList;
use crate::sched::wake::{self, Claimed, State};
use crate::sched::{registry, thread};
use crate::sync::SpinLock;

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

/// The lock without its value.
#[derive(Debug, Default)]
pub(crate) struct RawRwLock {
    turns: SpinLock<Turns>,
    /// A thread has crashed that wrote. Changed under the lock of the turns.
    is_poisoned: AtomicBool,
}

/// Who is inside, and who waits. The lock belongs to a thread from when it is counted here, before it is woken.
#[derive(Debug, Default)]
struct Turns {
    reading: usize,
    is_writing: bool,
    readers: WaitList,
    writers: WaitList,
}

// SAFETY: readers on several threads share the value, a writer may take it to its own.
unsafe impl<T: Send + Sync> Sync for RwLock<T> {}
// SAFETY: moving the lock moves the value.
unsafe impl<T: Send> Send for RwLock<T> {}

impl Turns {
    const fn new() -> Self {
        Self {
            reading: 0,
            is_writing: false,
            readers: WaitList::new(),
            writers: WaitList::new(),
        }
    }

    fn try_read(&mut self) -> bool {
        let is_possible = !self.is_writing && self.writers.is_empty();
        self.reading += usize::from(is_possible);
        is_possible
    }

    fn try_write(&mut self) -> bool {
        let is_possible = !self.is_writing && self.reading == 0;
        self.is_writing |= is_possible;
        is_possible
    }

    /// Nobody is inside: the next writer has it.
    fn admit_writer(&mut self) -> Option<Claimed> {
        let writer = self.writers.claim_first();
        self.is_writing = writer.is_some();
        writer
    }

    /// Nobody is inside: all readers that wait have it, and are the caller's to wake.
    fn admit_readers(&mut self) -> WaitList {
        self.reading = self.readers.len();
        core::mem::take(&mut self.readers)
    }
}

impl<T> RwLock<T> {
    /// An unlocked lock around `value`.
    pub const fn new(value: T) -> Self {
        Self {
            raw: RawRwLock {
                turns: SpinLock::new(Turns::new()),
                is_poisoned: AtomicBool::new(false),
            },
            value: UnsafeCell::new(value),
        }
    }

    /// Waits until nobody writes or waits to write, and keeps writers out. A thread that already reads and comes
    /// again may wait for a writer that waits for it: do not.
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.raw.read();
        self.raw.refuse_poison(RawRwLock::read_is_over);
        RwLockReadGuard::new(self)
    }

    /// Waits until nobody reads or writes, and keeps all others out.
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.raw.write();
        self.raw.refuse_poison(RawRwLock::write_is_over);
        RwLockWriteGuard::new(self)
    }

    /// As [`read`](Self::read), if that is possible without waiting.
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        if !self.raw.enter_if(Turns::try_read) {
            return None;
        }
        self.raw.refuse_poison(RawRwLock::read_is_over);
        Some(RwLockReadGuard::new(self))
    }

    /// As [`write`](Self::write), if that is possible without waiting.
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        if !self.raw.enter_if(Turns::try_write) {
            return None;
        }
        self.raw.refuse_poison(RawRwLock::write_is_over);
        Some(RwLockWriteGuard::new(self))
    }

    /// Whether a thread has crashed that wrote.
    pub fn is_poisoned(&self) -> bool {
        self.raw.is_poisoned.load(Ordering::Relaxed)
    }

    /// What the lock protects is good again.
    pub fn clear_poison(&self) {
        self.raw.is_poisoned.store(false, Ordering::Relaxed);
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

impl RawRwLock {
    fn read(&self) {
        let irq = IrqGuard::mask();
        let mut turns = self.turns.lock();
        if !turns.try_read() {
            // SAFETY: the current thread waits for nothing else, and stays in a list until it is woken.
            unsafe { turns.readers.push_current(State::Waiting, &irq) };
            drop(turns);
            wake::block(&irq);
        }
        thread::current().held.add(self);
    }

    fn write(&self) {
        let irq = IrqGuard::mask();
        let mut turns = self.turns.lock();
        if !turns.try_write() {
            // SAFETY: as in `read`.
            unsafe { turns.writers.push_current(State::Waiting, &irq) };
            drop(turns);
            wake::block(&irq);
        }
        thread::current().held.add(self);
    }

    fn enter_if(&self, enter: impl FnOnce(&mut Turns) -> bool) -> bool {
        let _irq = IrqGuard::mask();
        let is_inside = enter(&mut self.turns.lock());
        if is_inside {
            thread::current().held.add(self);
        }
        is_inside
    }

    /// The current thread has taken it: ends the thread, if it is poisoned.
    fn refuse_poison(&self, leave: impl FnOnce(&Self)) {
        if self.is_poisoned.load(Ordering::Relaxed) {
            leave(self);
            crate::fault::poisoned();
        }
    }

    fn read_is_over(&self) {
        let irq = IrqGuard::mask();
        thread::current().held.remove(self);
        self.end_read(&irq);
    }

    fn end_read(&self, irq: &IrqGuard) {
        let mut turns = self.turns.lock();
        turns.reading -= 1;
        if turns.reading > 0 {
            return;
        }
        // Readers wait only while a writer does.
        let next = turns.admit_writer();
        drop(turns);
        wake_one(next, irq);
    }

    fn write_is_over(&self) {
        let irq = IrqGuard::mask();
        thread::current().held.remove(self);
        self.end_write(irq);
    }

    fn end_write(&self, irq: IrqGuard) {
        let mut turns = self.turns.lock();
        turns.is_writing = false;
        if turns.readers.is_empty() {
            let next = turns.admit_writer();
            drop(turns);
            wake_one(next, &irq);
        } else {
            let readers = turns.admit_readers();
            drop(turns);
            drop(irq);
            readers.wake_all();
        }
    }
}

impl Drop for RawRwLock {
    fn drop(&mut self) {
        let is_held = {
            let turns = self.turns.lock();
            turns.is_writing || turns.reading > 0
        };
        // Guards were forgotten: nobody may come back to it.
        if is_held {
            registry::for_each(|thread| thread.held.forget(self));
        }
    }
}

/// The current thread has crashed: what it reads it reads no more, what it writes is poisoned.
pub(crate) fn abandon() {
    while let Some(lock) = thread::current().held.take() {
        // SAFETY: a lock takes itself out when it goes; until then it is there.
        let lock = unsafe { &*lock };
        let irq = IrqGuard::mask();
        if lock.turns.lock().is_writing {
            lock.is_poisoned.store(true, Ordering::Relaxed);
            lock.end_write(irq);
        } else {
            lock.end_read(&irq);
        }
    }
}

fn wake_one(thread: Option<Claimed>, irq: &IrqGuard) {
    if let Some(thread) = thread {
        thread.make_ready_masked(irq);
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
