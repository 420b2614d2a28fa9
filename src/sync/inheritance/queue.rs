//! Who waits for a mutex, and what each thread keeps of the graph of inheritance.
//!
//! A queue is first come, first served; what is most urgent in it is found at its front without a search,
//! because each waiter keeps the most urgent of itself and of those behind it.

#![expect(unsafe_code, reason = "asks who is before whom in a list")]

use core::cell::Cell;
use core::ptr::null;

use crate::sched::policy::Urgency;
use crate::sched::wait_list::WaitList;
use crate::sync::kernel::Thread;
use crate::sync::raw_mutex::RawMutex;

/// A thread's edges in the graph. All under its lock.
#[derive(Debug)]
pub(crate) struct Edges {
    /// The mutex that it waits for.
    pub(super) waits_for: Cell<*const RawMutex>,
    /// The first of the mutexes that it owns and somebody waits for.
    pub(super) wanted: Cell<*const RawMutex>,
    /// While it is in a queue: the most urgent of itself and of those behind it.
    pub(super) reach: Cell<Urgency>,
}

impl Edges {
    /// Those of a thread that waits for nothing and for which nobody waits.
    pub(crate) const fn new() -> Self {
        Self {
            waits_for: Cell::new(null()),
            wanted: Cell::new(null()),
            reach: Cell::new(Urgency::LEAST),
        }
    }

    /// The block is another thread's. The one before may have forgotten to unlock.
    #[inline]
    pub(crate) fn forget(&self) {
        self.waits_for.set(null());
        self.wanted.set(null());
    }
}

/// Those who wait for a mutex, and the mutex's place among those of its owner.
#[derive(Debug)]
pub(in crate::sync) struct Queue {
    pub(super) waiters: WaitList,
    /// The owner's next wanted mutex.
    pub(super) next: *const RawMutex,
    /// Whether the mutex is in its owner's list: it is while somebody waits, unless the owner has ended.
    pub(super) is_wanted: bool,
}

impl Queue {
    pub(in crate::sync) const fn new() -> Self {
        Self {
            waiters: WaitList::new(),
            next: null(),
            is_wanted: false,
        }
    }

    /// The most urgent in it.
    pub(super) fn reach(&self) -> Urgency {
        let first = self.waiters.first();
        first.map_or(Urgency::LEAST, |first| first.edges.reach.get())
    }

    /// Brings the reach up to date from `from` on to the front, as far as it changes. `None` is before the
    /// front. Whether the queue's may have changed.
    pub(super) fn refresh(&self, from: Option<&Thread>) -> bool {
        let mut at = from;
        while let Some(thread) = at {
            // SAFETY: in the queue, as the caller's is and those before it are.
            let (behind, before) =
                unsafe { (self.waiters.after(thread), self.waiters.before(thread)) };
            let behind = behind.map_or(Urgency::LEAST, |behind| behind.edges.reach.get());
            let reach = thread.urgency().max(behind);
            if thread.edges.reach.replace(reach) == reach {
                return false;
            }
            at = before;
        }
        true
    }
}
