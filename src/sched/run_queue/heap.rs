//! A pairing heap of threads by rank, linked through the threads: for those that do not fit into
//! the lane.
//!
//! A tree in which no child ranks before its parent. Joining two trees puts the worse root under
//! the better; taking the root out joins its children in pairs, then the pairs. Pushing is one
//! join, popping is O(log n) amortised.

use core::ptr::NonNull;

use super::links::{Entry, links};
use crate::sched::policy::Rank;

/// The heap.
#[derive(Debug)]
pub(super) struct Heap<T> {
    /// The best entry, if there is one.
    root: Option<NonNull<T>>,
    /// Its rank, [`Rank::IDLE`] if there is none.
    rank: Rank,
}

impl<T: Entry> Heap<T> {
    pub(super) const fn new() -> Self {
        Self {
            root: None,
            rank: Rank::IDLE,
        }
    }

    /// The best entry.
    #[inline]
    pub(super) const fn root(&self) -> Option<NonNull<T>> {
        self.root
    }

    /// The rank of the best entry, [`Rank::IDLE`] if there is none.
    #[inline]
    pub(super) const fn rank(&self) -> Rank {
        self.rank
    }

    /// Makes `root` the root.
    ///
    /// # Safety
    ///
    /// It is the root of a tree of all entries, if there are any.
    unsafe fn set_root(&mut self, root: Option<NonNull<T>>) {
        self.root = root;
        // SAFETY: it is in the heap.
        self.rank = root.map_or(Rank::IDLE, |root| unsafe { links(root) }.rank);
    }

    /// Adds `node`, whose rank is in its links.
    ///
    /// # Safety
    ///
    /// `node` is live and stays so until it is taken out, is nowhere queued, and its links are the
    /// heap's until then.
    pub(super) unsafe fn push(&mut self, node: NonNull<T>) {
        // SAFETY: the caller hands the links over; the root is an entry of the heap and is not
        // `node`, so both are roots of disjoint trees.
        unsafe {
            let own = links(node);
            own.child = None;
            own.next = None;
            let root = self.root.map_or(node, |root| join(root, node));
            self.set_root(Some(root));
        }
    }

    /// Takes the best entry out.
    pub(super) fn pop(&mut self) -> Option<NonNull<T>> {
        let root = self.root?;
        // SAFETY: the root is in the heap; its children are the roots of disjoint trees once it is
        // gone, and together all the rest.
        unsafe { self.set_root(join_all(links(root).child)) };
        Some(root)
    }

    /// Takes `node` out.
    ///
    /// # Safety
    ///
    /// `node` is in this heap.
    pub(super) unsafe fn remove(&mut self, node: NonNull<T>) {
        if self.root == Some(node) {
            self.pop();
            return;
        }
        // SAFETY: `node` is in the heap and is not the root, so `prev` is its parent (if `node` is
        // the first child) or the sibling before. Cut out, `node`'s children are disjoint from what
        // is left.
        unsafe {
            let own = links(node);
            let (prev, next, child) = (own.prev, own.next, own.child);
            if let Some(prev) = prev {
                let before = links(prev);
                if before.child == Some(node) {
                    before.child = next;
                } else {
                    before.next = next;
                }
            }
            if let Some(next) = next {
                links(next).prev = prev;
            }
            if let (Some(rest), Some(root)) = (join_all(child), self.root) {
                let root = join(root, rest);
                self.set_root(Some(root));
            }
        }
    }

    /// An entry that `accept` takes, among the first `limit` on a way down from the root; not in
    /// order.
    pub(super) fn find(
        &self,
        limit: usize,
        mut accept: impl FnMut(&T) -> bool,
    ) -> Option<NonNull<T>> {
        let mut at = self.root;
        for _ in 0..limit {
            let node = at?;
            // SAFETY: an entry of the heap is live; its links are not referred to while `accept`
            // runs.
            if accept(unsafe { node.as_ref() }) {
                return Some(node);
            }
            // SAFETY: as above. All siblings, then the children of the last.
            let own = unsafe { links(node) };
            at = own.next.or(own.child);
        }
        None
    }
}

/// Joins two trees; on equal ranks `a` stays above.
///
/// # Safety
///
/// `a` and `b` are the roots of disjoint trees of one heap (or about to be).
unsafe fn join<T: Entry>(a: NonNull<T>, b: NonNull<T>) -> NonNull<T> {
    // SAFETY: both are live, their links are the heap's, and `a`, `b` and the better one's child
    // are three different entries, because the trees are disjoint.
    unsafe {
        let (better, worse) = if links(b).rank < links(a).rank {
            (b, a)
        } else {
            (a, b)
        };
        let child = links(better).child.replace(worse);
        let below = links(worse);
        below.next = child;
        below.prev = Some(better);
        if let Some(child) = child {
            links(child).prev = Some(worse);
        }
        better
    }
}

/// Joins the tree at `first` and those of all siblings after it.
///
/// # Safety
///
/// They are the roots of disjoint trees of one heap, and their parent is no longer in it.
unsafe fn join_all<T: Entry>(first: Option<NonNull<T>>) -> Option<NonNull<T>> {
    // SAFETY: all entries reached are the siblings of the condition, and each is in exactly one of
    // `rest`, `pairs` and `whole` at any time.
    unsafe {
        let mut rest = first;
        let mut pairs: Option<NonNull<T>> = None;
        while let Some(a) = rest {
            let tree = match links(a).next {
                None => {
                    rest = None;
                    a
                }
                Some(b) => {
                    rest = links(b).next;
                    join(a, b)
                }
            };
            links(tree).next = pairs;
            pairs = Some(tree);
        }
        let mut whole = pairs?;
        pairs = links(whole).next;
        while let Some(tree) = pairs {
            pairs = links(tree).next;
            whole = join(whole, tree);
        }
        links(whole).next = None;
        Some(whole)
    }
}
