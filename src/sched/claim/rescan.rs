//! What a core is asked for when somebody has uttered a wish about a thread that it has.

use crate::sched::atomic::{AtomicBool, Ordering, const_unless_checked};

/// A core's note that a thread which it has is to be looked at again.
#[derive(Debug)]
#[cfg_attr(not(loom), derive(Default))]
pub struct Rescan(AtomicBool);

impl Rescan {
    const_unless_checked! {
        /// Nothing to look at.
        pub fn unasked() -> Self {
            Self(AtomicBool::new(false))
        }
    }

    /// Anybody: look again. The core has to be told besides. A read-modify-write, so that the core sees the
    /// changes of all who have asked.
    pub fn ask(&self) {
        self.0.swap(true, Ordering::Release);
    }

    /// The core itself, at each decision.
    #[inline]
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The core itself, before it looks. A read-modify-write: what was changed before the note was made is
    /// seen after it, and a note that is made meanwhile stays.
    pub fn take(&self) {
        self.0.swap(false, Ordering::Acquire);
    }
}
