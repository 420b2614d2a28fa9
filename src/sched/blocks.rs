//! Threads' blocks: counted references, and blocks that are used again and never freed.
//!
//! A mutex names its owner by the address of a block, and who waits for the mutex looks at that owner. Nobody
//! can stop a thread from ending with a mutex locked (`mem::forget` is safe), so the address may outlive the
//! thread. It does not matter: where a block once was, there always is one.

#![expect(unsafe_code, reason = "blocks are shared by counted pointers")]

use alloc::boxed::Box;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::{Ordering, fence};

use crate::sched::thread::{Birth, Thread};
use crate::sync::SpinLock;
use crate::sync::inheritance;

/// A counted reference to a thread's block: `Arc`, but for what becomes of a block that nobody refers to.
#[derive(Debug)]
pub struct ThreadRef(NonNull<Thread>);

// SAFETY: it gives shared access to a `Thread`, which is `Sync`, and may end its life from any thread, for
// which `Thread` is `Send`.
unsafe impl Send for ThreadRef {}
// SAFETY: as above.
unsafe impl Sync for ThreadRef {}

/// Blocks that no thread has, linked by `next_free`.
#[derive(Debug)]
struct Free(Option<NonNull<Thread>>);

// SAFETY: a free block is the list's alone.
unsafe impl Send for Free {}

static FREE: SpinLock<Free> = SpinLock::new(Free(None));

fn take_free() -> Option<NonNull<Thread>> {
    let mut free = FREE.lock();
    let block = free.0?;
    // SAFETY: a block in the list.
    free.0 = unsafe { block.as_ref() }.next_free.get();
    Some(block)
}

impl ThreadRef {
    /// A block for a new thread, and the first reference to it.
    pub(super) fn new(birth: Birth) -> Self {
        let block = take_free().unwrap_or_else(|| Box::leak(Box::new(Thread::idle())).into());
        // SAFETY: new, or free: no thread has it, and nobody refers to it but mutexes whose owner it was.
        unsafe { inheritance::renew(block, Thread::new(birth)) };
        Self(block)
    }

    /// One more reference to a block that somebody holds one to.
    ///
    /// # Safety
    ///
    /// There is a reference to `block` and it stays during the call.
    pub(crate) unsafe fn again(block: NonNull<Thread>) -> Self {
        // SAFETY: there is a reference, so the block is a thread's.
        let before = unsafe { block.as_ref() }
            .references
            .fetch_add(1, Ordering::Relaxed);
        debug_assert!(before > 0 && before < usize::MAX / 2);
        Self(block)
    }

    /// Keeps the reference without an owner, until [`restore`](Self::restore).
    pub(super) fn keep(self) {
        core::mem::forget(self);
    }

    /// Takes back a reference that was kept.
    ///
    /// # Safety
    ///
    /// [`keep`](Self::keep) was called on a reference to `block`, and this was not called for it yet.
    pub(super) unsafe fn restore(block: NonNull<Thread>) -> Self {
        Self(block)
    }
}

impl Clone for ThreadRef {
    fn clone(&self) -> Self {
        // SAFETY: `self` is one.
        unsafe { Self::again(self.0) }
    }
}

impl Deref for ThreadRef {
    type Target = Thread;

    #[inline]
    fn deref(&self) -> &Thread {
        // SAFETY: the block is this thread's for as long as there is a reference.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for ThreadRef {
    fn drop(&mut self) {
        // Release here, acquire below: what others did with the block comes before its next use.
        if self.references.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            let mut free = FREE.lock();
            self.next_free.set(free.0);
            free.0 = Some(self.0);
        }
    }
}
