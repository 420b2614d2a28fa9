//! Two threads that take turns: what one handoff costs.
//!
//! Both take a number of turns first that does not count, so that everything is in its place. Then the first thread's
//! time from after one of its turns to after a later one covers each handoff between exactly once.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicU64, Ordering};

use super::{
    NoFigure, Outcome,
    clock::{Clock, now},
    crew::{self, Part, Watch, Work},
    handoffs::ByCondvar,
    outcome::Plain,
    run::{Placement, Run, Stretch},
};
use crate::{
    arch::pmu::Counts,
    cores::{self, CoreId},
    shell::Cancel,
    stats::Histogram,
    thread::{self, Builder, Thread},
};

/// Turns of each that do not count.
const WARM_UP: u64 = 64;

/// Two threads that take turns.
pub(crate) trait Turns: Send + Sync + Sized + 'static {
    /// Thread 0 has the first turn. `None`: no memory.
    fn new() -> Option<Self>;

    /// One turn of thread `me`: waits for it, calls `at`, and hands over to `other`.
    fn turn(&self, me: usize, other: &Thread, at: impl FnOnce());
}

struct Shared<T> {
    turns: T,
    run: Run,
    arrived: AtomicU64,
    /// When the turn that was last was handed over.
    last: AtomicU64,
    /// After which lap both stop, if they are to stop early. Thread 0 says so a whole lap before, so that both know.
    stop_after: AtomicU64,
}

impl<T: Turns> Shared<T> {
    /// All turns of one thread.
    fn play(&self, me: usize, crew: &[Thread], watch: &Watch, round: Round) -> Part {
        let other = &crew[1 - me];
        self.arrived.fetch_add(1, Ordering::Relaxed);
        while self.arrived.load(Ordering::Relaxed) < 2 {
            thread::yield_now();
        }
        let goes_on = |laps| {
            if me == 0 && watch.is_off() && self.stop_after.load(Ordering::Relaxed) == u64::MAX {
                self.stop_after.store(laps + 1, Ordering::Relaxed);
            }
            laps < self.stop_after.load(Ordering::Relaxed)
        };
        let clock = self.run.clock;
        let mut part = Part::default();
        // The turns that do not count take the same way as the others: so there is one copy of it.
        let [mut warm_up, mut samples] = [Histogram::new(), Histogram::new()];
        for (turns, samples) in [(WARM_UP, &mut warm_up), (round.turns, &mut samples)] {
            let stretch = Stretch::begin(round.is_counted[me]);
            part.done = if round.is_timed {
                watch.laps(turns, goes_on, || {
                    self.turns.turn(me, other, || {
                        let taken = now();
                        let given = self.last.load(Ordering::Relaxed);
                        samples.record(clock.sample_ns(given, taken));
                        self.last.store(now(), Ordering::Relaxed);
                    });
                })
            } else {
                watch.laps(turns, goes_on, || {
                    self.turns.turn(me, other, || ());
                })
            };
            (part.time, part.counts) = stretch.end();
        }
        part.samples = round.is_timed.then_some(samples);
        part
    }
}

/// One round.
#[derive(Clone, Copy)]
struct Round {
    /// Turns of each thread.
    turns: u64,
    is_timed: bool,
    /// Whether each reads the counters of its core.
    is_counted: [bool; 2],
}

/// The works of both threads; `None`: no memory.
type Works = fn(&Run, Round) -> Option<[Work; 2]>;

fn works<T: Turns>(run: &Run, round: Round) -> Option<[Work; 2]> {
    let shared = Arc::new(Shared::<T> {
        turns: T::new()?,
        run: run.clone(),
        arrived: AtomicU64::new(0),
        last: AtomicU64::new(0),
        stop_after: AtomicU64::new(u64::MAX),
    });
    Some([0, 1].map(|me| -> Work {
        let shared = shared.clone();
        Box::new(move |crew, watch| shared.play(me, crew, watch, round))
    }))
}

/// Measures the handoff `T` where `placement` has the two threads: a round without readings of the clock, and one with.
pub(crate) fn measure<T: Turns>(run: &Run, placement: Placement) -> Result<Outcome, NoFigure> {
    both_rounds(run, placement, works::<T>)
}

fn both_rounds(run: &Run, placement: Placement, works: Works) -> Result<Outcome, NoFigure> {
    let (plain, _) = round(run, placement, false, works)?;
    let (_, samples) = round(run, placement, true, works)?;
    Ok(Outcome {
        plain: Some(plain),
        expected: plain.ops,
        ..run.samples(samples, run.clock.cost_ns)
    })
}

/// The samples of as many handoffs by condition variable as a round of somebody else's had, with threads on `cores`.
#[expect(
    clippy::large_stack_frames,
    reason = "results of both rounds; a command has a stack of 32 KiB"
)]
pub(crate) fn condvar_samples(
    clock: Clock,
    cores: [Option<CoreId>; 2],
    plain: Plain,
    cancel: &Cancel,
) -> Result<Outcome, NoFigure> {
    let run = Run {
        clock,
        iterations: plain.ops,
        cancel: cancel.clone(),
        cores: (CoreId::BOOT, None),
    };
    let (timed, samples) = round(&run, Placement::On(cores), true, works::<ByCondvar>)?;
    // The classic round counts nothing but time: so one more that does.
    let (counted, _) = round(&run, Placement::On(cores), false, works::<ByCondvar>)?;
    let is_same = counted.ops == plain.ops;
    let plain = Plain {
        cycles: counted.cycles.filter(|_| is_same),
        instructions: counted.instructions.filter(|_| is_same),
        ..plain
    };
    Ok(Outcome {
        plain: Some(plain),
        expected: plain.ops.max(timed.ops),
        ..run.samples(samples, clock.cost_ns)
    })
}

#[expect(
    clippy::large_stack_frames,
    reason = "results of both threads; a command has a stack of 32 KiB"
)]
fn round(
    run: &Run,
    placement: Placement,
    is_timed: bool,
    works: Works,
) -> Result<(Plain, Histogram), NoFigure> {
    let cores = run.place(placement)?;
    let is_same_core = cores[0].is_some() && cores[0] == cores[1];
    let round = Round {
        turns: (run.iterations / 2).max(1),
        is_timed,
        // On one core the first thread counts for both.
        is_counted: [cores[0].is_some(), cores[1].is_some() && !is_same_core],
    };
    let works = works(run, round).ok_or(NoFigure::Spawn)?;
    let crew = works.into_iter().zip(cores).map(|(work, core)| {
        let builder = Builder::new().name("turns");
        (
            match core {
                Some(core) => builder.core(core),
                None => builder,
            },
            work,
        )
    });
    let before = cores[0].map(switches);
    let parts = crew::run(&run.cancel, &mut { crew })?;
    let [first, second] = &parts[..] else {
        return Err(NoFigure::Wrong("a thread is missing"));
    };
    if first.done != second.done {
        return Err(NoFigure::Wrong("the threads did not take turns"));
    }
    let ops = first.done + second.done;
    if is_same_core
        && let (Some(core), Some(before)) = (cores[0], before)
        && switches(core) - before < ops
    {
        return Err(NoFigure::Wrong("there were fewer switches than handoffs"));
    }
    let counts: Vec<Counts> = parts.iter().filter_map(|part| part.counts).collect();
    let plain = run.plain(ops, first.time, &counts);
    Ok((plain, crew::samples(&parts)))
}

/// Switches on `core` so far.
pub(crate) fn switches(core: CoreId) -> u64 {
    let stats = cores::stats(core);
    stats.switches_voluntary + stats.switches_preempted
}
