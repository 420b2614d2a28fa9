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

// SAFETY: always the same field, which serves nothing else.
unsafe impl inbox::Entry for Thread {
    #[inline]
    fn links(&self) -> &inbox::Links<Self> {
        &self.inbox_links
    }
}
