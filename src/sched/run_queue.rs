//! The run queue of a core: runnable threads in the order of their ranks, linked through the
//! threads themselves.
//!
//! Two structures share the work. The *lane* is a sorted list. A thread that yields has nearly
//! always used more than all that wait, so it goes to the lane's end; the next thread is at its
//! front: a constant handful of instructions, with two threads or a thousand. A thread that belongs
//! somewhere in the middle, further than a few places from the end, goes to a pairing *heap*
//! instead, so that no order of arrivals costs more than O(log n) (amortised). The head of the
//! queue is the better of the lane's front and the heap's root.
//!
//! Realtime threads of one priority leave in the order that [`Place`] gave them. Normal threads
//! whose runtimes are equal to the last bit (0.03 ns of CPU time) leave in no promised order.
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
    len: usize,
    /// Realtime threads placed so far: what gives them their turns.
    placed: u64,
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
            len: 0,
            placed: 0,
        }
    }

    /// How many threads are queued.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether none is.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The thread that runs next.
    #[inline]
    #[must_use]
    pub fn head(&self) -> Option<NonNull<T>> {
        match self.heap.root() {
            None => self.lane.first(),
            Some(root) => self.better(root),
        }
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

    /// The better of the lane's front and `root`, the heap's.
    #[cold]
    fn better(&self, root: NonNull<T>) -> Option<NonNull<T>> {
        match self.lane.first() {
            // SAFETY: both are queued, so they are live and their links are the queue's; the
            // borrows end with the comparison.
            Some(first) if unsafe { links(first).rank <= links(root).rank } => Some(first),
            _ => Some(root),
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
        let before = place == Place::Before;
        let rank = if before || rank.is_realtime() {
            self.placed += 1;
            rank.placed(before, self.placed)
        } else {
            rank
        };
        self.len += 1;
        // SAFETY: the caller hands over `node` and its links.
        unsafe {
            links(node).rank = rank;
            if !self.lane.append(node) {
                self.push_inside(node);
            }
        }
    }

    /// Queues `node`, whose rank is in its links and does not belong at the lane's end.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push).
    #[inline(never)]
    unsafe fn push_inside(&mut self, node: NonNull<T>) {
        // SAFETY: the caller hands over `node` and its links; the lane is not empty, or it would
        // have taken `node`.
        unsafe {
            if !self.lane.insert_before_last(node) {
                links(node).in_heap = true;
                self.heap.push(node);
            }
        }
    }

    /// Takes the head out.
    #[inline]
    pub fn pop(&mut self) -> Option<NonNull<T>> {
        if self.heap.root().is_some() {
            return self.pop_better();
        }
        let head = self.lane.pop()?;
        self.len -= 1;
        Some(head)
    }

    /// [`pop`](Self::pop) while the heap is in use.
    #[inline(never)]
    fn pop_better(&mut self) -> Option<NonNull<T>> {
        let head = self.head()?;
        // SAFETY: it is queued.
        unsafe { self.remove(head) };
        Some(head)
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

    /// [`rotate`](Self::rotate) for a normal thread, where it takes no call; else does nothing and
    /// gives `None`. So that a hot path stays a leaf, and takes another path as a whole where this
    /// one ends: if the queue is empty, or if `node` does not belong at the end.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push).
    #[inline]
    pub unsafe fn rotate_quickly(&mut self, node: NonNull<T>, rank: Rank) -> Option<NonNull<T>> {
        debug_assert!(!rank.is_realtime());
        if self.heap.root().is_some() {
            return None;
        }
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.lane.rotate(node, rank) }
    }

    /// Takes `node` out, wherever it is.
    ///
    /// # Safety
    ///
    /// `node` is in this queue.
    pub unsafe fn remove(&mut self, node: NonNull<T>) {
        self.len -= 1;
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
