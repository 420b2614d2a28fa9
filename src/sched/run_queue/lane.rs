//! A list of threads, sorted by granules of rank, linked through the threads: cheap at both ends,
//! and looked into only near the end.

use core::ptr::NonNull;

use super::links::{Entry, links};
use crate::sched::policy::Rank;

/// How far from the end a place is looked for.
const SCAN: usize = 8;

/// The list. Every entry of it is live, and its links belong to the list while it is in.
#[derive(Debug)]
pub(super) struct Lane<T> {
    first: Option<NonNull<T>>,
    /// Means nothing while `first` is none; so does what the first has in `prev`.
    last: NonNull<T>,
}

impl<T: Entry> Lane<T> {
    pub(super) const fn new() -> Self {
        Self {
            first: None,
            last: NonNull::dangling(),
        }
    }

    /// The best entry.
    #[inline]
    pub(super) const fn first(&self) -> Option<NonNull<T>> {
        self.first
    }

    /// Takes the best entry out.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<NonNull<T>> {
        let first = self.first?;
        // SAFETY: it is in the list.
        self.first = unsafe { links(first) }.next;
        Some(first)
    }

    /// Takes the best entry out and appends `node` with `rank`, if there is a best one, if what then is last comes
    /// before `limit`, and not by far, and if what then is best weighs as much as what is taken out, or more; else does
    /// nothing.
    ///
    /// # Safety
    ///
    /// As for [`append`](Self::append), but for the order.
    #[inline(always)]
    pub(super) unsafe fn rotate(
        &mut self,
        node: NonNull<T>,
        rank: Rank,
        limit: Rank,
    ) -> Option<NonNull<T>> {
        let first = self.first?;
        // SAFETY: `first`, and `last` if it is another, are in the list; `node` is not, so its
        // links, which the caller hands over, are other ones.
        unsafe {
            let weight = links(first).weight();
            if let Some(next) = links(first).next {
                let last = links(self.last);
                if weight > links(next).weight() || !limit.follows(last.rank) {
                    return None;
                }
                links(node).prev = Some(self.last);
                last.next = Some(node);
                self.first = Some(next);
            } else {
                if weight > links(node).weight() {
                    return None;
                }
                self.first = Some(node);
            }
            let own = links(node);
            own.rank = rank;
            own.next = None;
            self.last = node;
            Some(first)
        }
    }

    /// Takes the best entry out, if there is one, and if what then is best weighs as much, or more; else does nothing.
    #[inline(always)]
    pub(super) fn pop_lighter(&mut self) -> Option<NonNull<T>> {
        let first = self.first?;
        // SAFETY: both are in the list.
        unsafe {
            let next = links(first).next;
            if let Some(next) = next
                && links(first).weight() > links(next).weight()
            {
                return None;
            }
            self.first = next;
        }
        Some(first)
    }

    /// Adds `node`, whose rank is in its links, at the end, if the list is empty or its last
    /// comes before `limit`, and not by far. Whether it did.
    ///
    /// # Safety
    ///
    /// `node` is live and stays so until it is taken out, is nowhere queued, and its links are the
    /// list's until then.
    #[inline]
    pub(super) unsafe fn append(&mut self, node: NonNull<T>, limit: Rank) -> bool {
        // SAFETY: the caller hands the links of `node` over; `last` is another entry, because
        // `node` is in no queue.
        unsafe {
            let own = links(node);
            if self.first.is_none() {
                own.next = None;
                self.first = Some(node);
                self.last = node;
                true
            } else if limit.follows(links(self.last).rank) {
                own.next = None;
                own.prev = Some(self.last);
                links(self.last).next = Some(node);
                self.last = node;
                true
            } else {
                false
            }
        }
    }

    /// Adds `node`, whose rank is in its links, after all that are not beyond `limit`, if that is
    /// at the front or near the end. Whether it did. The list is not empty.
    ///
    /// # Safety
    ///
    /// As for [`append`](Self::append).
    pub(super) unsafe fn insert(&mut self, node: NonNull<T>, limit: Rank) -> bool {
        // SAFETY: the caller hands the links of `node` over; all others here are in the list and
        // `node` is not.
        unsafe {
            if links(self.last).rank <= limit {
                return false;
            }
            if let Some(first) = self.first
                && limit < links(first).rank
            {
                links(node).next = Some(first);
                links(first).prev = Some(node);
                self.first = Some(node);
                return true;
            }
            let mut after = self.last;
            for _ in 0..SCAN {
                // The first is not beyond `limit`, so the walk stops there at the latest.
                let Some(before) = links(after).prev else {
                    return false;
                };
                if links(before).rank <= limit {
                    links(node).prev = Some(before);
                    links(node).next = Some(after);
                    links(before).next = Some(node);
                    links(after).prev = Some(node);
                    return true;
                }
                after = before;
            }
            false
        }
    }

    /// Takes `node` out.
    ///
    /// # Safety
    ///
    /// `node` is in this list.
    pub(super) unsafe fn remove(&mut self, node: NonNull<T>) {
        // SAFETY: `node` and its neighbours are in the list, and are different entries.
        unsafe {
            let (prev, next) = (links(node).prev, links(node).next);
            if self.first == Some(node) {
                self.first = next;
            } else if let Some(prev) = prev {
                links(prev).next = next;
                if next.is_none() {
                    self.last = prev;
                }
            }
            if let Some(next) = next {
                links(next).prev = prev;
            }
        }
    }

    /// An entry that `accept` takes, from the last towards the first, looking at no more than
    /// `limit`, which counts down.
    pub(super) fn find_back(
        &self,
        limit: &mut usize,
        mut accept: impl FnMut(&T) -> bool,
    ) -> Option<NonNull<T>> {
        let mut at = self.first.map(|_| self.last);
        while let Some(node) = at
            && *limit > 0
        {
            *limit -= 1;
            // SAFETY: it is in the list; nothing refers to its links mutably while `accept` runs.
            if accept(unsafe { node.as_ref() }) {
                return Some(node);
            }
            if self.first == at {
                break;
            }
            // SAFETY: as above.
            at = unsafe { links(node) }.prev;
        }
        None
    }
}
