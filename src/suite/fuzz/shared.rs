//! What the threads of `fuzz` have in common, and how one of them goes round.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

pub(super) use super::super::wrong::{Wrong, require};
use crate::{
    cores::{self, CoreId},
    sync::{
        Barrier, Condvar, Mutex, RwLock, Semaphore, SpinLock,
        channel::{self, Receiver, Sender},
    },
    thread::Thread,
};

/// The most threads of a crew.
pub(super) const MOST: usize = 32;

/// What the threads work on.
pub(super) struct Shared {
    must_stop: AtomicBool,
    has_failed: AtomicBool,
    rounds: [AtomicU64; MOST],
    pub(super) cores: Vec<CoreId>,
    /// A sum that only who holds the mutex changes, not atomically.
    pub(super) sum: Mutex<u64>,
    /// Who is in the section that `sum`'s mutex guards.
    pub(super) holders: AtomicU32,
    /// One place, for numbers in their order.
    pub(super) place: Mutex<Option<u64>>,
    pub(super) filled: Condvar,
    pub(super) emptied: Condvar,
    /// One permit.
    pub(super) permit: Semaphore,
    /// Who has it.
    pub(super) permitted: AtomicU32,
    /// For the two that signal each other: the permit to go on.
    pub(super) signals: [Semaphore; 2],
    /// Two numbers that are the same whenever nobody writes.
    pub(super) pair: RwLock<[u64; 2]>,
    /// Room for two numbers.
    pub(super) channel: (Sender<u64>, Receiver<u64>),
    /// For the two that meet.
    pub(super) barrier: Barrier,
    /// How often each of them came.
    pub(super) met: [AtomicU64; 2],
    /// They meet for the last time.
    pub(super) is_last: AtomicBool,
    /// Whose turn it is of the two that park.
    pub(super) turn: AtomicUsize,
    /// The two that park.
    pub(super) players: SpinLock<[Option<Thread>; 2]>,
}

impl Shared {
    /// `None`: no memory.
    #[expect(
        clippy::large_stack_frames,
        reason = "made once; a command has a stack of 32 KiB"
    )]
    pub(super) fn new() -> Option<Self> {
        Some(Self {
            must_stop: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
            rounds: [const { AtomicU64::new(0) }; MOST],
            cores: cores::online().collect(),
            sum: Mutex::new(0),
            holders: AtomicU32::new(0),
            place: Mutex::new(None),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            permit: Semaphore::new(1),
            permitted: AtomicU32::new(0),
            signals: [Semaphore::new(1), Semaphore::new(0)],
            pair: RwLock::new([0; 2]),
            channel: channel::bounded(2).ok()?,
            barrier: Barrier::new(2),
            met: [const { AtomicU64::new(0) }; 2],
            is_last: AtomicBool::new(false),
            turn: AtomicUsize::new(0),
            players: SpinLock::new([None, None]),
        })
    }

    /// How often thread number `me` has come round.
    pub(super) fn rounds(&self, me: usize) -> u64 {
        self.rounds[me].load(Ordering::Relaxed)
    }

    /// Whether the threads are to end.
    pub(super) fn must_stop(&self) -> bool {
        self.must_stop.load(Ordering::Relaxed)
    }

    /// Whether one of them has found something wrong.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// One of them has.
    pub(super) fn fail(&self) {
        self.has_failed.store(true, Ordering::Relaxed);
    }

    /// Ends the threads, whatever they wait for.
    pub(super) fn stop(&self) {
        // Once the lock could be had after the request, whoever waits with it has seen the request, or waits and
        // is woken by what follows.
        self.ask_to_stop();
        drop(self.place.lock());
        self.ask_to_stop();
    }

    /// Asks the threads to end, without waiting for any of them: one that is about to wait may miss it.
    pub(super) fn ask_to_stop(&self) {
        self.must_stop.store(true, Ordering::SeqCst);
        self.filled.notify_all();
        self.emptied.notify_all();
        let players = self.players.lock().clone();
        players.iter().flatten().for_each(Thread::unpark);
    }
}

/// The rounds of one thread.
pub(super) struct Rounds<'s> {
    shared: &'s Shared,
    me: usize,
    round: u64,
}

impl<'s> Rounds<'s> {
    pub(super) fn new(shared: &'s Shared, me: usize) -> Self {
        Self {
            shared,
            me,
            round: 0,
        }
    }
}

impl Rounds<'_> {
    /// As [`next`](Iterator::next), but there is a next one also when the threads are to end.
    pub(super) fn go_on(&mut self) -> u64 {
        self.shared.rounds[self.me].store(self.round, Ordering::Relaxed);
        self.round += 1;
        self.round - 1
    }
}

impl Iterator for Rounds<'_> {
    type Item = u64;

    /// The number of the next round, from 0; `None` when the threads are to end.
    fn next(&mut self) -> Option<u64> {
        self.shared.rounds[self.me].store(self.round, Ordering::Relaxed);
        if self.shared.must_stop() {
            return None;
        }
        self.round += 1;
        Some(self.round - 1)
    }
}
