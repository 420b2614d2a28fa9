//! How a thread's block ends before its function has returned: what is kept of it for a crash.

#![expect(unsafe_code, reason = "a context that is diverted")]

use core::sync::atomic::Ordering;

use super::Thread;
use crate::fault::Reason;
use crate::sched::context::Context;

impl Thread {
    /// Which of the threads that have had this block and crashed it comes after.
    pub(in crate::sched) fn generation(&self) -> u8 {
        self.generation.load(Ordering::Relaxed)
    }

    /// What the thread has locked so far is a dead owner's from here on. For the thread itself, which holds the lock of
    /// `sync::inheritance`; it goes on with another thread pointer.
    pub(crate) fn begin_next_generation(&self) {
        let generation = self.generation();
        debug_assert!(generation < u8::MAX, "a block that is worn out");
        self.generation.store(generation + 1, Ordering::Relaxed);
    }

    /// Why it ended before its function returned, if it did. For the thread itself, and for whoever has seen it gone.
    pub(crate) fn reason(&self) -> Option<Reason> {
        Reason::from_u8(self.reason.load(Ordering::Relaxed))
    }

    /// The thread itself: it ends, for this reason.
    pub(crate) fn set_reason(&self, reason: Reason) {
        self.reason.store(reason as u8, Ordering::Relaxed);
    }

    /// The page that is lent to it. For the thread itself, and for the core that has just switched away from it.
    pub(crate) fn lent_page(&self) -> Option<usize> {
        usize::from(self.lent_page.get()).checked_sub(1)
    }

    /// Notes which page is lent to it. For the same.
    pub(crate) fn set_lent_page(&self, page: Option<usize>) {
        self.lent_page.set(page.map_or(0, |page| page as u8 + 1));
    }

    /// Lets it go on at `address` when it runs next. For the core that has just switched away from it.
    pub(crate) fn divert(&self, address: usize) {
        let context = core::ptr::with_exposed_provenance_mut::<Context>(self.sp.get());
        // SAFETY: its context was stored there, and it runs nowhere.
        self.diverted_from
            .set(unsafe { (*context).divert(address) });
    }

    /// Where it would have gone on. For the thread itself.
    pub(crate) fn diverted_from(&self) -> usize {
        self.diverted_from.get()
    }

    /// What its function was started with is freed by whoever calls this: the thread itself, once.
    pub(crate) fn take_over_argument(&self) -> usize {
        self.abandon.set(None);
        self.words.argument()
    }

    /// The thread itself, if it ends before its function has returned: frees what that was started with.
    pub(crate) fn abandon_argument(&self) {
        // Else a value may lie where the argument was.
        if let Some(abandon) = self.abandon.take() {
            abandon(self.words.argument());
        }
    }
}
