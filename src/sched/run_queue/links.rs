//! What a thread carries so that it can be queued, and how the queue gets at it.

use core::ptr::NonNull;

use crate::sched::policy::{Head, Rank, Weight};

/// What a queued thread carries for the queue. While it is queued, only the queue touches it.
#[derive(Debug)]
#[repr(C)]
pub struct Links<T> {
    pub(super) rank: Rank,
    /// The next in the lane; in the heap, the next sibling.
    pub(super) next: Option<NonNull<T>>,
    /// The one before in the lane (meaningless for the first); in the heap, the sibling before or
    /// the parent.
    pub(super) prev: Option<NonNull<T>>,
    weight: Weight,
    pub(super) in_heap: bool,
    /// The first child in the heap; nothing in the lane. Last, because the heap is seldom needed.
    pub(super) child: Option<NonNull<T>>,
}

impl<T> Links<T> {
    /// Bytes at the front that all need whose threads take turns.
    pub const HOT_BYTES: usize = core::mem::offset_of!(Self, child);

    /// Those of a thread that is in no queue, with the normal weight.
    #[must_use]
    pub const fn new(rank: Rank) -> Self {
        Self {
            rank,
            next: None,
            prev: None,
            child: None,
            in_heap: false,
            weight: Weight::NORMAL,
        }
    }

    /// Those of an idle thread, which is never queued.
    #[must_use]
    pub const fn idle() -> Self {
        Self {
            weight: Weight::IDLE,
            ..Self::new(Rank::IDLE)
        }
    }

    /// The rank with which the thread was queued last, or that [`set_rank`](Self::set_rank) gave it
    /// since.
    #[inline]
    #[must_use]
    pub const fn rank(&self) -> Rank {
        self.rank
    }

    /// By what the thread is charged.
    #[inline]
    #[must_use]
    pub const fn weight(&self) -> Weight {
        self.weight
    }

    /// What the policy has to know of the thread while it waits.
    #[inline]
    pub(super) const fn head(&self) -> Head {
        Head {
            rank: self.rank,
            weight: self.weight,
        }
    }

    /// Changes by what the thread is charged, while it is not queued.
    #[inline]
    pub const fn set_weight(&mut self, weight: Weight) {
        self.weight = weight;
    }

    /// Keeps `rank` with a thread that is not queued.
    #[inline]
    pub const fn set_rank(&mut self, rank: Rank) {
        self.rank = rank;
    }
}

/// What can be queued.
///
/// # Safety
///
/// `links` returns the address of one field of `*this`, always the same and of no other purpose,
/// without making a reference, and with a provenance that allows writing to it.
pub unsafe trait Entry: Sized {
    /// The links inside `this`.
    ///
    /// # Safety
    ///
    /// `this` points to a live `Self`.
    unsafe fn links(this: NonNull<Self>) -> NonNull<Links<Self>>;
}

/// The links of `node`, to read and write.
///
/// # Safety
///
/// `node` is live, and no reference to its links exists while the result does.
#[inline]
pub(super) unsafe fn links<'a, T: Entry>(node: NonNull<T>) -> &'a mut Links<T> {
    // SAFETY: `node` is live, so `Entry::links` gives the address of its links; that nobody else
    // refers to them is this function's own condition.
    unsafe { T::links(node).as_mut() }
}
