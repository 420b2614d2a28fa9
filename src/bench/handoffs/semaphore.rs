//! `handoff.semaphore.*`: two semaphores.

use crate::{bench::pair::Turns, sync::Semaphore, thread::Thread};

/// A semaphore for each thread.
pub(crate) struct BySemaphore([Semaphore; 2]);

impl Turns for BySemaphore {
    fn new() -> Option<Self> {
        Some(Self([Semaphore::new(1), Semaphore::new(0)]))
    }

    #[inline(always)]
    fn turn(&self, me: usize, _: &Thread, at: impl FnOnce()) {
        self.0[me].acquire();
        at();
        self.0[1 - me].release();
    }
}
