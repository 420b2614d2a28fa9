//! `switch.yield.same_core`: both yield.

use crate::{
    bench::pair::Turns,
    thread::{self, Thread},
};

/// Both yield: whoever waits for the core goes first.
pub(crate) struct Yield;

impl Turns for Yield {
    fn new() -> Option<Self> {
        Some(Self)
    }

    #[inline(always)]
    fn turn(&self, _: usize, _: &Thread, at: impl FnOnce()) {
        at();
        thread::yield_now();
    }
}
