//! All threads that exist, for `ps`.
//!
//! What is listed are the blocks, which are never freed (`sched::blocks`): so the list only grows, is read without a
//! lock, and costs a thread that is born, or ends, nothing. A block that no thread has is passed over.

#![expect(unsafe_code, reason = "intrusive links")]

use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::sched::blocks::ThreadRef;
use crate::sched::thread::Thread;

/// A block's place among all: before the one that was made next before it.
#[derive(Debug)]
pub struct Link(AtomicPtr<Thread>);

impl Link {
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }
}

/// The block that was made last.
static NEWEST: AtomicPtr<Thread> = AtomicPtr::new(null_mut());

/// Adds a block that was just made.
pub(super) fn add(block: &'static Thread) {
    let link = &block.registry_link.0;
    let at = core::ptr::from_ref(block).cast_mut();
    let mut newest = NEWEST.load(Ordering::Relaxed);
    loop {
        link.store(newest, Ordering::Relaxed);
        // Release: who finds the block finds what is in it.
        match NEWEST.compare_exchange_weak(newest, at, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return,
            Err(other) => newest = other,
        }
    }
}

/// All threads that exist now, oldest first.
///
/// # Panics
///
/// Without memory for the list.
pub fn all() -> Vec<ThreadRef> {
    try_all().expect("memory for a list of all threads")
}

/// As [`all`].
///
/// # Errors
///
/// There is no memory for the list.
pub(crate) fn try_all() -> Result<Vec<ThreadRef>, TryReserveError> {
    let mut threads = Vec::new();
    for thread in each() {
        threads.try_reserve(1)?;
        threads.push(thread);
    }
    threads.sort_unstable_by_key(|thread: &ThreadRef| thread.id());
    Ok(threads)
}

/// Thread `id`, if there is one.
pub(crate) fn find(id: u32) -> Option<ThreadRef> {
    each().find(|thread| thread.id() == id)
}

/// Bytes of the stacks of threads that have ended and that somebody still refers to; or did when he crashed.
pub(crate) fn kept_stack_bytes() -> usize {
    let ended = referred().filter(|thread| thread.is_gone());
    ended
        .map(|thread| thread.stack_range().map_or(0, |stack| stack.len()))
        .sum()
}

/// All threads that have not ended as it comes by.
fn each() -> impl Iterator<Item = ThreadRef> {
    referred().filter(|thread| !thread.is_gone())
}

/// All threads that somebody refers to as it comes by, the scheduler or others.
fn referred() -> impl Iterator<Item = ThreadRef> {
    let mut at = NonNull::new(NEWEST.load(Ordering::Acquire));
    core::iter::from_fn(move || {
        let block = at?;
        // SAFETY: where a block once was there is one for ever.
        let link = unsafe { &block.as_ref().registry_link.0 };
        // Relaxed: written before the block became the newest one, which we have acquired, or one before it.
        at = NonNull::new(link.load(Ordering::Relaxed));
        Some(block)
    })
    // SAFETY: as above.
    .filter_map(|block| unsafe { ThreadRef::of_block(block) })
}

/// How deep the stack of `thread` was ever used, in bytes; `None` if it has ended. A stack that another thread had
/// before shows the deeper of the two. Takes a look at every word that was never used.
pub fn stack_used(thread: &ThreadRef) -> Option<usize> {
    if thread.is_gone() {
        return None;
    }
    let stack = thread.stack_range()?;
    let used = stack.clone().step_by(size_of::<u64>()).find(|&word| {
        // SAFETY: a word of a stack that stays mapped while we have the reference. Its thread may write it meanwhile:
        // volatile, and any value will do.
        unsafe { core::ptr::with_exposed_provenance::<u64>(word).read_volatile() != 0 }
    });
    Some(used.map_or(0, |word| stack.end - word))
}
