//! A thread that takes mutexes one after the other, and gives them up one by one when it is told.

use alloc::{sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicUsize, Ordering};

use super::super::session::{Ended, Session};
use crate::{
    sync::Mutex,
    thread::{self, Builder, JoinHandle, State, Thread, Urgency},
};

/// Such a thread. It gives up all when this is dropped.
pub(super) struct Holder {
    shared: Arc<Shared>,
    handle: Option<JoinHandle<()>>,
}

struct Shared {
    /// How many it has taken.
    taken: AtomicUsize,
    /// How many it is to keep.
    keep: AtomicUsize,
}

impl Holder {
    /// Starts it. It takes `mutexes` in their order, and gives them up in the opposite one.
    pub(super) fn spawn(
        session: &mut Session<'_>,
        id: &str,
        builder: Builder,
        mutexes: &[&Arc<Mutex<()>>],
    ) -> Result<Self, Ended> {
        let shared = Arc::new(Shared {
            taken: AtomicUsize::new(0),
            keep: AtomicUsize::new(mutexes.len()),
        });
        let inside = shared.clone();
        let mutexes: Vec<_> = mutexes.iter().map(|mutex| Arc::clone(mutex)).collect();
        let work = move || {
            let mut guards = Vec::new();
            for mutex in &mutexes {
                guards.push(mutex.lock());
                inside.taken.store(guards.len(), Ordering::Relaxed);
            }
            while !guards.is_empty() {
                while guards.len() > inside.keep.load(Ordering::Relaxed) {
                    guards.pop();
                    inside.taken.store(guards.len(), Ordering::Relaxed);
                }
                if !guards.is_empty() {
                    thread::park();
                }
            }
        };
        let handle = session.spawned(id, builder.name("holder").spawn(work))?;
        Ok(Self {
            shared,
            handle: Some(handle),
        })
    }

    /// Comes back when it has taken, or still has, `count`.
    pub(super) fn has(
        &self,
        session: &mut Session<'_>,
        id: &str,
        count: usize,
    ) -> Result<(), Ended> {
        session.wait(id, "it has what it is to have", || {
            self.shared.taken.load(Ordering::Relaxed) == count
        })
    }

    /// Comes back when it waits for a mutex.
    pub(super) fn waits(&self, session: &mut Session<'_>, id: &str) -> Result<(), Ended> {
        session.wait(id, "it waits", || {
            self.thread()
                .is_some_and(|thread| thread.info().state == State::Waiting)
        })
    }

    /// Tells it to give up all but `count`.
    pub(super) fn keep(&self, count: usize) {
        self.shared.keep.store(count, Ordering::Relaxed);
        if let Some(thread) = self.thread() {
            thread.unpark();
        }
    }

    /// How urgent it is.
    pub(super) fn urgency(&self) -> Urgency {
        self.thread()
            .map_or(Urgency::LEAST, |thread| thread.info().urgency)
    }

    /// The thread.
    pub(super) fn thread(&self) -> Option<&Thread> {
        self.handle.as_ref().map(JoinHandle::thread)
    }

    /// Tells it to give up all, and waits for its end.
    pub(super) fn end(mut self, session: &mut Session<'_>, id: &str) -> Result<(), Ended> {
        self.keep(0);
        session.join_all(id, self.handle.take())
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.keep(0);
    }
}
