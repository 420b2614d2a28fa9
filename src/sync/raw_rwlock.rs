//! A read-write lock without its value: who is inside, who waits, and what becomes of it when a holder crashes.

#![expect(unsafe_code, reason = "puts the current thread into a list")]

use alloc::boxed::Box;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use crate::arch::cpu::IrqGuard;
use crate::sched::thread;
use crate::sched::wait_list::WaitList;
use crate::sched::wake::{self, Claimed, State};
use crate::sync::SpinLock;

/// The lock without its value: where it is, once somebody has used it.
#[derive(Debug, Default)]
pub(crate) struct RawRwLock(AtomicPtr<Shared>);

/// What a thread's block may point to. At an address that stays for as long as a guard is counted, forgotten ones
/// (`mem::forget`) included: the lock itself may move, or go, while its thread lives on and crashes later.
#[derive(Debug)]
pub(crate) struct Shared {
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

    /// Nobody is inside: all readers that wait have it, and are woken.
    fn admit_readers(&mut self, irq: &IrqGuard) {
        self.reading = self.readers.wake_all(irq);
    }
}

impl RawRwLock {
    /// One that nobody holds.
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }
}

impl core::ops::Deref for RawRwLock {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        let shared = self.0.load(Ordering::Acquire);
        let shared = if shared.is_null() {
            self.first_use()
        } else {
            shared
        };
        // SAFETY: made below, and there until `drop`.
        unsafe { &*shared }
    }
}

impl RawRwLock {
    #[cold]
    fn first_use(&self) -> *mut Shared {
        let made = Box::into_raw(Box::new(Shared::new()));
        let null = ptr::null_mut();
        match self
            .0
            .compare_exchange(null, made, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => made,
            Err(first) => {
                // SAFETY: just made, and nobody has seen it.
                drop(unsafe { Box::from_raw(made) });
                first
            }
        }
    }
}

impl Shared {
    const fn new() -> Self {
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
        self.end_write(&irq);
    }

    fn end_write(&self, irq: &IrqGuard) {
        let mut turns = self.turns.lock();
        turns.is_writing = false;
        if turns.readers.is_empty() {
            let next = turns.admit_writer();
            drop(turns);
            wake_one(next, irq);
        } else {
            turns.admit_readers(irq);
            drop(turns);
            wake::preempt_or_arm(irq);
        }
    }
}

impl Drop for RawRwLock {
    fn drop(&mut self) {
        let shared = *self.0.get_mut();
        if shared.is_null() {
            return;
        }
        let is_held = {
            // SAFETY: made by `first_use`, and there until here.
            let turns = unsafe { &*shared }.turns.lock();
            turns.is_writing || turns.reading > 0
        };
        // Else guards were forgotten, and their threads' blocks still point here: it is left to them, for good.
        if !is_held {
            // SAFETY: a thread takes it out of its block before it is counted out; so nobody points here any more.
            drop(unsafe { Box::from_raw(shared) });
        }
    }
}

/// The current thread has crashed: what it reads it reads no more, what it writes is poisoned.
pub(crate) fn abandon() {
    while let Some(lock) = thread::current().held.take() {
        // SAFETY: it stays for as long as this thread is counted, which ends below.
        let lock = unsafe { &*lock };
        let irq = IrqGuard::mask();
        if lock.turns.lock().is_writing {
            lock.set_poisoned(true);
            lock.end_write(&irq);
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
