//! `mutex.contended`: two threads on two cores that want the same mutex all the time.

use alloc::{boxed::Box, sync::Arc};

use super::{
    NoFigure, Outcome,
    clock::now,
    crew::{self, Part, Work},
    outcome::Plain,
    run::{Placement, Run, Stretch},
};
use crate::{stats::Histogram, sync::Mutex, thread::Builder};

/// Measures taking and giving back: what both do, in the time from the first start to the last end.
pub(crate) fn measure(run: &Run) -> Result<Outcome, NoFigure> {
    let (plain, _) = round(run, false)?;
    let (timed, samples) = round(run, true)?;
    Ok(Outcome {
        plain: Some(plain),
        expected: timed.ops,
        ..run.samples(samples, run.clock.cost_ns)
    })
}

fn round(run: &Run, is_timed: bool) -> Result<(Plain, Histogram), NoFigure> {
    let cores = run.place(Placement::Apart)?;
    let each = (run.iterations / 2).max(1);
    let count = Arc::new(Mutex::new(0_u64));
    let clock = run.clock;
    let crew = cores.into_iter().flatten().map(|core| {
        let count = count.clone();
        let work: Work = Box::new(move |_, watch| {
            let mut samples = is_timed.then(Histogram::new);
            let goes_on = |_| !watch.is_off();
            let stretch = Stretch::begin(false);
            let done = if let Some(samples) = &mut samples {
                watch.laps(each, goes_on, || {
                    let from = now();
                    *count.lock() += 1;
                    samples.record(clock.sample_ns(from, now()));
                })
            } else {
                watch.laps(each, goes_on, || *count.lock() += 1)
            };
            let (time, counts) = stretch.end();
            Part {
                done,
                time,
                counts,
                samples,
            }
        });
        (Builder::new().name("contender").core(core), work)
    });
    let parts = crew::run(&run.cancel, &mut { crew })?;
    let ops: u64 = parts.iter().map(|part| part.done).sum();
    if *count.lock() != ops {
        return Err(NoFigure::Wrong("the mutex let two in at once"));
    }
    let from = parts.iter().map(|part| part.time.0).min();
    let to = parts.iter().map(|part| part.time.1).max();
    let time = (from.unwrap_or(0), to.unwrap_or(0));
    Ok((run.plain(ops, time, &[]), crew::samples(&parts)))
}
