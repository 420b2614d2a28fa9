//! The inbox of a core: threads that other cores have woken, linked through the threads, without a
//! lock.
//!
//! Any core pushes; the owner takes everything at once, oldest first. A push that finds the inbox
//! empty says so: its core then sends the interrupt, and nobody else has to until the owner has
//! looked. A stack suffices, because entries leave only all together: no node that a push has read
//! can come back in between (no ABA).
//!
//! ```text
//! push: node.next ← head; head ← node   (compare and swap, release: hazard H24)
//! take: head ← null                     (read, modify, write, acquire), then the list is turned round
//! ```
//!
//! The low bits of the head are notes of another kind (`notes`), which a push and a take leave as they are.
#![expect(
    unsafe_code,
    reason = "links between threads that the inbox does not own"
)]

mod notes;
#[cfg(all(test, not(loom)))]
mod tests;

use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use super::atomic::{AtomicPtr, Ordering, const_unless_checked};
use notes::{NOTES, newest_in, with_notes_of};

/// What a thread carries for the inbox.
#[derive(Debug)]
pub struct Links<T> {
    /// Written by whoever has the thread: the pusher before it publishes it, then the owner of the
    /// inbox.
    next: AtomicPtr<T>,
}

impl<T> Links<T> {
    const_unless_checked! {
        /// That of a thread that is in no inbox.
        #[must_use]
        pub fn new() -> Self {
            Self {
                next: AtomicPtr::new(ptr::null_mut()),
            }
        }
    }
}

impl<T> Links<T> {
    /// For whoever has what is in no inbox: what [`set_spare`](Self::set_spare) has set. So the link serves another list.
    #[cfg(target_os = "none")]
    #[inline]
    pub(super) fn spare(&self) -> Option<NonNull<T>> {
        NonNull::new(self.next.load(Ordering::Relaxed))
    }

    /// See [`spare`](Self::spare).
    #[cfg(target_os = "none")]
    #[inline]
    pub(super) fn set_spare(&self, next: Option<NonNull<T>>) {
        let next = next.map_or(ptr::null_mut(), NonNull::as_ptr);
        self.next.store(next, Ordering::Relaxed);
    }
}

impl<T> Default for Links<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// What can be put into an inbox.
///
/// # Safety
///
/// `links` always gives the same field of the entry, and it serves no other purpose.
pub unsafe trait Entry: Sync {
    /// The links inside this entry.
    fn links(&self) -> &Links<Self>
    where
        Self: Sized;
}

/// An inbox. It is shared: all cores push, one takes.
#[derive(Debug)]
pub struct Inbox<T: Entry> {
    /// The newest entry, and the notes.
    word: AtomicPtr<T>,
}

impl<T: Entry> Inbox<T> {
    const_unless_checked! {
        /// An empty inbox.
        #[must_use]
        pub fn new() -> Self {
            const { assert!(align_of::<T>() > NOTES, "the notes are low bits of a pointer") };
            Self {
                word: AtomicPtr::new(ptr::null_mut()),
            }
        }
    }

    /// Whether nothing is in it. A snapshot: it may be wrong at once, but what this core knows to
    /// have been pushed before (an interrupt that came after the push, say) it sees.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        newest_in(self.word.load(Ordering::Relaxed)).is_null()
    }

    /// Puts `node` in. Whether the inbox was empty: then the owner has to be told.
    ///
    /// All that was written before the push is seen by whoever takes `node` out.
    ///
    /// # Safety
    ///
    /// `node` is live and stays so until it has been taken out, and is in no inbox.
    #[inline]
    #[must_use = "the owner of an inbox that was empty does not know that it has something to take"]
    pub unsafe fn push(&self, node: NonNull<T>) -> bool {
        // SAFETY: it is live, and shared access is all that is taken.
        let links = unsafe { node.as_ref() }.links();
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let newest = newest_in(word);
            links.next.store(newest, Ordering::Relaxed);
            match self.word.compare_exchange_weak(
                word,
                with_notes_of(node.as_ptr(), word),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return newest.is_null(),
                Err(seen) => word = seen,
            }
        }
    }

    /// Takes everything out, oldest first. Costs a load where there is nothing.
    #[inline]
    pub fn take_all(&self) -> Batch<'_, T> {
        let oldest = if self.is_empty() {
            None
        } else {
            self.take_and_turn()
        };
        Batch {
            oldest,
            inbox: PhantomData,
        }
    }

    /// Takes what is in it, if that is one entry and nothing is noted, and if no other core touches it at this very moment;
    /// else does nothing. Without a loop: `arch::cpu::by_a_call` says why.
    #[inline]
    pub fn take_only(&self) -> Option<NonNull<T>> {
        // Acquire: what the pusher has written in the entry is seen.
        let word = self.word.load(Ordering::Acquire);
        if word.addr() & NOTES != 0 {
            return None;
        }
        let node = NonNull::new(newest_in(word))?;
        // SAFETY: it was pushed, and nobody else takes it.
        let next = &unsafe { node.as_ref() }.links().next;
        if !next.load(Ordering::Relaxed).is_null() {
            return None;
        }
        self.word
            .compare_exchange_weak(word, ptr::null_mut(), Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            .then_some(node)
    }

    #[inline(never)]
    fn take_and_turn(&self) -> Option<NonNull<T>> {
        let mut rest = NonNull::new(self.take_newest());
        let mut turned: Option<NonNull<T>> = None;
        while let Some(node) = rest {
            // SAFETY: it was pushed, so it is live until it leaves the batch that this makes; the
            // swap gave its link to us alone.
            let next = &unsafe { node.as_ref() }.links().next;
            rest = NonNull::new(next.load(Ordering::Relaxed));
            next.store(
                turned.map_or(ptr::null_mut(), NonNull::as_ptr),
                Ordering::Relaxed,
            );
            turned = Some(node);
        }
        turned
    }
}

impl<T: Entry> Default for Inbox<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// What was in an inbox, oldest first. What is not taken from it stays unqueued: go through to the
/// end.
#[must_use = "threads that are not taken from the batch are lost"]
#[derive(Debug)]
pub struct Batch<'a, T: Entry> {
    oldest: Option<NonNull<T>>,
    inbox: PhantomData<&'a Inbox<T>>,
}

impl<T: Entry> Iterator for Batch<'_, T> {
    type Item = NonNull<T>;

    #[inline]
    fn next(&mut self) -> Option<NonNull<T>> {
        let node = self.oldest?;
        // SAFETY: it is in the batch, so it is live, and its link is the batch's.
        let next = &unsafe { node.as_ref() }.links().next;
        self.oldest = NonNull::new(next.load(Ordering::Relaxed));
        Some(node)
    }
}
