//! A look at all threads: who is ready, and who waits in a circle.

use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Kind, Suspicion};
use crate::sched::claim::State;
use crate::sched::per_core;
use crate::sched::registry;
use crate::sched::thread::Thread;
use crate::sync::inheritance::{Circle, circle_of};
use crate::time::{self, Instant};

/// A thread may wait so much longer for each thread that runs or is ready on its core: several of its turns.
const PER_THREAD: Duration = Duration::from_millis(50);

/// What a look has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) suspicions: Vec<Suspicion>,
    /// By its first thread.
    circles: Vec<(u32, Circle)>,
}

impl Found {
    /// Nothing yet, and room for `suspicions` without asking for memory.
    ///
    /// # Errors
    ///
    /// There is no memory.
    pub(super) fn with_room(suspicions: usize) -> Result<Self, TryReserveError> {
        let mut found = Self::default();
        found.suspicions.try_reserve(suspicions)?;
        Ok(found)
    }

    /// For another look: nothing.
    pub(super) fn clear(&mut self) {
        self.suspicions.clear();
        self.circles.clear();
    }

    pub(super) fn add(&mut self, suspicion: Suspicion) -> Result<(), TryReserveError> {
        self.suspicions.try_reserve(1)?;
        self.suspicions.push(suspicion);
        Ok(())
    }

    /// The circle of which `thread` is the first.
    pub(super) fn circle_of(&self, thread: u32) -> Option<&Circle> {
        let (_, circle) = self.circles.iter().find(|(first, _)| *first == thread)?;
        Some(circle)
    }

    /// Looks at thread `id` only.
    ///
    /// # Errors
    ///
    /// There is no memory.
    pub(super) fn add_thread(&mut self, id: u32, patience: u64) -> Result<(), TryReserveError> {
        match registry::find(id) {
            Some(thread) if thread.state() == State::Ready => self.add(ready(&thread, patience)),
            _ => Ok(()),
        }
    }

    /// Looks at all threads. A thread may be ready for `patience` ticks, and longer where there are many.
    ///
    /// # Errors
    ///
    /// There is no memory.
    pub(super) fn add_threads(&mut self, patience: u64) -> Result<(), TryReserveError> {
        for thread in registry::try_all()? {
            match thread.state() {
                State::Ready => self.add(ready(&thread, patience))?,
                State::Waiting => {
                    if let Some(circle) = circle_of(&thread) {
                        self.add_circle(&thread, circle, patience)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn add_circle(
        &mut self,
        first: &Thread,
        circle: Circle,
        patience: u64,
    ) -> Result<(), TryReserveError> {
        self.add(Suspicion {
            kind: Kind::Deadlock,
            core: first.core(),
            thread: first.id(),
            mark: circle.mark,
            since: Instant::now().ticks(),
            patience,
        })?;
        self.circles.try_reserve(1)?;
        self.circles.push((first.id(), circle));
        Ok(())
    }
}

/// A thread that is ready. If it has run when it is looked at again, it has left its core once more.
fn ready(thread: &Thread, patience: u64) -> Suspicion {
    let core = thread.core();
    let others = per_core::get(core).load() as u64;
    Suspicion {
        kind: Kind::Starve,
        core,
        thread: thread.id(),
        mark: thread.switches_voluntary.get() + thread.switches_preempted.get(),
        since: Instant::now().ticks(),
        patience: patience + others * time::ticks(PER_THREAD),
    }
}
