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

/// The word holds the owner's block and whether somebody waits; it never says "free" while the queue has a
/// waiter, so nobody overtakes.
///
/// All queues of all mutexes are under one lock, that of the graph of who waits for whom. While it is held and
/// the queue is not empty, only its holder changes the word.
#[derive(Debug)]
pub(super) struct RawMutex {
    word: AtomicUsize,
    queue: UnsafeCell<Queue>,
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

    /// Takes it, asleep until it is this thread's turn.
    #[inline]
    pub(super) fn lock(&self) {
        if !self.try_lock() {
            self.lock_contended();
        }
    }

    #[cold]
    fn lock_contended(&self) {
        let irq = IrqGuard::mask();
        if self.take_or_queue(&irq) {
            return;
        }
        kernel::block(&irq);
        // Whoever unlocked made this thread the owner before waking it.
        debug_assert_eq!(
            self.word.load(Ordering::Relaxed) & !WAITERS,
            thread_pointer()
        );
    }

    /// As [`lock`](Self::lock), but until `deadline_ticks` at most. Whether it was taken.
    #[cold]
    pub(super) fn lock_until(&self, deadline_ticks: u64) -> bool {
        let irq = IrqGuard::mask();
        if self.take_or_queue(&irq) {
            return true;
        }
        let timed_out = kernel::block_until(deadline_ticks, &irq);
        if timed_out {
            GRAPH.lock().leave(self, &irq);
            // The owner may have lost what it inherited, and it may stand in this core's queue.
            kernel::preempt_or_arm(&irq);
        }
        !timed_out
    }

    /// Takes it (true), or puts the current thread into its queue: then it must go on to block.
    fn take_or_queue(&self, irq: &IrqGuard) -> bool {
        let mut graph = GRAPH.lock();
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            // The lock keeps the slow unlock out; only the fast one can still change the word.
            let wanted = if word == FREE {
                thread_pointer()
            } else {
                word | WAITERS
            };
            match self
                .word
                .compare_exchange(word, wanted, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(FREE) => return true,
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        // SAFETY: the current thread waits for nothing else, and stays in the queue until it is woken or its time
        // has run out, when it leaves.
        unsafe { graph.enter(self, irq) };
        false
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
        self.word.store(word, Ordering::Release);
    }

    /// The block of the thread that owns it. For whoever holds the graph, while somebody waits or has just waited.
    /// The thread may have ended with the mutex locked; then the block is free, or another thread's.
    pub(super) fn owner(&self, _graph: &Graph) -> &'static Thread {
        let word = self.word.load(Ordering::Relaxed);
        debug_assert_ne!(word, FREE);
        // SAFETY: the word is not "free" while somebody waits. Where a block once was there is one for ever; it
        // is made anew under the lock of the graph only (`sched::blocks`).
        unsafe { &*with_exposed_provenance(word & !WAITERS) }
    }
}
