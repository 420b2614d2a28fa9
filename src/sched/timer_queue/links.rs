//! What the owner of a timer carries so that it can be armed, and how the queue gets at it.

use core::ptr::NonNull;

/// No slot.
pub(super) const UNARMED: u16 = u16::MAX;

/// What the owner of a timer carries for it. While the timer is armed, only the queue touches it.
#[derive(Debug)]
pub struct Links<T> {
    pub(super) deadline_ticks: u64,
    pub(super) next: Option<NonNull<T>>,
    /// The one before in the slot; none for its first.
    pub(super) prev: Option<NonNull<T>>,
    pub(super) slot: u16,
}

impl<T> Links<T> {
    /// Those of a timer that is not armed.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            deadline_ticks: u64::MAX,
            next: None,
            prev: None,
            slot: UNARMED,
        }
    }

    /// When the timer was armed for, last.
    #[inline]
    #[must_use]
    pub const fn deadline_ticks(&self) -> u64 {
        self.deadline_ticks
    }
}

impl<T> Default for Links<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// What can be armed.
///
/// # Safety
///
/// `links` returns the address of one field of `*this`, always the same and of no other purpose,
/// without making a reference, and with a provenance that allows writing to it. If `*this` is
/// shared, the field is in an `UnsafeCell`.
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
