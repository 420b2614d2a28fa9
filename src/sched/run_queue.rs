//! The run queue of a core: runnable threads in the order of their ranks, linked through the
//! threads themselves.
//!
//! Two structures share the work. The *lane* is a sorted list of those that take turns quickly: a
//! thread that yields has nearly always used a little more than all that wait, so it goes to the
//! lane's end, and the next thread is at its front: a constant handful of instructions, with two
//! threads or a thousand. A thread that belongs in the middle, further than a few places from the
//! end, or far after the end (it has computed while others yielded), goes to a pairing *heap*, so
//! that no order of arrivals costs more than O(log n) (amortised), and no thread is in the way of
//! the others. The head of the queue is the better of the lane's front and the heap's root.
//!
//! The lane is sorted by granules: normal threads whose runtimes differ by less than 1 % or so
//! leave it in the order of [`Place`]. Without that, threads that run for nearly the same time
//! between yields would have to be sorted by the difference. Ranks keep all their bits; the
//! runtimes of those who share a core go no further apart than a granule and a turn.
//!
//! Realtime threads of one priority leave in the order of [`Place`].
#![expect(
    unsafe_code,
    reason = "links between threads that the queue does not own"
)]

mod heap;
mod lane;
mod links;
#[cfg(test)]
mod tests;

use core::ptr::NonNull;

use self::heap::Heap;
use self::lane::Lane;
use self::links::links;
pub use self::links::{Entry, Links};
use super::policy::{Head, Rank};

/// Where a thread is queued among those of an equal rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before them: it was preempted.
    Before,
    /// After them: it yielded or became runnable.
    After,
}

/// Runnable threads by rank. It belongs to one core, which alone calls it, with interrupts masked.
#[derive(Debug)]
pub struct RunQueue<T: Entry> {
    lane: Lane<T>,
    heap: Heap<T>,
    /// Turns given to realtime threads so far.
    turns: u64,
}

// SAFETY: the queue holds only addresses of entries; whoever queues them promises that this queue
// may write their links, on whichever core it then is.
unsafe impl<T: Entry + Sync> Send for RunQueue<T> {}

impl<T: Entry> RunQueue<T> {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            lane: Lane::new(),
            heap: Heap::new(),
            turns: 0,
        }
    }

    /// Whether no thread is queued.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lane.first().is_none() && self.heap.root().is_none()
    }

    /// The thread that runs next.
    #[inline]
    #[must_use]
    pub fn head(&self) -> Option<NonNull<T>> {
        match self.lane.first() {
            Some(first) if self.is_best(first) => Some(first),
            _ => self.heap.root(),
        }
    }

    /// Whether `first`, the lane's, is the head of the queue.
    #[inline]
    fn is_best(&self, first: NonNull<T>) -> bool {
        // SAFETY: it is queued, so it is live and its links are the queue's.
        unsafe { links(first) }.rank <= self.heap.rank()
    }

    /// Rank and weight of the thread that runs next, as the policy wants them; [`Head::NONE`] if
    /// there is none.
    #[inline]
    #[must_use]
    pub fn head_key(&self) -> Head {
        match self.head() {
            None => Head::NONE,
            // SAFETY: a queued entry is live and its links are the queue's.
            Some(head) => unsafe { links(head) }.head(),
        }
    }

    /// Queues `node` with `rank`.
    ///
    /// # Safety
    ///
    /// `node` is live and stays so, at its address, until it has left the queue; it is in no queue;
    /// nobody but this queue touches its links until then.
    #[inline]
    pub unsafe fn push(&mut self, node: NonNull<T>, rank: Rank, place: Place) {
        let (rank, limit) = if rank.is_realtime() || place == Place::Before {
            self.place(rank, place)
        } else {
            (rank, rank.granule_end())
        };
        // SAFETY: the caller hands over `node` and its links.
        unsafe {
            links(node).rank = rank;
            if !self.lane.append(node, limit) {
                self.push_inside(node, limit);
            }
        }
    }

    /// The rank with which a thread is queued, and the last rank that it is queued after.
    #[cold]
    const fn place(&mut self, rank: Rank, place: Place) -> (Rank, Rank) {
        let before = matches!(place, Place::Before);
        if rank.is_realtime() {
            self.turns += 1;
            let rank = rank.with_turn(before, self.turns);
            (rank, rank)
        } else {
            (
                rank,
                if before {
                    rank.before_granule()
                } else {
                    rank.granule_end()
                },
            )
        }
    }

    /// Queues `node`, whose rank is in its links, after all that are not beyond `limit`, where that
    /// is not just after the lane's last.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push).
    #[inline(never)]
    unsafe fn push_inside(&mut self, node: NonNull<T>, limit: Rank) {
        // SAFETY: the caller hands over `node` and its links.
        unsafe {
            if !self.lane.insert(node, limit) {
                links(node).in_heap = true;
                self.heap.push(node);
            }
        }
    }

    /// Takes the head out.
    #[inline]
    pub fn pop(&mut self) -> Option<NonNull<T>> {
        match self.lane.first() {
            Some(first) if self.is_best(first) => self.lane.pop(),
            _ => self.pop_from_heap(),
        }
    }

    #[inline(never)]
    fn pop_from_heap(&mut self) -> Option<NonNull<T>> {
        let root = self.heap.pop()?;
        // SAFETY: it was queued, so its links are the queue's.
        unsafe { links(root) }.in_heap = false;
        Some(root)
    }

    /// Takes the head out, then queues `node` after its equals: a yield. `None`, and `node` not
    /// queued, if the queue is empty.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push).
    #[inline]
    pub unsafe fn rotate(&mut self, node: NonNull<T>, rank: Rank) -> Option<NonNull<T>> {
        let head = self.pop()?;
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.push(node, rank, Place::After) };
        Some(head)
    }

    /// [`push`](Self::push) after its equals of a normal thread that has `rank` in its links, where that takes no call;
    /// else does nothing. Whether it did.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push).
    #[inline(always)]
    pub unsafe fn append_quickly(&mut self, node: NonNull<T>, rank: Rank) -> bool {
        // SAFETY: the caller hands over `node` and its links.
        !rank.is_realtime() && unsafe { self.lane.append(node, rank.granule_end()) }
    }

    /// [`pop`](Self::pop) and [`push`](Self::push) of a normal thread, where that takes no call; else does nothing and
    /// gives `None`. So that a hot path stays a leaf, and takes another path as a whole where this
    /// one ends: if the queue is empty, if a thread is in the heap or `node` would come there, or if
    /// the one that leaves weighs more than the next head.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push).
    #[inline(always)]
    pub unsafe fn rotate_quickly(
        &mut self,
        node: NonNull<T>,
        rank: Rank,
        place: Place,
    ) -> Option<NonNull<T>> {
        debug_assert!(!rank.is_realtime());
        if self.heap.root().is_some() {
            return None;
        }
        let limit = match place {
            Place::Before => rank.before_granule(),
            Place::After => rank.granule_end(),
        };
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.lane.rotate(node, rank, limit) }
    }

    /// [`pop`](Self::pop), where it takes no call and the one that leaves does not weigh more than
    /// the next head; else does nothing and gives `None`, as [`rotate_quickly`](Self::rotate_quickly).
    /// `Some(None)`: the queue is empty.
    #[inline(always)]
    pub fn pop_quickly(&mut self) -> Option<Option<NonNull<T>>> {
        if self.lane.first().is_none() {
            return self.heap.root().is_none().then_some(None);
        }
        if self.heap.root().is_some() {
            return None;
        }
        self.lane.pop_lighter().map(Some)
    }

    /// Takes `node` out, wherever it is.
    ///
    /// # Safety
    ///
    /// `node` is in this queue.
    pub unsafe fn remove(&mut self, node: NonNull<T>) {
        // SAFETY: `node` is queued, so its links are the queue's, and say in which half it is.
        unsafe {
            if core::mem::take(&mut links(node).in_heap) {
                self.heap.remove(node);
            } else {
                self.lane.remove(node);
            }
        }
    }

    /// A thread that `accept` takes, of those that would run latest, as far as looking at `limit`
    /// of them shows. It stays queued.
    pub fn find_late(
        &self,
        limit: usize,
        mut accept: impl FnMut(&T) -> bool,
    ) -> Option<NonNull<T>> {
        let mut left = limit;
        let found = self.lane.find_back(&mut left, &mut accept);
        found.or_else(|| self.heap.find(left, accept))
    }
}

impl<T: Entry> Default for RunQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}
