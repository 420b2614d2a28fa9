//! What `asm/reschedule.s` saves of a thread that leaves a core.

use core::mem::{offset_of, size_of};
use core::sync::atomic::{Ordering, compiler_fence};

use crate::sched::switch::thread_start;

/// What `reschedule` saves on the old thread's stack: what AAPCS64 says a call preserves, but for sp and
/// FPCR, which are in the thread's block.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct Context {
    /// x29 and x30: a frame record, for backtraces of threads that do not run.
    fp: u64,
    lr: u64,
    x19_x28: [u64; 10],
    /// The low halves of v8-v15.
    d8_d15: [u64; 8],
}

/// Byte offsets of the pairs, for `asm/reschedule.s`.
pub(super) const X19: usize = offset_of!(Context, x19_x28);
pub(super) const D8: usize = offset_of!(Context, d8_d15);

// One `stp` stores each pair; all are in reach of it.
const _: () = {
    assert!(offset_of!(Context, fp) == 0 && offset_of!(Context, lr) == 8);
    assert!(D8 + 48 <= 504);
    assert!(size_of::<Context>().is_multiple_of(16));
};

impl Context {
    /// Lets the thread go on at `address` in place of where it left. Returns where that was.
    pub(in crate::sched) fn divert(&mut self, address: usize) -> usize {
        core::mem::replace(&mut self.lr, address as u64) as usize
    }

    /// Makes it the context with which a thread goes to `thread_start` on its first run: all else zero.
    #[inline]
    pub(super) fn start(&mut self) {
        self.fp = 0;
        self.lr = thread_start as *const () as u64;
        self.x19_x28 = [0; 10];
        // In two parts, each of which the compiler clears by a few stores: for more, it calls `memset`.
        compiler_fence(Ordering::SeqCst);
        self.d8_d15 = [0; 8];
    }
}
