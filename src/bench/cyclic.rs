//! A thread that sleeps until a moment, over and over, and says how late it woke: what `cyclictest` does. For
//! `timer.latency`, and for the command `latency`.

use alloc::boxed::Box;

use super::{
    NoFigure, Outcome,
    clock::{Clock, now},
    crew::{self, Part, Work},
    run::Run,
};
use crate::{
    stats::Histogram,
    thread,
    time::{self, Instant},
};

use core::time::Duration;

/// Between two moments, where nobody says otherwise.
pub(crate) const INTERVAL: Duration = Duration::from_micros(1_000);

/// Sleeps `count` times, each time until `interval` after the moment before: being late once does not put off what
/// comes next, so a long delay shows in all wake-ups that it held up. Done is what did not wake too early.
pub(crate) fn work(clock: Clock, interval: Duration, count: u64) -> Work {
    let interval_ticks = time::ticks(interval);
    Box::new(move |_, watch| {
        let (mut samples, mut done) = (Histogram::new(), 0);
        let mut deadline = now();
        for _ in 0..count {
            if watch.is_off() {
                break;
            }
            deadline += interval_ticks;
            thread::sleep_until(Instant::from_ticks(deadline));
            let woke = now();
            done += u64::from(woke >= deadline);
            samples.record(clock.ns(deadline, woke));
            watch.beat();
        }
        Part {
            done,
            ..Part::of_samples(samples)
        }
    })
}

/// How late one thread woke, `count` times.
pub(crate) fn outcome(part: Part, count: u64) -> Result<Outcome, NoFigure> {
    let samples = part.samples.unwrap_or_default();
    if part.done < samples.count() {
        return Err(NoFigure::Wrong("it woke before its time"));
    }
    // Nothing is subtracted: the deadline is no reading of the clock.
    Ok(Outcome::of_samples(samples, count, 0))
}

/// `timer.latency`: on a core that has nothing else to do.
pub(crate) fn measure(run: &Run) -> Result<Outcome, NoFigure> {
    let work = work(run.clock, INTERVAL, run.iterations);
    let crew = [(run.builder("cyclic"), work)];
    let parts = crew::run(&run.cancel, &mut crew.into_iter())?;
    outcome(parts.into_iter().next().unwrap_or_default(), run.iterations)
}
