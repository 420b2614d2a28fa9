//! The run queue of a core: runnable threads in the order of their ranks, linked through the threads themselves.
//!
//! Two structures share the work. The *lane* is a sorted list. A thread that yields has
//! nearly always used more than all that wait, so it goes to the lane's end; the next thread is at its front: a
//! constant handful of instructions, with two threads or a thousand. A thread that belongs somewhere in the middle, further than
//! [`LANE_SCAN`] places from the end, goes to a pairing *heap* instead, so that no order of arrivals costs more than
//! O(log n) (amortised). The head of the queue is the better of the lane's front and the heap's root.
//!
//! Realtime threads of one priority leave in the order that [`Place`] gave them. Normal threads whose runtimes are equal to the last bit
//! (0.03 ns of CPU time) leave in no promised order.
#![expect(
    unsafe_code,
    reason = "links between threads that the queue does not own"
)]

mod heap;
mod links;
#[cfg(test)]
mod tests;

use core::ptr::NonNull;

use self::heap::Heap;
use self::links::links;
pub use self::links::{Entry, Links};
use super::policy::Rank;

/// How far from the lane's end a place is looked for.
const LANE_SCAN: usize = 8;

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
    /// The ends of the lane. `last` means nothing while `first` is none.
    first: Option<NonNull<T>>,
    last: Option<NonNull<T>>,
    heap: Heap<T>,
    len: usize,
    /// Realtime threads placed so far: what gives them their turns.
    placed: u64,
}

// SAFETY: the queue holds only addresses of entries; whoever queues them promises that this queue may write their
// links, on whichever core it then is.
unsafe impl<T: Entry + Sync> Send for RunQueue<T> {}

impl<T: Entry> RunQueue<T> {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            first: None,
            last: None,
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
            None => self.first,
            Some(root) => self.better(root),
        }
    }

    /// The rank of the thread that runs next; [`Rank::IDLE`] if there is none.
    #[inline]
    #[must_use]
    pub fn head_rank(&self) -> Rank {
        match self.head() {
            None => Rank::IDLE,
            // SAFETY: a queued entry is live and its links are the queue's.
            Some(head) => unsafe { links(head) }.rank,
        }
    }

    /// The better of the lane's front and `root`, the heap's.
    #[cold]
    fn better(&self, root: NonNull<T>) -> Option<NonNull<T>> {
        match self.first {
            // SAFETY: both are queued, so they are live and their links are the queue's; the borrows end with the
            // comparison.
            Some(first) if unsafe { links(first).rank <= links(root).rank } => Some(first),
            _ => Some(root),
        }
    }

    /// Queues `node` with `rank`.
    ///
    /// # Safety
    ///
    /// `node` is live and stays so, at its address, until it has left the queue; it is in no queue; nobody
    /// but this queue touches its links until then.
    #[inline]
    pub unsafe fn push(&mut self, node: NonNull<T>, rank: Rank, place: Place) {
        self.len += 1;
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.insert(node, rank, place) };
    }

    /// Takes the head out.
    #[inline]
    pub fn pop(&mut self) -> Option<NonNull<T>> {
        let head = self.take_head()?;
        self.len -= 1;
        Some(head)
    }

    /// Takes the head out, then queues `node` after its equals: a yield. `None`, and `node` not queued, if the queue is empty.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push).
    #[inline]
    pub unsafe fn rotate(&mut self, node: NonNull<T>, rank: Rank) -> Option<NonNull<T>> {
        let head = self.take_head()?;
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.insert(node, rank, Place::After) };
        Some(head)
    }

    /// Takes `node` out, wherever it is.
    ///
    /// # Safety
    ///
    /// `node` is in this queue.
    pub unsafe fn remove(&mut self, node: NonNull<T>) {
        self.len -= 1;
        // SAFETY: `node` is queued, so it is live and its links are the queue's.
        let own = unsafe { links(node) };
        if own.in_heap {
            own.in_heap = false;
            // SAFETY: it is in the heap.
            unsafe { self.heap.remove(node) };
            return;
        }
        let (prev, next) = (own.prev, own.next);
        if self.first == Some(node) {
            self.first = next;
        } else if let Some(prev) = prev {
            // SAFETY: the neighbour is queued too, and is not `node`.
            unsafe { links(prev) }.next = next;
        }
        match next {
            // SAFETY: as above.
            Some(next) => unsafe { links(next) }.prev = prev,
            None => self.last = prev,
        }
    }

    /// A thread that `accept` takes, of those that would run latest, as far as looking at `limit` of them shows. It stays queued.
    pub fn find_late(
        &self,
        limit: usize,
        mut accept: impl FnMut(&T) -> bool,
    ) -> Option<NonNull<T>> {
        let mut left = limit;
        let mut at = self.first.and(self.last);
        while let Some(node) = at
            && left > 0
        {
            // SAFETY: a queued entry is live; its links are not referred to while `accept` runs.
            if accept(unsafe { node.as_ref() }) {
                return Some(node);
            }
            left -= 1;
            // What the first has in `prev` means nothing.
            if self.first == at {
                break;
            }
            // SAFETY: as above.
            at = unsafe { links(node) }.prev;
        }
        self.heap.find(left, accept)
    }

    /// Takes the head out, without counting.
    #[inline]
    fn take_head(&mut self) -> Option<NonNull<T>> {
        if self.heap.root().is_some() {
            return self.take_better();
        }
        let first = self.first?;
        // SAFETY: a queued entry is live and its links are the queue's.
        self.first = unsafe { links(first) }.next;
        Some(first)
    }

    /// [`take_head`](Self::take_head) while the heap is in use.
    #[cold]
    #[inline(never)]
    fn take_better(&mut self) -> Option<NonNull<T>> {
        let head = self.head()?;
        // SAFETY: a queued entry is live and its links are the queue's.
        let own = unsafe { links(head) };
        if own.in_heap {
            own.in_heap = false;
            self.heap.pop()
        } else {
            self.first = own.next;
            Some(head)
        }
    }

    /// [`push`](Self::push) without counting, and on the same conditions.
    #[inline]
    unsafe fn insert(&mut self, node: NonNull<T>, rank: Rank, place: Place) {
        let rank = if place == Place::Before || rank.is_realtime() {
            self.placed += 1;
            rank.placed(place == Place::Before, self.placed)
        } else {
            rank
        };
        // SAFETY: the caller hands the links of `node` over. `last` is queued and is another entry, because `node` is in no
        // queue.
        unsafe {
            let own = links(node);
            own.rank = rank;
            let Some(last) = self.first.and(self.last) else {
                own.next = None;
                self.first = Some(node);
                self.last = Some(node);
                return;
            };
            if links(last).rank <= rank {
                own.next = None;
                own.prev = Some(last);
                links(last).next = Some(node);
                self.last = Some(node);
            } else {
                self.insert_before_last(node, last);
            }
        }
    }

    /// Queues `node`, whose rank is in its links and is below that of `last`.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push).
    #[inline(never)]
    unsafe fn insert_before_last(&mut self, node: NonNull<T>, last: NonNull<T>) {
        // SAFETY: the caller hands the links of `node` over; all others here are queued, live and not `node`.
        unsafe {
            let rank = links(node).rank;
            let Some(first) = self.first else { return };
            if rank < links(first).rank {
                links(node).next = Some(first);
                links(first).prev = Some(node);
                self.first = Some(node);
                return;
            }
            let mut after = last;
            for _ in 0..LANE_SCAN {
                // The first is not above `rank`, so the walk ends at it at the latest.
                let Some(before) = links(after).prev else {
                    break;
                };
                if links(before).rank <= rank {
                    links(node).prev = Some(before);
                    links(node).next = Some(after);
                    links(before).next = Some(node);
                    links(after).prev = Some(node);
                    return;
                }
                after = before;
            }
            links(node).in_heap = true;
            self.heap.push(node);
        }
    }
}

impl<T: Entry> Default for RunQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}
