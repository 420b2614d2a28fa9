//! The inbox on the host's threads.

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
