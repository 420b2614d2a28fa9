//! Priority inheritance: while a thread waits for a mutex, the mutex's owner is at least as urgent.
//!
//! Who waits for whom is a graph: a thread waits for one mutex at most, a mutex has one owner, an owner may
//! have many. A thread inherits the most urgent of all that wait for it, directly or through others:
//!
//! ```text
//! inherited(thread) = most of reach(queue) over the mutexes that it owns and somebody waits for
//! reach(queue)      = most of urgency(thread) over those in it
//! urgency(thread)   = more of its own and inherited(thread)
//! ```
//!
//! One lock guards the graph: every edge is changed, and what follows from that along the chain of owners is
//! computed, under it. So there is no order of locks along a chain, no chain that changes while it is followed,
//! and a circle of threads that wait for each other ends the computation where nothing changes any more.
//! The lock is taken only where somebody waits or has waited.

#![expect(unsafe_code, reason = "follows the graph by pointers")]

#[cfg(not(loom))]
mod circle;
mod queue;

use core::ptr::{NonNull, null};

use crate::sched::policy::{Rank, Urgency};
use crate::sync::kernel::{self, Claimed, IrqGuard, SpinLock, State, Thread};
use crate::sync::raw_mutex::RawMutex;

#[cfg(not(loom))]
pub(crate) use circle::{Circle, circle_of};
pub(crate) use queue::Edges;
pub(super) use queue::Queue;

/// The most owners along a chain that one change reaches: IRQs are masked meanwhile.
const MOST_OWNERS: usize = 64;

/// The right to look at the graph and to change it.
#[derive(Debug)]
pub(super) struct Graph(());

/// The graph. Everywhere else it is behind this lock.
#[cfg(not(loom))]
pub(super) static GRAPH: SpinLock<Graph> = SpinLock::new(Graph(()));
#[cfg(loom)]
loom::lazy_static! {
    pub(super) static ref GRAPH: SpinLock<Graph> = SpinLock::new(Graph(()));
}

impl Graph {
    /// Puts the current thread at the end of a queue. From here on it may be woken: it must go on to block.
    ///
    /// # Safety
    ///
    /// 1. The current thread is in no list, and leaves the queue before the mutex goes.
    /// 2. IRQs stay masked until it blocks.
    /// 3. The mutex's word has an owner and says that somebody waits.
    pub(super) unsafe fn enter(&mut self, mutex: &RawMutex, irq: &IrqGuard) {
        let me = kernel::current();
        me.edges.waits_for.set(mutex);
        me.edges.reach.set(me.urgency());
        let queue = mutex.queue(self);
        let is_first = queue.waiters.is_empty();
        // SAFETY: the caller's promise.
        unsafe { queue.waiters.push_current(State::Waiting, irq) };
        // SAFETY: just queued.
        let has_changed = queue.refresh(unsafe { queue.waiters.before(me) });
        if is_first {
            self.want(mutex, mutex.owner(self));
        }
        if has_changed {
            let is_lent = me.urgency() > mutex.owner(self).urgency();
            let rank = if is_lent {
                kernel::rank_now(irq)
            } else {
                Rank::IDLE
            };
            self.follow(mutex, rank, irq);
        }
    }

    /// The time of the current thread has run out: takes it out of the queue, if it is still there.
    pub(super) fn leave(&mut self, mutex: &RawMutex, irq: &IrqGuard) {
        let me = kernel::current();
        me.edges.waits_for.set(null());
        if !me.wait_links.is_linked() {
            return;
        }
        let queue = mutex.queue(self);
        // SAFETY: in this queue.
        let before = unsafe { queue.waiters.before(me) }.map(NonNull::from);
        // SAFETY: as above.
        unsafe { queue.waiters.remove_current() };
        // SAFETY: in the queue, still.
        let has_changed = queue.refresh(before.map(|before| unsafe { before.as_ref() }));
        if !has_changed {
            return;
        }
        let is_empty = queue.waiters.is_empty();
        let owner = mutex.owner(self);
        if is_empty {
            self.want_no_more(mutex, owner);
            mutex.set_owner(Some(owner), false);
            if self.settle(owner, Rank::IDLE) {
                kernel::ask_core(owner, irq);
                self.follow_from(owner, irq);
            }
        } else {
            self.follow(mutex, Rank::IDLE, irq);
        }
    }

    /// The current thread gives a mutex up for which somebody waits, or has waited: to whoever has waited
    /// longest. Returns that thread, which must be made ready before anything else happens on this core.
    pub(super) fn pass_on(&mut self, mutex: &RawMutex, irq: &IrqGuard) -> Option<Claimed> {
        let me = kernel::current();
        self.want_no_more(mutex, me);
        let waiters = &mut mutex.queue(self).waiters;
        let next = waiters.claim_first();
        let has_waiters = !waiters.is_empty();
        let block = next.as_ref().map(Claimed::thread);
        mutex.set_owner(block, has_waiters);
        if let Some(block) = block {
            block.edges.waits_for.set(null());
            if has_waiters {
                self.want(mutex, block);
                // Nobody has it but us: it adopts what it inherits when it is queued.
                self.settle(block, me.inherited_rank());
            }
        }
        if self.settle(me, Rank::IDLE) {
            kernel::ask_core(me, irq);
        }
        next
    }

    /// The current thread has taken a mutex from a dead owner for which others wait.
    pub(super) fn adopt(&mut self, mutex: &RawMutex) {
        let me = kernel::current();
        self.want(mutex, me);
        self.settle(me, Rank::IDLE);
    }

    /// The reach of the queue was changed: the owner inherits it, and if the owner waits too, so does the owner
    /// of what it waits for. `rank`: of the thread that lends, if it is a better one than theirs.
    fn follow(&mut self, mutex: &RawMutex, rank: Rank, irq: &IrqGuard) {
        let mut mutex = NonNull::from(mutex);
        for _ in 0..MOST_OWNERS {
            // SAFETY: somebody waits for it, so it is borrowed.
            let owner = unsafe { mutex.as_ref() }.owner(self);
            if !self.settle(owner, rank) {
                return;
            }
            kernel::ask_core(owner, irq);
            match self.refresh_around(owner) {
                Some(next) => mutex = next,
                None => return,
            }
        }
    }

    /// As [`follow`](Self::follow), from what `thread` waits for.
    fn follow_from(&mut self, thread: &Thread, irq: &IrqGuard) {
        if let Some(mutex) = self.refresh_around(thread) {
            // SAFETY: `thread` waits for it.
            self.follow(unsafe { mutex.as_ref() }, Rank::IDLE, irq);
        }
    }

    /// The urgency of `thread` was changed. The mutex that it waits for, if that queue's reach changes by it.
    fn refresh_around(&mut self, thread: &Thread) -> Option<NonNull<RawMutex>> {
        let mutex = NonNull::new(thread.edges.waits_for.get().cast_mut())?;
        // Out of the queue, and on its way to say so: its time has run out.
        if !thread.wait_links.is_linked() {
            return None;
        }
        // SAFETY: a thread that waits for a mutex borrows it.
        let queue = unsafe { mutex.as_ref() }.queue(self);
        queue.refresh(Some(thread)).then_some(mutex)
    }

    /// Computes what `thread` inherits. Whether its urgency is another one: then it is marked as changed, and
    /// its core has to be asked to look.
    fn settle(&mut self, thread: &Thread, rank: Rank) -> bool {
        let mut inherited = Urgency::LEAST;
        let mut at = thread.edges.wanted.get();
        // SAFETY: a wanted mutex has waiters, who borrow it.
        while let Some(mutex) = unsafe { at.as_ref() } {
            let queue = mutex.queue(self);
            inherited = inherited.max(queue.reach());
            at = queue.next;
        }
        let is_other = thread.inherit(inherited, rank);
        if is_other {
            thread.mark_changed();
        }
        is_other
    }

    /// Mutexes from `at` on that were never unlocked: from here on nobody owns them, and who waits for them waits in vain.
    #[cfg(target_os = "none")]
    #[cold]
    fn forget(&mut self, mut at: *const RawMutex) {
        // SAFETY: as in `settle`.
        while let Some(mutex) = unsafe { at.as_ref() } {
            let queue = mutex.queue(self);
            queue.is_wanted = false;
            at = queue.next;
        }
    }

    /// `mutex` has its first waiter, or a new owner while others wait.
    fn want(&mut self, mutex: &RawMutex, owner: &Thread) {
        let queue = mutex.queue(self);
        queue.next = owner.edges.wanted.replace(mutex);
        queue.is_wanted = true;
    }

    /// `mutex` has no waiter any more, or its owner gives it up.
    fn want_no_more(&mut self, mutex: &RawMutex, owner: &Thread) {
        let queue = mutex.queue(self);
        if !core::mem::take(&mut queue.is_wanted) {
            return;
        }
        let next = queue.next;
        if owner.edges.wanted.get() == core::ptr::from_ref(mutex) {
            owner.edges.wanted.set(next);
            return;
        }
        let mut at = owner.edges.wanted.get();
        // SAFETY: as in `settle`.
        while let Some(before) = unsafe { at.as_ref() } {
            let before = before.queue(self);
            if before.next == core::ptr::from_ref(mutex) {
                before.next = next;
                return;
            }
            at = before.next;
        }
        debug_assert!(false, "a wanted mutex is in its owner's list");
    }
}

/// Class or share of `thread` were changed: if it waits for a mutex, those feel it who are in its way.
pub(crate) fn urgency_was_changed(thread: &Thread) {
    let irq = IrqGuard::mask();
    GRAPH.lock().follow_from(thread, &irq);
    kernel::preempt_or_arm(&irq);
}

/// The current thread has crashed. What it owns and others wait for goes to whoever has waited longest, who is told;
/// what it owns and nobody waits for is a dead owner's from here on. With it goes all that it inherits.
#[cfg(target_os = "none")]
pub(crate) fn abandon(irq: &IrqGuard) {
    let me = kernel::current();
    loop {
        let mut graph = GRAPH.lock();
        // SAFETY: a wanted mutex has waiters, who borrow it: none of them goes on before the lock is free.
        let Some(mutex) = (unsafe { me.edges.wanted.get().as_ref() }) else {
            // Under the same lock: whoever comes now to wait for another of its mutexes finds it dead.
            me.begin_next_generation();
            return;
        };
        mutex.poison(&mut graph);
        let next = graph.pass_on(mutex, irq);
        drop(graph);
        if let Some(next) = next {
            next.enqueue(irq);
        }
    }
}

/// Looks at what the lock guards.
#[cfg(loom)]
pub(super) fn with_graph<T>(look: impl FnOnce() -> T) -> T {
    let _graph = GRAPH.lock();
    look()
}

/// Lets `begin` make a block the block of a new thread. Under the lock, so that whoever finds it as the owner of a mutex,
/// under the lock too, sees all of it: taking a free mutex is no release.
///
/// # Safety
///
/// It is a block that no thread has, and nobody refers to it, but for mutexes whose owner it was.
#[cfg(target_os = "none")]
#[inline(always)]
pub(crate) unsafe fn renew(block: NonNull<Thread>, begin: impl FnOnce(), irq: &IrqGuard) {
    let mut graph = GRAPH.lock_masked(irq);
    // SAFETY: there is a block; under the lock nobody writes to it.
    let at = unsafe { block.as_ref() }.edges.wanted.get();
    if !at.is_null() {
        graph.forget(at);
    }
    begin();
}
