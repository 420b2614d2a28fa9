//! Whether a thread is gone, and who waits for that: one word.

#![expect(unsafe_code, reason = "who waits is a pointer")]

use core::ptr::{NonNull, null_mut, without_provenance_mut};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::Thread;

/// Null: it is not gone, and nobody waits. [`GONE`], or the block of who waits.
#[derive(Debug)]
pub(in crate::sched) struct Joiner(AtomicPtr<Thread>);

/// No block lies there.
const GONE: *mut Thread = without_provenance_mut(1);

impl Joiner {
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    /// For whoever makes the block a new thread's.
    pub(super) fn begin(&self) {
        self.0.store(null_mut(), Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn is_gone(&self) -> bool {
        // Acquire: what the thread has done is seen.
        self.0.load(Ordering::Acquire) == GONE
    }

    /// `thread`, which has declared that it waits, waits for this. False: it is gone.
    #[inline]
    pub(in crate::sched) fn wait(&self, thread: &Thread) -> bool {
        let thread = core::ptr::from_ref(thread).cast_mut();
        // Release: whoever finds it finds that it waits.
        let told = self
            .0
            .compare_exchange(null_mut(), thread, Ordering::AcqRel, Ordering::Acquire);
        debug_assert!(matches!(told, Ok(_) | Err(GONE)), "two wait");
        // It stands there already if something else has woken it.
        told.is_ok() || told == Err(thread)
    }

    /// For the thread itself, when it ends: who waits, if `accept` takes it. Then it does not wait for this any more, and
    /// is to be woken.
    #[inline(always)]
    pub(in crate::sched) fn take_if(
        &self,
        accept: impl FnOnce(&Thread) -> bool,
    ) -> Option<NonNull<Thread>> {
        let waits = NonNull::new(self.0.load(Ordering::Acquire))?;
        debug_assert!(waits.as_ptr() != GONE);
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
    pub(in crate::sched) fn set_gone(&self) -> Option<NonNull<Thread>> {
        // Release: who sees it sees the thread's value.
        NonNull::new(self.0.swap(GONE, Ordering::AcqRel))
    }
}
