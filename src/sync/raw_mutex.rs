//! A mutex without its value: the word, and the way through the queue when the word is taken.

#![expect(unsafe_code, reason = "puts the current thread into a list")]

use core::cell::UnsafeCell;
use core::ptr::with_exposed_provenance;

use crate::sched::atomic::{AtomicUsize, Ordering, const_unless_checked};
use crate::sync::inheritance::{GRAPH, Graph, Queue};
use crate::sync::kernel::{self, IrqGuard, Thread, thread_pointer};

/// Nobody holds the mutex.
const FREE: usize = 0;
/// Somebody waits: unlocking must look at the queue. Blocks of threads are aligned, so the bit is free.
const WAITERS: usize = 1;
/// An owner has died with it. The bit stays when it is unlocked, so that nobody takes it by the short way.
const POISONED: usize = 2;
const FLAGS: usize = WAITERS | POISONED;

/// The word holds the owner's thread pointer, whether somebody waits, and whether an owner has died; it never says
/// "free" while the queue has a waiter, so nobody overtakes. The thread pointer has the generation of the owner's block
/// in it (`sched::blocks`): a word with an earlier one is a dead owner's.
///
/// All queues of all mutexes are under one lock, that of the graph of who waits for whom. While it is held and
/// the queue is not empty, only its holder changes the word.
#[derive(Debug)]
pub(super) struct RawMutex {
    word: AtomicUsize,
    queue: UnsafeCell<Queue>,
}

/// How a mutex was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "whoever takes a poisoned mutex has to be told"]
pub(super) enum Taken {
    /// Every owner so far has unlocked it.
    Whole,
    /// An owner has died with it.
    Poisoned,
}

impl Taken {
    const fn of(word: usize) -> Self {
        if word & POISONED == 0 {
            Self::Whole
        } else {
            Self::Poisoned
        }
    }
}

// SAFETY: the word is atomic, and the queue is reached with the locked graph only.
unsafe impl Sync for RawMutex {}
// SAFETY: as above; a mutex that somebody waits for is borrowed, so it does not move.
unsafe impl Send for RawMutex {}

impl RawMutex {
    const_unless_checked! {
        /// One that nobody holds.
        pub(super) fn new() -> Self {
            Self {
                word: AtomicUsize::new(FREE),
                queue: UnsafeCell::new(Queue::new()),
            }
        }
    }

    /// Takes it if nobody has it.
    #[inline]
    pub(super) fn try_lock(&self) -> bool {
        self.word
            .compare_exchange(FREE, thread_pointer(), Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// As [`try_lock`](Self::try_lock), where the short way has failed: one that an owner has died with is taken too.
    #[cold]
    pub(super) fn try_lock_of_dead(&self) -> Option<Taken> {
        let word = self.word.load(Ordering::Relaxed);
        if !Self::is_takeable(word) {
            return None;
        }
        let mut graph = GRAPH.lock();
        self.take(&mut graph)
    }

    /// Takes it where the short way has failed, asleep until it is this thread's turn.
    #[cold]
    pub(super) fn lock_contended(&self) -> Taken {
        let irq = IrqGuard::mask();
        if let Some(taken) = self.take_or_queue(&irq) {
            return taken;
        }
        kernel::block(&irq);
        self.handed_over()
    }

    /// As [`lock_contended`](Self::lock_contended), but until `deadline_ticks` at most. None: the time ran out.
    #[cold]
    pub(super) fn lock_until(&self, deadline_ticks: u64) -> Option<Taken> {
        let irq = IrqGuard::mask();
        if let Some(taken) = self.take_or_queue(&irq) {
            return Some(taken);
        }
        if kernel::block_until(deadline_ticks, &irq) {
            GRAPH.lock().leave(self, &irq);
            // The owner may have lost what it inherited, and it may stand in this core's queue.
            kernel::preempt_or_arm(&irq);
            return None;
        }
        Some(self.handed_over())
    }

    /// For a thread that was woken: whoever unlocked made it the owner before waking it.
    fn handed_over(&self) -> Taken {
        let word = self.word.load(Ordering::Relaxed);
        debug_assert_eq!(word & !FLAGS, thread_pointer());
        Taken::of(word)
    }

    /// Takes it, or puts the current thread into its queue (`None`): then it must go on to block.
    fn take_or_queue(&self, irq: &IrqGuard) -> Option<Taken> {
        let mut graph = GRAPH.lock();
        if let Some(taken) = self.take(&mut graph) {
            return Some(taken);
        }
        // SAFETY: the current thread waits for nothing else, and stays in the queue until it is woken or its time
        // has run out, when it leaves.
        unsafe { graph.enter(self, irq) };
        None
    }

    /// Takes it if nobody has it who is alive. Else notes that somebody waits.
    fn take(&self, graph: &mut Graph) -> Option<Taken> {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let is_takeable = Self::is_takeable(word);
            // The lock keeps the slow unlock out; only the fast one can still change the word.
            let wanted = if word == FREE {
                thread_pointer()
            } else if is_takeable {
                thread_pointer() | POISONED | word & WAITERS
            } else {
                word | WAITERS
            };
            match self
                .word
                .compare_exchange(word, wanted, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) if !is_takeable => return None,
                Ok(_) => {
                    if wanted & WAITERS != 0 {
                        graph.adopt(self);
                    }
                    return Some(Taken::of(wanted));
                }
                Err(now) => word = now,
            }
        }
    }

    /// Whether one with this word is nobody's who is alive.
    fn is_takeable(word: usize) -> bool {
        let owner = word & !FLAGS;
        owner == FREE || kernel::is_past(owner)
    }

    /// For its owner's last moments, somebody waiting: whoever takes it is told.
    #[cfg(target_os = "none")]
    pub(super) fn poison(&self, _graph: &mut Graph) {
        let word = self.word.load(Ordering::Relaxed);
        self.word.store(word | POISONED, Ordering::Relaxed);
    }

    /// Nobody is told any more that an owner has died. For its owner now.
    pub(super) fn clear_poison(&self) {
        let _graph = GRAPH.lock();
        let word = self.word.load(Ordering::Relaxed);
        // Its bit kept the short ways out, and the lock keeps out the others.
        self.word.store(word & !POISONED, Ordering::Relaxed);
    }

    /// Gives it up: to whoever has waited longest, if somebody has.
    #[inline]
    pub(super) fn unlock(&self) {
        if !self.try_release() {
            self.unlock_contended();
        }
    }

    #[inline]
    fn try_release(&self) -> bool {
        self.word
            .compare_exchange(thread_pointer(), FREE, Ordering::Release, Ordering::Relaxed)
            .is_ok()
    }

    #[cold]
    fn unlock_contended(&self) {
        // Masked to the end: this thread may have lost what it inherited, and whoever has the mutex now must not
        // wait until it gets another turn.
        let irq = IrqGuard::mask();
        self.hand_over(&irq);
        kernel::preempt_or_arm(&irq);
    }

    /// As [`unlock`](Self::unlock), by a thread that is about to block: whoever gets the mutex is queued, and
    /// the switch decides.
    pub(super) fn unlock_before_blocking(&self, irq: &IrqGuard) {
        if !self.try_release() {
            self.hand_over(irq);
        }
    }

    #[cold]
    fn hand_over(&self, irq: &IrqGuard) {
        let next = GRAPH.lock().pass_on(self, irq);
        if let Some(next) = next {
            next.enqueue(irq);
        }
    }

    /// Its queue.
    pub(super) fn queue<'g>(&self, _graph: &'g mut Graph) -> &'g mut Queue {
        // SAFETY: the graph is locked, and while its borrow lasts no other queue is asked for.
        unsafe { &mut *self.queue.get() }
    }

    /// For whoever holds the graph, the queue being not empty or just emptied: it is `owner`'s (none: it is
    /// free), and somebody waits, or nobody does.
    pub(super) fn set_owner(&self, owner: Option<&Thread>, has_waiters: bool) {
        let word = owner.map_or(FREE, |owner| {
            core::ptr::from_ref(owner).expose_provenance() | if has_waiters { WAITERS } else { 0 }
        });
        let poison = self.word.load(Ordering::Relaxed) & POISONED;
        self.word.store(word | poison, Ordering::Release);
    }

    /// The block of the thread that owns it. For whoever holds the graph, while somebody waits or has just waited.
    /// The thread may have ended with the mutex locked; then the block is free, or another thread's.
    pub(super) fn owner(&self, _graph: &Graph) -> &'static Thread {
        let word = self.word.load(Ordering::Relaxed);
        debug_assert_ne!(word & !FLAGS, FREE);
        // SAFETY: the word is not "free" while somebody waits. Where a block once was there is one for ever; it
        // is made anew under the lock of the graph only (`sched::blocks`).
        unsafe { &*with_exposed_provenance(word & !FLAGS) }
    }
}
