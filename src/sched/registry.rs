//! All threads that exist, for `ps`.

#![expect(unsafe_code, reason = "intrusive links")]

use alloc::vec::Vec;
use core::cell::Cell;
use core::ptr::NonNull;

use crate::sched::blocks::ThreadRef;
use crate::sched::thread::Thread;
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
pub fn all() -> Vec<ThreadRef> {
    loop {
        // Nothing is allocated under the lock: so first the room, then, if it is still enough, the threads.
        let room = REGISTRY.lock().len + 8;
        let mut threads: Vec<ThreadRef> = Vec::with_capacity(room);
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
        return threads;
    }
}
