//! All threads that exist, for `ps`.

#![expect(unsafe_code, reason = "intrusive links")]

use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ptr::NonNull;

use crate::sched::blocks::ThreadRef;
use crate::sched::claim::State;
use crate::sched::thread::{NAME_BYTES, Thread};
use crate::sync::SpinLock;

/// A thread's place among all.
#[derive(Debug)]
pub struct RegistryLinks {
    next: Cell<Option<NonNull<Thread>>>,
    previous: Cell<Option<NonNull<Thread>>>,
}

impl RegistryLinks {
    pub(super) const fn new() -> Self {
        Self {
            next: Cell::new(None),
            previous: Cell::new(None),
        }
    }
}

#[derive(Debug)]
struct Registry {
    newest: Option<NonNull<Thread>>,
    len: usize,
}

// SAFETY: the links are touched under the lock only; a registered thread keeps its block until it has been
// removed.
unsafe impl Send for Registry {}

static REGISTRY: SpinLock<Registry> = SpinLock::new(Registry {
    newest: None,
    len: 0,
});

/// Adds a thread that was just made.
pub(super) fn add(thread: &Thread) {
    let mut registry = REGISTRY.lock();
    let node = NonNull::from(thread);
    thread.registry_links.next.set(registry.newest);
    if let Some(newest) = registry.newest {
        // SAFETY: registered, so its block is there.
        unsafe { newest.as_ref() }
            .registry_links
            .previous
            .set(Some(node));
    }
    registry.newest = Some(node);
    registry.len += 1;
}

/// Takes out a thread that has ended.
pub(super) fn remove(thread: &Thread) {
    let mut registry = REGISTRY.lock();
    let (previous, next) = (
        thread.registry_links.previous.get(),
        thread.registry_links.next.get(),
    );
    match previous {
        // SAFETY: registered, so its block is there.
        Some(previous) => unsafe { previous.as_ref() }.registry_links.next.set(next),
        None => registry.newest = next,
    }
    if let Some(next) = next {
        // SAFETY: as above.
        unsafe { next.as_ref() }
            .registry_links
            .previous
            .set(previous);
    }
    registry.len -= 1;
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
    loop {
        // Nothing is allocated under the lock: so first the room, then, if it is still enough, the threads.
        let room = REGISTRY.lock().len + 8;
        let mut threads: Vec<ThreadRef> = Vec::new();
        threads.try_reserve_exact(room)?;
        let registry = REGISTRY.lock();
        if registry.len > room {
            continue;
        }
        let mut at = registry.newest;
        while let Some(thread) = at {
            // SAFETY: registered: the scheduler's reference is not given back before it is removed, for which
            // it needs the lock that we hold.
            let thread = unsafe { ThreadRef::again(thread) };
            at = thread.registry_links.next.get();
            threads.push(thread);
        }
        drop(registry);
        threads.reverse();
        return Ok(threads);
    }
}

/// Name and realtime class of thread `id`, for whoever may not wait: `None` if there is none, or if others have the
/// list now.
pub(crate) fn known_at_once(id: u32) -> Option<(heapless::String<NAME_BYTES>, u8)> {
    let registry = REGISTRY.try_lock()?;
    let mut at = registry.newest;
    loop {
        // SAFETY: registered, so its block is there.
        let thread = unsafe { at?.as_ref() };
        if thread.id() == id {
            return Some((thread.name().clone(), thread.realtime()));
        }
        at = thread.registry_links.next.get();
    }
}

/// How much of a stack is looked at in one go, with IRQs masked.
const CHUNK_BYTES: usize = 4096;

/// How deep the stack of `thread` was ever used, in bytes; `None` if it has ended. A stack that another thread had
/// before shows the deeper of the two. Takes a look at every word that was never used.
pub fn stack_used(thread: &ThreadRef) -> Option<usize> {
    let mut seen = 0;
    loop {
        let _registry = REGISTRY.lock();
        // A thread that ends is taken out of the registry, for which the lock is needed, before its stack is free.
        if thread.state() == State::Exited {
            return None;
        }
        let stack = thread.stack_range()?;
        let chunk = stack.start + seen..stack.end.min(stack.start + seen + CHUNK_BYTES);
        if chunk.is_empty() {
            return Some(0);
        }
        for word in chunk.clone().step_by(size_of::<u64>()) {
            // SAFETY: a word of a stack that stays mapped while we hold the lock. Its thread may write it meanwhile:
            // volatile, and any value will do.
            if unsafe { core::ptr::with_exposed_provenance::<u64>(word).read_volatile() } != 0 {
                return Some(stack.end - word);
            }
        }
        seen += chunk.len();
    }
}
