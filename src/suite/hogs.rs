//! Threads that only compute, never yield, and count how far they came.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::foremost::Foremost;
use crate::{
    cores::CoreId,
    thread::{Builder, JoinHandle, Priority, SpawnError, Thread, ThreadInfo},
};

/// Some hogs. They stop when this is dropped.
pub(crate) struct Hogs {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// How far one hog came, for a thread that watches it.
#[derive(Clone)]
pub(crate) struct Rounds {
    shared: Arc<Shared>,
    which: usize,
}

impl Rounds {
    /// Its rounds so far.
    pub(crate) fn get(&self) -> u64 {
        self.shared.rounds[self.which].load(Ordering::Relaxed)
    }
}

struct Shared {
    stop: AtomicBool,
    /// Rounds of each hog; written by that hog only.
    rounds: Box<[AtomicU64]>,
}

impl Hogs {
    /// Starts one hog for each entry of `placement`: pinned to that core, or anywhere.
    pub(crate) fn spawn(placement: &[Option<CoreId>]) -> Result<Self, SpawnError> {
        Self::spawn_each(placement.iter().map(|core| {
            let builder = Builder::new().priority(Priority::NORMAL);
            match core {
                Some(core) => builder.core(*core),
                None => builder,
            }
        }))
    }

    /// Starts one hog from each of `builders`.
    pub(crate) fn spawn_each(
        builders: impl IntoIterator<Item = Builder>,
    ) -> Result<Self, SpawnError> {
        let builders: Vec<Builder> = builders.into_iter().collect();
        let rounds = builders.iter().map(|_| AtomicU64::new(0)).collect();
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            rounds,
        });
        let mut hogs = Self {
            shared,
            threads: Vec::new(),
        };
        let _foremost = Foremost::new();
        for (me, builder) in builders.into_iter().enumerate() {
            let shared = hogs.shared.clone();
            let compute = move || shared.compute(me);
            // If this fails, dropping `hogs` stops those that already run.
            hogs.threads.push(builder.name("hog").spawn(compute)?);
        }
        Ok(hogs)
    }

    /// How far each came.
    pub(crate) fn rounds(&self) -> Vec<u64> {
        self.shared
            .rounds
            .iter()
            .map(|rounds| rounds.load(Ordering::Relaxed))
            .collect()
    }

    /// How far hog number `which` came, from now on.
    pub(crate) fn counter(&self, which: usize) -> Rounds {
        Rounds {
            shared: self.shared.clone(),
            which,
        }
    }

    /// Whether each has come further than `since`.
    pub(crate) fn all_advanced(&self, since: &[u64]) -> bool {
        self.rounds()
            .iter()
            .zip(since)
            .all(|(now, before)| now > before)
    }

    /// Hog number `which`.
    pub(crate) fn thread(&self, which: usize) -> &Thread {
        self.threads[which].thread()
    }

    /// What the scheduler knows of each.
    pub(crate) fn infos(&self) -> Vec<ThreadInfo> {
        self.threads
            .iter()
            .map(|thread| thread.thread().info())
            .collect()
    }

    /// Lets them end, and hands them over to be joined.
    pub(crate) fn stop(mut self) -> Vec<JoinHandle<()>> {
        core::mem::take(&mut self.threads)
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn compute(&self, me: usize) {
        let mut rounds = 0;
        while !self.stop.load(Ordering::Relaxed) {
            rounds += 1;
            self.rounds[me].store(rounds, Ordering::Relaxed);
        }
    }
}
