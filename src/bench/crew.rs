//! Threads that measure something together: all start when the last of them is there, and somebody watches whether they
//! get on.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use super::NoFigure;
use crate::{
    arch::pmu::Counts,
    console,
    shell::Cancel,
    stats::Histogram,
    sync::{Condvar, Mutex},
    thread::{self, Builder, JoinHandle, Thread},
    time::Instant,
};

/// How often it is looked whether they get on. A timer on the core of whoever waits, and nothing in between.
const GLANCE: Duration = Duration::from_millis(100);

/// Threads of which nothing was heard for so long are stuck. Generous: a busy host lets an emulator stand still.
const PATIENCE: Duration = Duration::from_secs(180);

/// What the threads have of those who watch them, and the other way round.
#[derive(Clone)]
pub(crate) struct Watch(Arc<Watched>);

struct Watched {
    /// Grows for as long as something is done.
    beats: AtomicU64,
    is_off: AtomicBool,
    cancel: Cancel,
}

/// How many operations make a lap: between laps a thread looks whether it is to stop.
pub(crate) const LAP: u64 = 1_024;

impl Watch {
    fn new(cancel: Cancel) -> Self {
        Self(Arc::new(Watched {
            beats: AtomicU64::new(0),
            is_off: AtomicBool::new(false),
            cancel,
        }))
    }

    /// Says that something was done.
    pub(crate) fn beat(&self) {
        self.0.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the threads are to stop early.
    pub(crate) fn is_off(&self) -> bool {
        self.0.is_off.load(Ordering::Relaxed) || self.0.cancel.is_requested()
    }

    /// Does `step` so often, and asks `goes_on` after each lap, which has the laps so far. Returns how often it did.
    #[inline(always)]
    pub(crate) fn laps(
        &self,
        count: u64,
        goes_on: impl FnMut(u64) -> bool,
        step: impl FnMut(),
    ) -> u64 {
        self.laps_of(LAP, count, goes_on, step)
    }

    /// The same, in laps of so many steps.
    #[inline(always)]
    pub(crate) fn laps_of(
        &self,
        lap: u64,
        count: u64,
        mut goes_on: impl FnMut(u64) -> bool,
        mut step: impl FnMut(),
    ) -> u64 {
        let (mut done, mut laps) = (0, 0);
        while done < count {
            let lap = lap.min(count - done);
            for _ in 0..lap {
                step();
            }
            done += lap;
            laps += 1;
            self.beat();
            if !goes_on(laps) {
                break;
            }
        }
        done
    }

    /// Waits until `met`, for a short time: the core does nothing else. False: the threads are to stop.
    pub(crate) fn spin(&self, met: impl Fn() -> bool) -> bool {
        while !met() {
            if self.is_off() {
                return false;
            }
            crate::arch::cpu::relax();
        }
        true
    }
}

/// What one thread came to.
#[derive(Default)]
pub(crate) struct Part {
    /// Operations.
    pub(crate) done: u64,
    /// From when to when, in ticks.
    pub(crate) time: (u64, u64),
    /// What its core counted meanwhile.
    pub(crate) counts: Option<Counts>,
    /// Samples, if it took any.
    pub(crate) samples: Option<Histogram>,
}

impl Part {
    /// One that has samples only.
    pub(crate) fn of_samples(samples: Histogram) -> Self {
        Self {
            samples: Some(samples),
            ..Self::default()
        }
    }
}

/// The samples of all.
pub(crate) fn samples(parts: &[Part]) -> Histogram {
    let mut all = Histogram::new();
    let each = parts.iter().filter_map(|part| part.samples.as_ref());
    each.for_each(|samples| all.merge(samples));
    all
}

/// What one thread does, with the threads of the crew in their order.
pub(crate) type Work = Box<dyn FnOnce(&[Thread], &Watch) -> Part + Send>;

/// Where the threads wait for each other.
struct Start {
    /// `None`: not all are there; an empty list: it was called off.
    crew: Mutex<Option<Arc<[Thread]>>>,
    opened: Condvar,
    finished: AtomicUsize,
}

impl Start {
    fn wait(&self) -> Arc<[Thread]> {
        let mut crew = self.crew.lock();
        loop {
            if let Some(crew) = &*crew {
                return crew.clone();
            }
            crew = self.opened.wait(crew);
        }
    }

    fn open(&self, crew: Vec<Thread>) {
        *self.crew.lock() = Some(crew.into());
        self.opened.notify_all();
    }
}

/// Runs one thread for each entry of `crew`, and returns what they came to, in their order.
///
/// # Errors
///
/// [`NoFigure`]. Threads that are stuck are left to themselves.
#[inline(never)]
pub(crate) fn run(
    cancel: &Cancel,
    crew: &mut dyn Iterator<Item = (Builder, Work)>,
) -> Result<Vec<Part>, NoFigure> {
    let watch = Watch::new(cancel.clone());
    let start = Arc::new(Start {
        crew: Mutex::new(None),
        opened: Condvar::new(),
        finished: AtomicUsize::new(0),
    });
    let mut handles: Vec<JoinHandle<Option<Part>>> = Vec::new();
    let mut is_complete = true;
    for (builder, work) in crew {
        let (start, watch, caller) = (start.clone(), watch.clone(), thread::current());
        let spawned = builder.spawn(move || {
            let crew = start.wait();
            let result = (!crew.is_empty()).then(|| work(&crew, &watch));
            start.finished.fetch_add(1, Ordering::Release);
            caller.unpark();
            result
        });
        match spawned {
            Ok(handle) => handles.push(handle),
            Err(_) => {
                is_complete = false;
                break;
            }
        }
    }
    // What is still to be printed would interrupt them.
    console::flush();
    let threads = handles.iter().map(|handle| handle.thread().clone());
    start.open(if is_complete {
        threads.collect()
    } else {
        Vec::new()
    });
    wait(&start, handles.len(), &watch)?;
    let results = handles.into_iter().map(JoinHandle::join);
    // All have finished, so none of them crashes any more.
    let results: Vec<Part> = results.filter_map(|result| result.ok().flatten()).collect();
    match (is_complete, cancel.is_requested()) {
        (false, _) => Err(NoFigure::Spawn),
        (_, true) => Err(NoFigure::Cancelled),
        _ => Ok(results),
    }
}

/// Waits until so many have finished.
fn wait(start: &Start, count: usize, watch: &Watch) -> Result<(), NoFigure> {
    let beats = || watch.0.beats.load(Ordering::Relaxed);
    let (mut seen, mut since) = (beats(), Instant::now());
    while start.finished.load(Ordering::Acquire) < count {
        thread::park_timeout(GLANCE);
        let now = beats();
        if now != seen {
            (seen, since) = (now, Instant::now());
        } else if since.elapsed() > PATIENCE {
            watch.0.is_off.store(true, Ordering::Relaxed);
            return Err(NoFigure::Stuck);
        }
    }
    Ok(())
}
