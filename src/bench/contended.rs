//! `mutex.contended`: two threads on two cores that want the same mutex all the time: each begins when the other one has
//! begun, and goes on until the other one has done its share.

use alloc::{boxed::Box, sync::Arc};
use core::sync::atomic::{AtomicU64, Ordering};

use super::{
    NoFigure, Outcome,
    clock::now,
    crew::{self, LAP, Part, Watch, Work},
    outcome::Plain,
    run::{Placement, Run, Stretch},
};
use crate::{
    arch::pmu::Counts,
    stats::Histogram,
    sync::Mutex,
    thread::{self, Builder},
};

/// Operations of each that do not count.
const WARM_UP: u64 = 64;

/// Measures taking and giving back: what both do, in the time from the first start to the last end.
pub(crate) fn measure(run: &Run) -> Result<Outcome, NoFigure> {
    let (plain, _, waits) = round(run, false)?;
    let (timed, samples, _) = round(run, true)?;
    Ok(Outcome {
        plain: Some(plain),
        expected: timed.ops,
        waits: Some(waits),
        ..run.samples(samples, run.clock.cost_ns)
    })
}

/// What the two have in common.
#[derive(Default)]
struct Shared {
    count: Mutex<u64>,
    arrived: AtomicU64,
    finished: AtomicU64,
    /// Operations that are in no figure.
    beside: AtomicU64,
    /// How often one of them had to wait, and gave up its core.
    waits: AtomicU64,
}

impl Shared {
    fn play(&self, run: &Run, is_timed: bool, watch: &Watch) -> Part {
        let step = || *self.count.lock() += 1;
        let (clock, each) = (run.clock, (run.iterations / 2).max(1));
        let mut samples = is_timed.then(Histogram::new);
        let mut beside = watch.laps(WARM_UP, |_| !watch.is_off(), step);
        self.arrived.fetch_add(1, Ordering::Relaxed);
        watch.spin(|| self.arrived.load(Ordering::Relaxed) == 2);
        let before = thread::current().info().switches_voluntary;
        let stretch = Stretch::begin(true);
        let goes_on = |_| !watch.is_off();
        let done = if let Some(samples) = &mut samples {
            watch.laps(each, goes_on, || {
                let from = now();
                step();
                samples.record(clock.sample_ns(from, now()));
            })
        } else {
            watch.laps(each, goes_on, step)
        };
        let (time, counts) = stretch.end();
        let waits = thread::current().info().switches_voluntary - before;
        self.waits.fetch_add(waits, Ordering::Relaxed);
        self.finished.fetch_add(1, Ordering::Relaxed);
        // Else the end of the other one's round would be without a rival.
        while self.finished.load(Ordering::Relaxed) < 2 && !watch.is_off() {
            beside += watch.laps(LAP, goes_on, step);
        }
        self.beside.fetch_add(beside, Ordering::Relaxed);
        Part {
            done,
            time,
            counts,
            samples,
        }
    }
}

fn round(run: &Run, is_timed: bool) -> Result<(Plain, Histogram, u64), NoFigure> {
    let cores = run.place(Placement::Apart)?;
    let shared = Arc::new(Shared::default());
    let crew = cores.into_iter().flatten().map(|core| {
        let (shared, run) = (shared.clone(), run.clone());
        let work: Work = Box::new(move |_, watch| shared.play(&run, is_timed, watch));
        (Builder::new().name("contender").core(core), work)
    });
    let parts = crew::run(&run.cancel, &mut { crew })?;
    let ops: u64 = parts.iter().map(|part| part.done).sum();
    if *shared.count.lock() != ops + shared.beside.load(Ordering::Relaxed) {
        return Err(NoFigure::Wrong("the mutex let two in at once"));
    }
    let from = parts.iter().map(|part| part.time.0).min();
    let to = parts.iter().map(|part| part.time.1).max();
    let time = (from.unwrap_or(0), to.unwrap_or(0));
    let counts: alloc::vec::Vec<Counts> = parts.iter().filter_map(|part| part.counts).collect();
    let plain = run.plain(ops, time, &counts);
    let waits = shared.waits.load(Ordering::Relaxed);
    Ok((plain, crew::samples(&parts), waits))
}
