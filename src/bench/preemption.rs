//! `preempt.cost`: two threads that never give up their core: how long nobody has it when it is taken from one and given
//! to the other.
//!
//! Each writes down the time over and over, where only it writes. When it finds that the other one has gone on, it has
//! been given the core: what lies between the two last moments is the interrupt, the decision and the switch, and at most
//! two turns of the loop, a dozen instructions each.

use alloc::{boxed::Box, sync::Arc};
use core::sync::atomic::{AtomicU64, Ordering};

use super::{
    NoFigure, Outcome,
    crew::{self, Part, Work},
    run::Run,
};
use crate::{arch::timer, stats::Histogram};

#[derive(Default)]
struct Shared {
    /// The last moment of each.
    moments: [AtomicU64; 2],
    /// Samples of both.
    count: AtomicU64,
}

/// Measures until there are as many samples as were asked for.
pub(crate) fn measure(run: &Run) -> Result<Outcome, NoFigure> {
    let shared = Arc::new(Shared::default());
    let (count, clock) = (run.iterations, run.clock);
    let hog = |me: usize| {
        let shared = shared.clone();
        let work: Work = Box::new(move |_, watch| {
            let mut samples = Histogram::new();
            let [mine, theirs] = [me, 1 - me].map(|one| &shared.moments[one]);
            let mut seen = theirs.load(Ordering::Relaxed);
            while shared.count.load(Ordering::Relaxed) < count && !watch.is_off() {
                // In this order: taken away in between, it finds out a turn later.
                let other = theirs.load(Ordering::Relaxed);
                let now = timer::now();
                mine.store(now, Ordering::Relaxed);
                if other != seen {
                    // The first time the other one has just begun, perhaps in the middle of this one's start.
                    if seen != 0 {
                        samples.record(clock.ns(other, now));
                        shared.count.fetch_add(1, Ordering::Relaxed);
                        watch.beat();
                    }
                    seen = other;
                }
            }
            Part::of_samples(samples)
        });
        (run.builder("hog"), work)
    };
    let parts = crew::run(&run.cancel, &mut [0, 1].map(hog).into_iter())?;
    // Both may add the last at once.
    let expected = shared.count.load(Ordering::Relaxed);
    Ok(Outcome::of_samples(crew::samples(&parts), expected, 0))
}
