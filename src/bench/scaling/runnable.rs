//! `scale.yield.tN`: a yield among N threads that yield.

use alloc::{boxed::Box, sync::Arc};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::{
    bench::{
        NoFigure, Outcome, Plain,
        clock::now,
        crew::{self, LAP, Part, Watch, Work},
        pair::switches,
        run::{Run, Stretch},
    },
    stats::Histogram,
    thread,
};

/// Turns of each thread that do not count, if so many are not more than [`WARM_UP_YIELDS`] in all: before that, what they
/// have run still differs by much of itself, as they began one after another, and a yield has to look for a place.
const WARM_UP: u64 = 16;
const WARM_UP_YIELDS: u64 = 20_000;

/// `scale.yield.tN`: N threads that yield to each other. An operation is a switch; a sample is the mean of those from
/// one turn of the first thread to its next, some N.
pub(crate) fn runnable(run: &Run, threads: u64) -> Result<Outcome, NoFigure> {
    let (plain, _) = yields(run, threads, false)?;
    let (timed, samples) = yields(run, threads, true)?;
    Ok(Outcome {
        plain: Some(plain),
        expected: timed.ops,
        batch: threads,
        threads: Some(threads),
        ..run.samples(samples, run.clock.cost_ns)
    })
}

/// One round: how often the first thread has its turn again.
struct Yields {
    run: Run,
    threads: u64,
    is_timed: bool,
    arrived: AtomicU64,
    is_over: AtomicBool,
}

impl Yields {
    /// How often the first thread has its turn.
    fn turns(&self) -> u64 {
        (self.run.iterations / self.threads).max(4)
    }

    fn play(&self, me: u64, watch: &Watch) -> Part {
        self.arrived.fetch_add(1, Ordering::Relaxed);
        if me > 0 {
            while !self.is_over.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            return Part::default();
        }
        while self.arrived.load(Ordering::Relaxed) < self.threads {
            thread::yield_now();
        }
        // A step is a turn of all threads. An emulator may take seconds for it: other stacks, other pages each time.
        let lap = (LAP / self.threads).max(1);
        let warm_up = (WARM_UP_YIELDS / self.threads).clamp(2, WARM_UP);
        watch.laps_of(1, warm_up, |_| true, thread::yield_now);
        let mut samples = self.is_timed.then(Histogram::new);
        let (clock, core) = (self.run.clock, self.run.cores.0);
        let goes_on = |_| !watch.is_off();
        let before = switches(core);
        let stretch = Stretch::begin(true);
        let turns = if let Some(samples) = &mut samples {
            let mut count = before;
            watch.laps_of(lap, self.turns(), goes_on, || {
                let from = now();
                thread::yield_now();
                let to = now();
                let seen = core::mem::replace(&mut count, switches(core));
                samples.record(clock.sample_ns(from, to) / (count - seen).max(1));
            })
        } else {
            watch.laps_of(lap, self.turns(), goes_on, thread::yield_now)
        };
        let (time, counts) = stretch.end();
        let switches = switches(core) - before;
        self.is_over.store(true, Ordering::Relaxed);
        Part {
            done: if self.is_timed { turns } else { switches },
            time,
            counts,
            samples,
        }
    }
}

fn yields(run: &Run, threads: u64, is_timed: bool) -> Result<(Plain, Histogram), NoFigure> {
    let round = Arc::new(Yields {
        run: run.clone(),
        threads,
        is_timed,
        arrived: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
    });
    let crew = (0..threads).map(|me| {
        let round = round.clone();
        let work: Work = Box::new(move |_, watch| round.play(me, watch));
        (run.builder("yield"), work)
    });
    let parts = crew::run(&run.cancel, &mut { crew })?;
    let first = parts.first().ok_or(NoFigure::Spawn)?;
    // One that is owed time goes on before all others had their turn, so they are not exactly as many.
    if !is_timed && first.done < round.turns() * threads / 2 {
        return Err(NoFigure::Wrong("a yield did not let the others go first"));
    }
    let plain = run.plain(first.done, first.time, first.counts.as_slice());
    Ok((plain, crew::samples(&parts)))
}
