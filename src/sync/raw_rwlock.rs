//! A read-write lock without its value: who is inside, who waits, and what becomes of it when a holder crashes.

#![expect(unsafe_code, reason = "puts the current thread into a list")]

use core::sync::atomic::{AtomicBool, Ordering};

use crate::arch::cpu::IrqGuard;
use crate::sched::wait_list::WaitList;
use crate::sched::wake::{self, Claimed, State};
use crate::sched::{registry, thread};
use crate::sync::SpinLock;

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

impl RawRwLock {
    /// One that nobody holds.
    pub(super) const fn new() -> Self {
        Self {
            turns: SpinLock::new(Turns::new()),
            is_poisoned: AtomicBool::new(false),
        }
    }

    /// Whether a thread has crashed that wrote.
    pub(super) fn is_poisoned(&self) -> bool {
        self.is_poisoned.load(Ordering::Relaxed)
    }

    pub(super) fn set_poisoned(&self, is_poisoned: bool) {
        self.is_poisoned.store(is_poisoned, Ordering::Relaxed);
    }

    /// Waits until nobody writes or waits to write.
    pub(super) fn read(&self) {
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

    /// Waits until nobody is inside.
    pub(super) fn write(&self) {
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

    /// As [`read`](Self::read), if that is possible without waiting.
    pub(super) fn try_read(&self) -> bool {
        self.enter_if(Turns::try_read)
    }

    /// As [`write`](Self::write), if that is possible without waiting.
    pub(super) fn try_write(&self) -> bool {
        self.enter_if(Turns::try_write)
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
    pub(super) fn refuse_poison(&self, leave: impl FnOnce(&Self)) {
        if self.is_poisoned() {
            leave(self);
            crate::fault::poisoned();
        }
    }

    /// The current thread reads no more.
    pub(super) fn read_is_over(&self) {
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

    /// The current thread writes no more.
    pub(super) fn write_is_over(&self) {
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
            lock.set_poisoned(true);
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
