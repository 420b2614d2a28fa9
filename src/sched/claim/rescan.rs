//! What a core is asked for from outside: to look again at a thread that it has, and to record what it decides.

use crate::sched::atomic::{AtomicU8, Ordering, const_unless_checked};

/// A thread that the core has is to be looked at again.
const ASKED: u8 = 1;
/// The core's decisions are recorded.
const WATCHED: u8 = 2;

/// A core's note that a thread which it has is to be looked at again, or that somebody watches. Both in one byte, so
/// that a decision at which there is nothing to do for either costs one test.
#[derive(Debug)]
#[cfg_attr(not(loom), derive(Default))]
pub struct Rescan(AtomicU8);

impl Rescan {
    const_unless_checked! {
        /// Nothing to look at, and nobody watches.
        pub fn unasked() -> Self {
            Self(AtomicU8::new(0))
        }
    }

    /// Anybody: look again. The core has to be told besides. A read-modify-write, so that the core sees the
    /// changes of all who have asked.
    pub fn ask(&self) {
        self.0.fetch_or(ASKED, Ordering::Release);
    }

    /// The core itself, at each decision: neither asked nor watched.
    #[inline]
    pub fn is_quiet(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// The core itself, if it is not quiet.
    #[inline]
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed) & ASKED != 0
    }

    /// The core itself, before it looks. A read-modify-write: what was changed before the note was made is
    /// seen after it, and a note that is made meanwhile stays.
    pub fn take(&self) {
        self.0.fetch_and(!ASKED, Ordering::Acquire);
    }

    /// Anybody: whether the core is to record from now on. A hint, by which it costs nothing while it is not: who turns
    /// it off still has to agree with the core on when it stops (`sched::tracer`).
    pub fn watch(&self, is_watched: bool) {
        if is_watched {
            self.0.fetch_or(WATCHED, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!WATCHED, Ordering::Relaxed);
        }
    }

    /// The core itself, wherever it does something that is recorded.
    #[inline]
    pub fn is_watched(&self) -> bool {
        self.0.load(Ordering::Relaxed) & WATCHED != 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn asking_and_watching_do_not_touch_each_other() {
        let rescan = Rescan::unasked();
        assert!(rescan.is_quiet());
        rescan.watch(true);
        rescan.ask();
        assert!(rescan.is_asked() && rescan.is_watched());
        rescan.take();
        assert!(!rescan.is_asked() && rescan.is_watched() && !rescan.is_quiet());
        rescan.ask();
        rescan.watch(false);
        assert!(rescan.is_asked() && !rescan.is_watched());
        rescan.take();
        assert!(rescan.is_quiet());
    }
}
