//! The inbox by itself: nothing is lost, doubled or overtaken, and the right pushes tell.

#![expect(unsafe_code, reason = "the inbox links the letters")]

use std::ptr::NonNull;
use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread;

use super::machine::check;
use crate::sched::atomic::{AtomicU8, Ordering};
use crate::sched::inbox::{Entry, Inbox, Links};

struct Letter {
    /// Who sends it, and which of its letters it is.
    from: (usize, usize),
    links: Links<Letter>,
    /// Written before the push, without any order of its own.
    text: UnsafeCell<usize>,
}

// SAFETY: always the field `links`.
unsafe impl Entry for Letter {
    fn links(&self) -> &Links<Self> {
        &self.links
    }
}

// SAFETY: loom checks that the text is used by one after the other.
unsafe impl Sync for Letter {}

struct Post {
    letters: Vec<Letter>,
    inbox: Inbox<Letter>,
    /// How many pushes have found it empty: interrupts that the owner has not taken yet.
    told: AtomicU8,
}

/// Each of `senders` sends so many letters; the owner looks whenever it is told, and only then.
fn post(senders: &'static [usize]) {
    let letters = |from: usize| {
        (0..senders[from]).map(move |number| Letter {
            from: (from, number),
            links: Links::new(),
            text: UnsafeCell::new(0),
        })
    };
    let post = Arc::new(Post {
        letters: (0..senders.len()).flat_map(letters).collect(),
        inbox: Inbox::new(),
        told: AtomicU8::new(0),
    });
    let owner = thread::current();
    for from in 0..senders.len() {
        let (post, owner) = (Arc::clone(&post), owner.clone());
        thread::spawn(move || {
            for letter in post.letters.iter().filter(|letter| letter.from.0 == from) {
                // SAFETY: loom checks that the text is used by one after the other.
                letter
                    .text
                    .with_mut(|text| unsafe { *text = letter.from.1 });
                // SAFETY: the letters live as long as the inbox, and each is pushed once.
                if unsafe { post.inbox.push(NonNull::from(letter)) } {
                    post.tell(&owner);
                }
            }
        });
    }
    let mut next = vec![0; senders.len()];
    while next.iter().sum::<usize>() < post.letters.len() {
        post.wait();
        let mut taken = 0;
        for node in post.inbox.take_all() {
            // SAFETY: the letters live as long as the inbox.
            let letter = unsafe { node.as_ref() };
            let (from, number) = letter.from;
            assert_eq!(number, next[from], "lost, doubled or overtaken");
            // SAFETY: loom checks that the text is used by one after the other.
            assert_eq!(letter.text.with(|text| unsafe { *text }), number);
            next[from] += 1;
            taken += 1;
        }
        assert!(taken > 0, "told for nothing");
    }
    assert!(post.inbox.is_empty());
    assert_eq!(
        post.told.load(Ordering::Relaxed),
        0,
        "told once more than there was to take"
    );
}

impl Post {
    fn tell(&self, owner: &thread::Thread) {
        loop {
            let told = self.told.load(Ordering::Relaxed);
            let more =
                self.told
                    .compare_exchange(told, told + 1, Ordering::Relaxed, Ordering::Relaxed);
            if more.is_ok() {
                break;
            }
        }
        owner.unpark();
    }

    fn wait(&self) {
        loop {
            let told = self.told.load(Ordering::Relaxed);
            if told == 0 {
                thread::park();
            } else if self
                .told
                .compare_exchange(told, told - 1, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
            {
                return;
            }
        }
    }
}

#[test]
fn a_letter_is_taken_once_in_order_and_with_what_was_written_in_it() {
    check(3, || post(&[2]));
}

#[test]
fn exactly_the_pushes_that_find_the_inbox_empty_tell() {
    check(3, || post(&[1, 1]));
}

#[test]
fn two_senders_do_not_overtake_themselves() {
    check(2, || post(&[2, 1]));
}
