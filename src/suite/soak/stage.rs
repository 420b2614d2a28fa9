//! What the threads of `soak` have in common.
//!
//! All of it is static: what a thread had captured is lost when it crashes, a count of a reference among it.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use heapless::Deque;

use super::{
    super::{
        crash::kinds::{KINDS, Kind},
        wrong::{Wrong, require},
    },
    draw::{Holds, LOCKS, SLOTS},
    meetings::Meeting,
};
use crate::sync::{Mutex, MutexGuard, RwLock, Semaphore, SpinLock};

/// How many orders wait for a thread before the one that gives them has to wait.
const DEPTH: usize = 4;

/// Threads that nobody waits for, at most.
pub(super) const LOOSE: usize = 8;

/// The ways to crash, and the one that is no kind of its own: taking a mutex whose owner has crashed.
pub(super) const FAULTS: usize = KINDS.len() + 1;

/// What a thread is told.
pub(super) enum Order {
    Work {
        what: usize,
        argument: u64,
    },
    Meet {
        what: usize,
        argument: u64,
        side: usize,
        meeting: Arc<Meeting>,
    },
    Crash {
        kind: &'static Kind,
        holds: Holds,
    },
    /// By number too.
    Child {
        kind: &'static Kind,
        fault: usize,
    },
    /// The number of a panic.
    Poison {
        panic: usize,
    },
    End,
}

/// The place of one thread.
pub(super) struct Slot {
    orders: SpinLock<Deque<Order, DEPTH>>,
    given: Semaphore,
    room: Semaphore,
    /// How many orders were carried out.
    pub(super) done: AtomicU64,
    /// To crash inside of.
    pub(super) own: RwLock<u64>,
    /// To crash with, and to die of.
    pub(super) grave: Mutex<()>,
}

impl Slot {
    const fn new() -> Self {
        Self {
            orders: SpinLock::new(Deque::new()),
            given: Semaphore::new(0),
            room: Semaphore::new(DEPTH),
            done: AtomicU64::new(0),
            own: RwLock::new(0),
            grave: Mutex::new(()),
        }
    }

    /// Gives an order, when there is room for one; whether there was in time.
    pub(super) fn give(&self, order: Order, patience: core::time::Duration) -> bool {
        if !self.room.acquire_timeout(patience) {
            return false;
        }
        let is_kept = self.orders.lock().push_back(order).is_ok();
        self.given.release();
        is_kept
    }

    /// Waits for an order.
    pub(super) fn take(&self) -> Option<Order> {
        self.given.acquire();
        let order = self.orders.lock().pop_front();
        self.room.release();
        order
    }
}

/// What they share.
pub(super) struct Stage {
    is_taken: AtomicBool,
    pub(super) slots: [Slot; SLOTS],
    /// Two numbers each, which are the same whenever nobody is between them. Threads crash there.
    pairs: [Mutex<[u64; 2]>; LOCKS],
    /// How often somebody was told that a thread had crashed there.
    pub(super) poisons: AtomicU64,
    /// How often somebody was there to work.
    pub(super) entered: AtomicU64,
    /// Nobody crashes with these two.
    pub(super) calm: Mutex<u64>,
    pub(super) shared: RwLock<[u64; 2]>,
    /// For threads that nobody waits for.
    pub(super) loose: Semaphore,
    /// Crashes that ended by what was raised, by number.
    survived: [AtomicU64; FAULTS],
    /// The first thing that was wrong.
    wrong: SpinLock<Option<Wrong>>,
}

/// One at a time.
pub(super) static STAGE: Stage = Stage {
    is_taken: AtomicBool::new(false),
    slots: [const { Slot::new() }; SLOTS],
    pairs: [const { Mutex::new([0; 2]) }; LOCKS],
    poisons: AtomicU64::new(0),
    entered: AtomicU64::new(0),
    calm: Mutex::new(0),
    shared: RwLock::new([0; 2]),
    loose: Semaphore::new(LOOSE),
    survived: [const { AtomicU64::new(0) }; FAULTS],
    wrong: SpinLock::new(None),
};

impl Stage {
    /// Takes it, as if nobody had been there. Not if somebody still is.
    pub(super) fn take(&self) -> bool {
        if self.is_taken.swap(true, Ordering::Acquire) {
            return false;
        }
        for number in self.survived.iter().chain([&self.poisons, &self.entered]) {
            number.store(0, Ordering::Relaxed);
        }
        // One that was cancelled may have left them poisoned.
        for pair in &self.pairs {
            let mut pair = pair.lock_always();
            MutexGuard::clear_poison(&pair);
            *pair = [0; 2];
        }
        *self.wrong.lock() = None;
        // What a lock needs of the heap it takes at its first use, and keeps.
        self.slots.iter().for_each(|slot| *slot.own.write() = 0);
        *self.shared.write() = [0; 2];
        true
    }

    /// Gives it back: all threads have ended.
    pub(super) fn give_back(&self) {
        self.is_taken.store(false, Ordering::Release);
    }

    /// Goes between two numbers, and puts right what one who crashed there has left half done.
    pub(super) fn enter(&self, lock: usize) -> MutexGuard<'_, [u64; 2]> {
        let (pair, expected) = match self.pairs[lock].lock_checked() {
            Ok(pair) => (pair, 0),
            Err(poisoned) => {
                let pair = poisoned.into_inner();
                MutexGuard::clear_poison(&pair);
                self.poisons.fetch_add(1, Ordering::Relaxed);
                (pair, 1)
            }
        };
        let mut pair = pair;
        self.note(require(
            "how far two numbers under a mutex are apart",
            expected,
            pair[0].wrapping_sub(pair[1]),
        ));
        pair[1] = pair[0];
        pair
    }

    /// The sum of what was done under the mutexes.
    pub(super) fn sum(&self) -> u64 {
        (0..LOCKS).map(|lock| self.enter(lock)[1]).sum()
    }

    /// A crash ended by what was raised.
    pub(super) fn count_survived(&self, fault: usize) {
        self.survived[fault].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn survived(&self, fault: usize) -> u64 {
        self.survived[fault].load(Ordering::Relaxed)
    }

    /// Keeps what was wrong, if it is the first.
    pub(super) fn note(&self, result: Result<(), Wrong>) {
        if let Err(wrong) = result {
            self.wrong.lock().get_or_insert(wrong);
        }
    }

    /// The first thing that was wrong.
    pub(super) fn wrong(&self) -> Option<Wrong> {
        *self.wrong.lock()
    }
}
