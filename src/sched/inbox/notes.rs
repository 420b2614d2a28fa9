//! What a core is asked for besides: to look again at a thread that it has, and to record what it decides.
//!
//! Both are bits of the inbox's one word, which are free in a pointer: so a decision at which nobody wants anything costs
//! one load and one test.

use super::{Entry, Inbox};
use crate::sched::atomic::Ordering;

/// A thread that the core has is to be looked at again.
const ASKED: usize = 1;
/// The core's decisions are recorded.
const WATCHED: usize = 2;
/// Those bits.
pub(super) const NOTES: usize = ASKED | WATCHED;

/// `word` as a pointer to the newest entry.
#[inline]
pub(super) fn newest_in<T>(word: *mut T) -> *mut T {
    word.map_addr(|address| address & !NOTES)
}

/// The word that says `newest`, and has the notes of `word`.
#[inline]
pub(super) fn with_notes_of<T>(newest: *mut T, word: *mut T) -> *mut T {
    newest.map_addr(|address| address | word.addr() & NOTES)
}

impl<T: Entry> Inbox<T> {
    /// The core itself, at each decision: nothing is in it, nothing is asked, and nobody watches.
    #[inline]
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.word.load(Ordering::Relaxed).is_null()
    }

    /// The core itself, if it is not quiet: whether that is because of the notes.
    #[inline]
    #[must_use]
    pub fn has_notes(&self) -> bool {
        self.word.load(Ordering::Relaxed).addr() & NOTES != 0
    }

    /// Anybody: look again. The core has to be told besides. A read-modify-write, so that the core sees the
    /// changes of all who have asked.
    pub fn ask(&self) {
        self.word.fetch_or(ASKED, Ordering::Release);
    }

    /// The core itself, if it is not quiet.
    #[inline]
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.word.load(Ordering::Relaxed).addr() & ASKED != 0
    }

    /// The core itself, before it looks. A read-modify-write: what was changed before the note was made is
    /// seen after it, and a note that is made meanwhile stays.
    pub fn take_asked(&self) {
        self.word.fetch_and(!ASKED, Ordering::Acquire);
    }

    /// Anybody: whether the core is to record from now on. A hint, by which it costs nothing while it is not: who turns
    /// it off still has to agree with the core on when it stops (`sched::tracer`).
    pub fn watch(&self, is_watched: bool) {
        if is_watched {
            self.word.fetch_or(WATCHED, Ordering::Relaxed);
        } else {
            self.word.fetch_and(!WATCHED, Ordering::Relaxed);
        }
    }

    /// The core itself, wherever it does something that is recorded.
    #[inline]
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.word.load(Ordering::Relaxed).addr() & WATCHED != 0
    }

    /// The core itself: takes all entries, and leaves the notes.
    #[inline]
    pub(super) fn take_newest(&self) -> *mut T {
        newest_in(self.word.fetch_and(NOTES, Ordering::Acquire))
    }
}
