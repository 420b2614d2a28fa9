//! `handoff.park.*`: a flag, park and unpark.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::{
    bench::pair::Turns,
    thread::{self, Thread},
};

/// A flag, and a token for whoever is parked.
#[derive(Default)]
pub(crate) struct ByPark(AtomicUsize);

impl Turns for ByPark {
    fn new() -> Option<Self> {
        Some(Self::default())
    }

    #[inline(always)]
    fn turn(&self, me: usize, other: &Thread, at: impl FnOnce()) {
        while self.0.load(Ordering::Acquire) != me {
            thread::park();
        }
        at();
        self.0.store(1 - me, Ordering::Release);
        other.unpark();
    }
}
