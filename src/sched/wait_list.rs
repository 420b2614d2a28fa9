//! The threads that wait for one thing, first come first.
//!
//! The links are in the threads' blocks: a thread waits for one thing at a time, and nothing is allocated.

#![expect(unsafe_code, reason = "intrusive links")]

use core::cell::Cell;
use core::ptr::NonNull;

use crate::sync::kernel::{self, Claimed, IrqGuard, State, Thread};

/// A thread's place in the list that it waits in.
#[derive(Debug)]
pub struct WaitLinks {
    next: Cell<Option<NonNull<Thread>>>,
    /// [`NOBODY`] for the first; `None` for a thread that is in no list.
    previous: Cell<Option<NonNull<Thread>>>,
}

/// Whom the first comes after, and who is last in an empty list: so that who is put in or taken out writes no word more to
/// say that it is in or out.
const NOBODY: NonNull<Thread> = NonNull::dangling();

impl WaitLinks {
    pub(crate) const fn new() -> Self {
        Self {
            next: Cell::new(None),
            previous: Cell::new(None),
        }
    }

    /// Whether the thread is in a list. Under the lock of that list only.
    pub(crate) fn is_linked(&self) -> bool {
        self.previous.get().is_some()
    }
}

/// A queue of waiting threads. Whoever owns one keeps it in a spin lock.
#[derive(Debug)]
pub struct WaitList {
    first: Option<NonNull<Thread>>,
    last: NonNull<Thread>,
}

impl Default for WaitList {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: the links of the threads in a list are touched under the lock that holds the list only; a thread
// in a list is blocked or about to block, so its block stays.
unsafe impl Send for WaitList {}

impl WaitList {
    /// A list in which nobody waits.
    pub const fn new() -> Self {
        Self {
            first: None,
            last: NOBODY,
        }
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The thread that has waited longest.
    pub(crate) fn first(&self) -> Option<&Thread> {
        // SAFETY: a thread in the list, which we hold locked.
        self.first.map(|first| unsafe { first.as_ref() })
    }

    /// The thread that came after `thread`.
    ///
    /// # Safety
    ///
    /// `thread` is in this list.
    pub(crate) unsafe fn after(&self, thread: &Thread) -> Option<&Thread> {
        // SAFETY: a thread in the list, which we hold locked.
        thread
            .wait_links
            .next
            .get()
            .map(|next| unsafe { next.as_ref() })
    }

    /// The thread that came before `thread`.
    ///
    /// # Safety
    ///
    /// `thread` is in this list.
    pub(crate) unsafe fn before(&self, thread: &Thread) -> Option<&Thread> {
        let previous = thread.wait_links.previous.get();
        // SAFETY: a thread in the list, which we hold locked.
        previous
            .filter(|&previous| previous != NOBODY)
            .map(|previous| unsafe { previous.as_ref() })
    }

    /// Declares that the current thread waits, in `state`, and puts it last. From here on a waker may claim
    /// it, so it must go on to block.
    ///
    /// # Safety
    ///
    /// 1. The current thread is in no other list.
    /// 2. IRQs stay masked until it blocks.
    /// 3. The list outlives its wait.
    pub unsafe fn push_current(&mut self, state: State, _masked: &IrqGuard) {
        let current = kernel::current();
        let links = &current.wait_links;
        debug_assert!(!links.is_linked());
        current.set_state(state);
        let last = self.last;
        links.next.set(None);
        links.previous.set(Some(last));
        let node = NonNull::from(current);
        if self.first.is_none() {
            self.first = Some(node);
        } else {
            // SAFETY: a thread in the list, which we hold locked.
            unsafe { last.as_ref() }.wait_links.next.set(Some(node));
        }
        self.last = node;
    }

    /// Takes out the current thread, if it is still in the list: its time has run out.
    ///
    /// # Safety
    ///
    /// If the current thread is in a list, then it is in this one.
    pub unsafe fn remove_current(&mut self) {
        let current = kernel::current();
        if current.wait_links.is_linked() {
            self.unlink(current);
        }
    }

    /// Takes out the thread that has waited longest and wins it: it will run, once it has been made ready.
    /// Threads whose time has run out are passed over.
    pub fn claim_first(&mut self) -> Option<Claimed> {
        while let Some(first) = self.first {
            // SAFETY: a thread in the list, which we hold locked: it cannot leave its wait without the lock.
            let thread = unsafe { first.as_ref() };
            self.unlink_first(thread);
            if let Some(claimed) = Claimed::claim(thread, State::Waiting) {
                return Some(claimed);
            }
        }
        None
    }

    /// Makes all ready who wait now; the caller then lets the policy decide (`preempt_or_arm`). IRQs stay masked for all
    /// of it: if the first one could preempt, one of less urgency would hold up those behind it, and if the waker
    /// came to its end in between, they would wait for ever. Gives how many those were.
    pub(crate) fn wake_all(&mut self, irq: &IrqGuard) -> usize {
        let mut count = 0;
        while let Some(woken) = self.claim_first() {
            woken.enqueue(irq);
            count += 1;
        }
        count
    }

    /// `thread` is in this list.
    fn unlink(&mut self, thread: &Thread) {
        let links = &thread.wait_links;
        let (previous, next) = (links.previous.take().unwrap_or(NOBODY), links.next.get());
        if previous == NOBODY {
            self.first = next;
        } else {
            // SAFETY: a thread in the list, which we hold locked.
            unsafe { previous.as_ref() }.wait_links.next.set(next);
        }
        self.close(previous, next);
    }

    /// The same for the first one.
    #[inline(always)]
    fn unlink_first(&mut self, first: &Thread) {
        let links = &first.wait_links;
        let next = links.next.get();
        self.first = next;
        self.close(NOBODY, next);
        links.previous.set(None);
    }

    /// Who came after one that is taken out comes after `previous`.
    #[inline(always)]
    fn close(&mut self, previous: NonNull<Thread>, next: Option<NonNull<Thread>>) {
        match next {
            // SAFETY: a thread in the list, which we hold locked.
            Some(next) => unsafe { next.as_ref() }
                .wait_links
                .previous
                .set(Some(previous)),
            None => self.last = previous,
        }
    }
}
