//! `scale.timer.tN`: a timer that is set and taken back, while N others are armed.

use core::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use super::others::Others;
use crate::{
    bench::{
        NoFigure, Outcome,
        pair::{self, Turns},
        run::{Placement, Run},
    },
    sched::wake,
    thread::Thread,
    time::Instant,
};

/// Later than any benchmark takes.
const FAR: Duration = Duration::from_secs(100_000);

/// `scale.timer.tN`: two threads that hand over by park and unpark, with a deadline that never comes: so each handoff
/// sets a timer and takes it back, while N others have armed one on the same core.
pub(crate) fn timers(run: &Run, threads: u64) -> Result<Outcome, NoFigure> {
    // Half of them before the pair's, half of them after.
    let start = (Instant::now() + FAR).ticks() - threads / 2;
    let _others = Others::spawn(run, threads, move |me| wake::park_until(start + me))?;
    let outcome = pair::measure::<WithDeadline>(run, Placement::Same)?;
    Ok(Outcome {
        threads: Some(threads),
        ..outcome
    })
}

/// As [`ByPark`](crate::bench::handoffs::ByPark), with a deadline.
struct WithDeadline {
    turn: AtomicUsize,
    deadline_ticks: u64,
}

impl Turns for WithDeadline {
    fn new() -> Option<Self> {
        Some(Self {
            turn: AtomicUsize::new(0),
            deadline_ticks: (Instant::now() + FAR).ticks(),
        })
    }

    #[inline(always)]
    fn turn(&self, me: usize, other: &Thread, at: impl FnOnce()) {
        while self.turn.load(Ordering::Acquire) != me {
            wake::park_until(self.deadline_ticks);
        }
        at();
        self.turn.store(1 - me, Ordering::Release);
        other.unpark();
    }
}
