//! `scale.*`: whether a yield, or a timer that is set and taken back, costs more when there are more threads.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use super::{
    NoFigure, Outcome,
    clock::now,
    crew::{self, LAP, Part, Watch, Work},
    handoffs::Yield,
    outcome::Plain,
    pair::{self, Turns, switches},
    run::{Placement, Run, Stretch},
};
use crate::{
    sched::wake,
    stats::Histogram,
    thread::{self, JoinHandle, State, Thread},
    time::Instant,
};

/// Turns of each thread that do not count.
const WARM_UP: u64 = 2;

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
        watch.laps_of(1, WARM_UP, |_| true, thread::yield_now);
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

/// `scale.blocked.tN`: two threads that yield to each other, while N others are there and wait.
pub(crate) fn blocked(run: &Run, threads: u64) -> Result<Outcome, NoFigure> {
    let _others = Others::spawn(run, threads, |_| thread::park())?;
    let outcome = pair::measure::<Yield>(run, Placement::Same)?;
    Ok(Outcome {
        threads: Some(threads),
        ..outcome
    })
}

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

/// As [`ByPark`](super::handoffs::ByPark), with a deadline.
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

/// How long threads may take to begin to wait, or to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// Threads that are there and wait. They end when this is dropped.
struct Others {
    is_over: Arc<AtomicBool>,
    handles: Vec<JoinHandle<()>>,
}

impl Others {
    fn spawn(
        run: &Run,
        count: u64,
        wait: impl Fn(u64) + Clone + Send + 'static,
    ) -> Result<Self, NoFigure> {
        let mut others = Self {
            is_over: Arc::new(AtomicBool::new(false)),
            handles: Vec::new(),
        };
        for me in 0..count {
            let (is_over, wait) = (others.is_over.clone(), wait.clone());
            let spawned = run.builder("waits").spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    wait(me);
                }
            });
            others.handles.push(spawned.map_err(|_| NoFigure::Spawn)?);
        }
        let begin = Instant::now();
        for handle in &others.handles {
            while handle.thread().info().state != State::Parked {
                if run.cancel.is_requested() {
                    return Err(NoFigure::Cancelled);
                }
                if begin.elapsed() > PATIENCE {
                    return Err(NoFigure::Stuck);
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(others)
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.handles
            .iter()
            .for_each(|handle| handle.thread().unpark());
        let begin = Instant::now();
        for handle in self.handles.drain(..) {
            // One that does not end is left to itself.
            while !handle.is_finished() && begin.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(1));
            }
            if handle.is_finished() {
                handle.join();
            }
        }
    }
}
