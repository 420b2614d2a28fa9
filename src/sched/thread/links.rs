//! How the queues get at what a thread carries for them.

#![expect(unsafe_code, reason = "intrusive links")]

use core::cell::UnsafeCell;
use core::ptr::NonNull;

use super::Thread;
use crate::sched::{inbox, run_queue, timer_queue};

// SAFETY: the address of one field, made without a reference; the field is in a cell, so it may be written.
unsafe impl run_queue::Entry for Thread {
    #[inline]
    unsafe fn links(this: NonNull<Self>) -> NonNull<run_queue::Links<Self>> {
        // SAFETY: `this` is live, by the caller's promise.
        unsafe {
            NonNull::new_unchecked(UnsafeCell::raw_get(&raw const (*this.as_ptr()).run_links))
        }
    }
}

// SAFETY: as above.
unsafe impl timer_queue::Entry for Thread {
    #[inline]
    unsafe fn links(this: NonNull<Self>) -> NonNull<timer_queue::Links<Self>> {
        // SAFETY: `this` is live, by the caller's promise.
        unsafe {
            NonNull::new_unchecked(UnsafeCell::raw_get(&raw const (*this.as_ptr()).timer_links))
        }
    }
}

// SAFETY: always the same field, which serves nothing else while a thread has the block.
unsafe impl inbox::Entry for Thread {
    #[inline]
    fn links(&self) -> &inbox::Links<Self> {
        &self.inbox_links
    }
}

/// A block that no thread has is in no inbox, so what would link it there links the free ones. For whoever holds the lock
/// of their lists.
impl Thread {
    #[inline]
    pub(in crate::sched) fn next_free(&self) -> Option<NonNull<Self>> {
        self.inbox_links.spare()
    }

    #[inline]
    pub(in crate::sched) fn set_next_free(&self, next: Option<NonNull<Self>>) {
        self.inbox_links.set_spare(next);
    }
}
