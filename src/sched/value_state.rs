//! Whether what a thread's function has returned is there, and who drops it: one word.
//!
//! The thread leaves a value and its handle goes, in any order; who is second drops what nobody has taken. A model
//! checker runs it (`sched/model/join.rs`).

use super::atomic::{AtomicU8, Ordering, const_unless_checked};

/// The handle is there, the value not yet, or not any more.
const NOWHERE: u8 = 0;
/// The value is there.
const THERE: u8 = 1;
/// The handle is gone.
const UNWANTED: u8 = 2;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct ValueState(AtomicU8);

impl ValueState {
    const_unless_checked! {
        /// That of a block which no thread has had yet.
        pub(super) fn new() -> Self {
            Self(AtomicU8::new(NOWHERE))
        }
    }

    /// For whoever makes the block a new thread's.
    #[cfg_attr(
        not(target_os = "none"),
        expect(dead_code, reason = "models have no block twice")
    )]
    pub(super) fn begin(&self) {
        self.0.store(NOWHERE, Ordering::Relaxed);
    }

    /// The thread itself, which has written its value. True: nobody wants it, the thread is to drop it.
    #[inline]
    pub(super) fn leave(&self) -> bool {
        // Release for whoever drops it; the handle has left nothing to be seen.
        self.0.swap(THERE, Ordering::Release) == UNWANTED
    }

    /// Whoever is about to take the value, or to drop it.
    #[inline]
    pub(super) fn take(&self) {
        self.0.store(NOWHERE, Ordering::Relaxed);
    }

    /// The handle goes. True: the value is there, whoever has the handle is to drop it.
    #[inline]
    pub(super) fn give_up(&self) -> bool {
        self.0.swap(UNWANTED, Ordering::Acquire) == THERE
    }
}
