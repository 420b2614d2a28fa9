//! One thread of `soak` as the director knows it: what it was told, and whether that is what became of it.

use core::{sync::atomic::Ordering, time::Duration};

use super::{
    super::wrong::require,
    draw::Holds,
    stage::{STAGE, Slot},
};
use crate::{
    thread::{self, JoinHandle, Reason},
    time::Instant,
};

/// How long a thread may take to have room for an order, or to end, before it counts as hung: it has five orders at most.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How often its end is looked for.
const POLL: Duration = Duration::from_millis(1);

/// A thread at work.
pub(super) struct Worker {
    pub(super) handle: JoinHandle<()>,
    /// Orders that it was given.
    pub(super) given: u64,
    /// It was told to end, by whatever.
    pub(super) is_ending: bool,
    /// What it was told to crash by, and the number of that.
    ends_by: Option<(Reason, usize)>,
    /// What it is in then.
    holds: Holds,
}

impl Worker {
    pub(super) const fn new(handle: JoinHandle<()>) -> Self {
        Self {
            handle,
            given: 0,
            is_ending: false,
            ends_by: None,
            holds: Holds::Nothing,
        }
    }

    /// It was told to end, or to crash, within what it holds.
    pub(super) const fn is_to_end(&mut self, by: Option<(Reason, usize)>, holds: Holds) {
        self.is_ending = true;
        self.ends_by = by;
        self.holds = holds;
    }

    /// Waits for its end; whether it came.
    pub(super) fn ends_in_time(&self) -> bool {
        let start = Instant::now();
        while !self.handle.is_finished() {
            if start.elapsed() > PATIENCE {
                return false;
            }
            thread::sleep(POLL);
        }
        true
    }

    /// Takes what came of it, which is over, and makes its locks good again.
    pub(super) fn judge(self, place: &Slot) {
        let ended = self.handle.join();
        let done = place.done.load(Ordering::Relaxed);
        let mut is_right = done == self.given;
        if place.own.is_poisoned() {
            is_right &= self.holds == Holds::Write;
            place.own.clear_poison();
        } else {
            is_right &= self.holds != Holds::Write;
        }
        is_right &= place.own.try_write().is_some();
        drop(place.grave.lock_always());
        match self.ends_by {
            None => STAGE.note(require(
                "whether a thread did all that it was told, and ended",
                1,
                u64::from(is_right && ended == Ok(())),
            )),
            // What is not counted here is lost.
            Some((reason, fault)) if is_right && ended == Err(reason) => {
                STAGE.count_survived(fault);
            }
            Some(_) => {}
        }
    }
}
