//! Whether a thread is gone, and who waits for that: one word.
//!
//! Who waits declares that first, then puts its block here; who ends puts [`GONE`](Joiner::GONE) here, and claims whom it
//! finds. A model checker runs it (`sched/model/join.rs`).

#![expect(unsafe_code, reason = "who waits is a pointer")]

use core::ptr::{NonNull, null_mut, without_provenance_mut};

use super::atomic::{AtomicPtr, Ordering, const_unless_checked};

/// Null: it is not gone, and nobody waits. [`GONE`](Self::GONE), or the block of who waits: a `T`.
#[derive(Debug)]
pub(super) struct Joiner<T>(AtomicPtr<T>);

impl<T> Joiner<T> {
    /// No block lies there.
    const GONE: *mut T = without_provenance_mut(1);

    const_unless_checked! {
        /// That of a block which no thread has had yet.
        pub(super) fn new() -> Self {
            Self(AtomicPtr::new(null_mut()))
        }
    }

    /// For whoever makes the block a new thread's.
    #[cfg_attr(
        not(target_os = "none"),
        expect(dead_code, reason = "models have no block twice")
    )]
    pub(super) fn begin(&self) {
        self.0.store(null_mut(), Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn is_gone(&self) -> bool {
        // Acquire: what the thread has done is seen.
        self.0.load(Ordering::Acquire) == Self::GONE
    }

    /// `thread`, which has declared that it waits, waits for this. False: it is gone.
    #[inline]
    pub(super) fn wait(&self, thread: &T) -> bool {
        let thread = core::ptr::from_ref(thread).cast_mut();
        // Release: whoever finds it finds that it waits. Relaxed: who is told that it is gone asks `is_gone`.
        let told =
            self.0
                .compare_exchange(null_mut(), thread, Ordering::Release, Ordering::Relaxed);
        // It stands there already if something else has woken it.
        let is_told = told.is_ok() || told == Err(thread);
        debug_assert!(is_told || told == Err(Self::GONE), "two wait");
        is_told
    }

    /// For the thread itself, when it ends: who waits, if `accept` takes it. Then it does not wait for this any more, and
    /// is to be woken.
    #[inline(always)]
    pub(super) fn take_if(&self, accept: impl FnOnce(&T) -> bool) -> Option<NonNull<T>> {
        let waits = NonNull::new(self.0.load(Ordering::Acquire))?;
        debug_assert!(waits.as_ptr() != Self::GONE);
        // SAFETY: it waits, or is about to, and does not go on before it is claimed: so its block stays.
        if !accept(unsafe { waits.as_ref() }) {
            return None;
        }
        // A store will do: it does not come here again before it is claimed, and nobody else does.
        self.0.store(null_mut(), Ordering::Relaxed);
        Some(waits)
    }

    /// The thread is gone from here on. Who waits, and is to be woken.
    #[inline(always)]
    pub(super) fn set_gone(&self) -> Option<NonNull<T>> {
        // Release: who sees it sees the thread's value.
        NonNull::new(self.0.swap(Self::GONE, Ordering::AcqRel))
    }
}
