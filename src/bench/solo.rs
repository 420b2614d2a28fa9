//! One thread that does the same over and over: what one operation costs.

use alloc::boxed::Box;

use super::{
    NoFigure, Outcome,
    clock::now,
    crew::{self, Part, Work},
    run::{Run, Stretch},
};
use crate::stats::Histogram;

/// Operations that do not count.
const WARM_UP: u64 = 64;

/// A sample of fewer ticks than this says little: then it is made of several operations.
const TICKS_OF_A_SAMPLE: u64 = 32;

/// Whether the counters of the core under test see the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// It stays there.
    Here,
    /// It goes to other cores.
    Elsewhere,
}

/// Measures `op` in a thread on the core under test: a round without readings of the clock, and one with.
pub(crate) fn measure(
    run: &Run,
    counted: Counted,
    op: impl FnMut() + Clone + Send + 'static,
) -> Result<Outcome, NoFigure> {
    let mut timed_op = Some(op.clone());
    both_rounds(run, plain(run, counted, op), &mut |batch| {
        Some(timed(run, batch, timed_op.take()?))
    })
}

#[expect(
    clippy::large_stack_frames,
    reason = "results of both rounds; a command has a stack of 32 KiB"
)]
fn both_rounds(
    run: &Run,
    plain: Work,
    timed: &mut dyn FnMut(u64) -> Option<Work>,
) -> Result<Outcome, NoFigure> {
    let first = alone(run, plain)?;
    let batch = batch(first.time.1 - first.time.0, first.done);
    let second = match timed(batch) {
        Some(timed) => alone(run, timed)?,
        None => Part::default(),
    };
    Ok(Outcome {
        plain: Some(run.plain(first.done, first.time, first.counts.as_slice())),
        expected: samples_of(run, batch),
        batch,
        ..run.samples(second.samples.unwrap_or_default(), run.clock.cost_ns)
    })
}

/// How many operations make a sample, when so many take `ticks`: one, unless it is shorter than half a sample's ticks.
fn batch(ticks: u64, ops: u64) -> u64 {
    let is_short = ticks.saturating_mul(2) < ops * TICKS_OF_A_SAMPLE;
    let enough = |batch: &u64| ticks.saturating_mul(*batch) >= ops * TICKS_OF_A_SAMPLE;
    if is_short {
        (0..10)
            .map(|power| 1 << power)
            .find(enough)
            .unwrap_or(1_024)
    } else {
        1
    }
}

fn samples_of(run: &Run, batch: u64) -> u64 {
    (run.iterations / batch).max(1)
}

fn alone(run: &Run, work: Work) -> Result<Part, NoFigure> {
    let crew = [(run.builder("bench"), work)];
    let parts = crew::run(&run.cancel, &mut crew.into_iter())?;
    let missing = NoFigure::Wrong("the thread is missing");
    parts.into_iter().next().ok_or(missing)
}

fn plain(run: &Run, counted: Counted, mut op: impl FnMut() + Send + 'static) -> Work {
    let iterations = run.iterations;
    Box::new(move |_, watch| {
        let mut part = Part::default();
        for count in [WARM_UP, iterations] {
            let stretch = Stretch::begin(counted == Counted::Here);
            part.done = watch.laps(count, |_| !watch.is_off(), &mut op);
            (part.time, part.counts) = stretch.end();
        }
        part
    })
}

fn timed(run: &Run, batch: u64, mut op: impl FnMut() + Send + 'static) -> Work {
    let (clock, count) = (run.clock, samples_of(run, batch));
    Box::new(move |_, watch| {
        let mut part = Part::default();
        for count in [WARM_UP, count] {
            let mut samples = Histogram::new();
            part.done = watch.laps(
                count,
                |_| !watch.is_off(),
                || {
                    let from = now();
                    for _ in 0..batch {
                        op();
                    }
                    let to = now();
                    // To the nearest: an operation has a few nanoseconds, and cutting would favour it.
                    samples.record((clock.sample_ns(from, to) + batch / 2) / batch);
                },
            );
            part.samples = Some(samples);
        }
        part
    })
}
