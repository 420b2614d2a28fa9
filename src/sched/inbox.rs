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
        let node = NonNull::new(word)?;
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

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::thread;

    use super::*;

    struct Letter {
        sender: usize,
        /// Written by the sender with plain order before each push: what the release must carry
        /// over.
        text: AtomicU64,
        links: Links<Letter>,
    }

    // SAFETY: always the field `links`.
    unsafe impl Entry for Letter {
        fn links(&self) -> &Links<Self> {
            &self.links
        }
    }

    fn letters(senders: usize, each: u64) -> Vec<Letter> {
        let letter = |at| Letter {
            sender: at / each as usize,
            text: AtomicU64::new(u64::MAX),
            links: Links::new(),
        };
        (0..senders * each as usize).map(letter).collect()
    }

    fn post(inbox: &Inbox<Letter>, letter: &Letter) -> bool {
        // SAFETY: the letters of these tests outlive the inbox's use, and each is pushed only while
        // it is out.
        unsafe { inbox.push(NonNull::from(letter)) }
    }

    #[test]
    fn what_was_pushed_first_is_taken_first_and_only_the_first_push_finds_it_empty() {
        let letters = letters(5, 1);
        let inbox = Inbox::new();
        assert!(inbox.take_all().next().is_none());
        for round in 0..2 {
            let empty: Vec<_> = letters.iter().map(|letter| post(&inbox, letter)).collect();
            assert_eq!(empty, [true, false, false, false, false], "round {round}");
            assert!(!inbox.is_empty());
            // SAFETY: the letters live on.
            let order: Vec<_> = inbox
                .take_all()
                .map(|node| unsafe { node.as_ref() }.sender)
                .collect();
            assert_eq!(order, [0, 1, 2, 3, 4]);
            assert!(inbox.is_empty());
        }
    }

    #[test]
    fn one_alone_is_taken_by_itself_and_two_or_one_with_a_note_are_not() {
        let letters = letters(2, 1);
        let inbox = Inbox::new();
        assert!(inbox.take_only().is_none());
        assert!(post(&inbox, &letters[0]));
        inbox.ask();
        assert!(inbox.take_only().is_none());
        inbox.take_asked();
        // A store may fail for no reason.
        let taken = (0..100).find_map(|_| inbox.take_only());
        assert_eq!(taken, Some(NonNull::from(&letters[0])));
        assert!(inbox.is_quiet());
        assert!(post(&inbox, &letters[0]) && !post(&inbox, &letters[1]));
        assert!(inbox.take_only().is_none());
        assert_eq!(inbox.take_all().count(), 2);
    }

    #[test]
    fn notes_and_letters_do_not_touch_each_other() {
        let letters = letters(2, 1);
        let inbox = Inbox::new();
        assert!(inbox.is_quiet());
        inbox.watch(true);
        inbox.ask();
        assert!(inbox.is_asked() && inbox.is_watched() && inbox.has_notes());
        assert!(inbox.is_empty() && inbox.take_all().next().is_none());
        assert!(post(&inbox, &letters[0]), "it was empty but for notes");
        assert!(!post(&inbox, &letters[1]));
        inbox.take_asked();
        assert!(!inbox.is_asked() && inbox.is_watched());
        let order: Vec<_> = inbox
            .take_all()
            // SAFETY: the letters live on.
            .map(|node| unsafe { node.as_ref() }.sender)
            .collect();
        assert_eq!(order, [0, 1]);
        assert!(inbox.is_empty() && inbox.is_watched() && !inbox.is_quiet());
        inbox.ask();
        inbox.watch(false);
        assert!(inbox.is_asked() && !inbox.is_watched());
        inbox.take_asked();
        assert!(inbox.is_quiet() && !inbox.has_notes());
    }

    #[test]
    fn no_letter_of_many_senders_is_lost_doubled_or_overtaken() {
        const SENDERS: usize = 3;
        const EACH: u64 = 20_000;
        let letters = letters(SENDERS, EACH);
        let inbox = Inbox::new();
        let told = AtomicU64::new(0);
        let (mut next, mut batches) = ([0u64; SENDERS], 0u64);
        thread::scope(|scope| {
            for own in letters.chunks(EACH as usize) {
                let (inbox, told) = (&inbox, &told);
                scope.spawn(move || {
                    for (number, letter) in own.iter().enumerate() {
                        letter.text.store(number as u64, Ordering::Relaxed);
                        if post(inbox, letter) {
                            told.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            while next.iter().sum::<u64>() < SENDERS as u64 * EACH {
                let mut taken = inbox.take_all().peekable();
                batches += u64::from(taken.peek().is_some());
                for node in taken {
                    // SAFETY: the letters outlive the scope.
                    let letter = unsafe { node.as_ref() };
                    assert_eq!(letter.text.load(Ordering::Relaxed), next[letter.sender]);
                    next[letter.sender] += 1;
                }
                thread::yield_now();
            }
        });
        assert!(inbox.is_empty());
        // Every batch began with a push that found the inbox empty: no interrupt too few, none too
        // many.
        assert_eq!(told.into_inner(), batches);
    }
}
