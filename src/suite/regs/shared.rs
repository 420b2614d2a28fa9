//! What the subjects and their director share: who there is, how far each is, and what was found.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use spin::Once;

use super::{
    cause::{Cause, Counts},
    file::Difference,
    roster::Kind,
};
use crate::{cores::CoreId, sched::counter::Counter, sync::SpinLock, thread::Thread};

/// So many mismatches are kept to be told; the others are counted.
const KEPT: usize = 6;

/// A register that is not what it should be, and where and how that came about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mismatch {
    /// Number of the subject.
    pub(crate) thread: usize,
    pub(crate) kind: Kind,
    /// The core on which it was found.
    pub(crate) core: CoreId,
    /// What the thread had come through, if it was switched away from.
    pub(crate) cause: Option<Cause>,
    pub(crate) difference: Difference,
}

/// One thread under test.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) kind: Kind,
    /// Its handle, set before it passes the gate: its block's address must not come from the thread itself.
    pub(crate) thread: Once<Thread>,
    /// Rounds that it has done; written by itself only.
    pub(crate) rounds: Counter,
    /// Checks by cause; written by itself only.
    checks: [Counter; Cause::ALL.len()],
}

impl Subject {
    /// One that has not been started.
    pub(crate) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            thread: Once::new(),
            rounds: Counter::new(),
            checks: [const { Counter::new() }; Cause::ALL.len()],
        }
    }

    /// One more check that has come through `cause`.
    pub(crate) fn count(&self, cause: Cause) {
        self.checks[cause as usize].bump();
    }
}

/// What all of them have.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) subjects: Vec<Subject>,
    stop: AtomicBool,
    /// How many were found; the first of them are kept.
    mismatches: AtomicU64,
    kept: SpinLock<heapless::Vec<Mismatch, KEPT>>,
}

impl Shared {
    /// With subjects of these kinds.
    pub(crate) fn new(kinds: impl Iterator<Item = Kind>) -> Self {
        Self {
            subjects: kinds.map(Subject::new).collect(),
            stop: AtomicBool::new(false),
            mismatches: AtomicU64::new(0),
            kept: SpinLock::new(heapless::Vec::new()),
        }
    }

    /// Asks all subjects to end, and wakes those that wait for a partner.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        for subject in &self.subjects {
            if let Some(thread) = subject.thread.get() {
                thread.unpark();
            }
        }
    }

    /// Whether they were asked to end, or one of them has found something.
    pub(crate) fn must_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.mismatches() > 0
    }

    /// Notes what was found.
    pub(crate) fn tell(&self, mismatch: Mismatch) {
        self.mismatches.fetch_add(1, Ordering::Relaxed);
        // What finds no room is counted all the same.
        let _ = self.kept.lock().push(mismatch);
    }

    /// How many were found.
    pub(crate) fn mismatches(&self) -> u64 {
        self.mismatches.load(Ordering::Relaxed)
    }

    /// The first of them.
    pub(crate) fn kept(&self) -> heapless::Vec<Mismatch, KEPT> {
        self.kept.lock().clone()
    }

    /// The checks of all subjects.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for subject in &self.subjects {
            for (cause, checks) in Cause::ALL.into_iter().zip(&subject.checks) {
                counts.add(cause, checks.get());
            }
        }
        counts
    }

    /// The rounds of all subjects of a kind.
    pub(crate) fn rounds(&self, kind: Kind) -> u64 {
        let of_kind = self.subjects.iter().filter(|subject| subject.kind == kind);
        of_kind.map(|subject| subject.rounds.get()).sum()
    }
}
