//! What the threads of `fpu` do: sines over and over, and rounding modes that alternate on one core.

use alloc::sync::Arc;
use core::{
    hint::black_box,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::super::{
    held::Held,
    rounding::{Rounding, rmode},
    sines::{Mismatch, Sines},
};
use crate::{
    arch::fp::{fpcr, set_fpcr},
    shell::Cancel,
    thread,
};

/// After so many rounding iterations the request to stop is looked at.
const GLANCE: u64 = 256;

/// What one thread came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What was compared, and the first that was wrong.
    pub(crate) wrong: Option<(&'static str, Mismatch)>,
    /// Whether it did all that it was asked for.
    pub(crate) is_complete: bool,
    /// How often the core went over to another thread meanwhile.
    pub(crate) switches: u64,
    /// Its sines, if that was its work.
    pub(crate) sines: Option<Sines>,
}

/// The threads of one part, which wait for each other's start.
///
/// A fast core finishes its share before the next thread has started, and then nothing was preempted and
/// nothing is proved. So no thread ends before all have started: on one core each but the last must then have
/// been switched away from, and looked at its registers once more after it came back.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    started: Arc<AtomicUsize>,
    threads: usize,
    /// The request of the person.
    cancel: Cancel,
    /// Some of the threads will never start.
    gave_up: Cancel,
}

impl Part {
    /// A part of `threads` threads.
    pub(crate) fn new(threads: usize, cancel: Cancel) -> Self {
        Self {
            started: Arc::default(),
            threads,
            cancel,
            gave_up: Cancel::new(),
        }
    }

    /// Ends the threads that were started: the others will never be.
    pub(crate) fn give_up(&self) {
        self.gave_up.request();
    }

    fn must_stop(&self) -> bool {
        self.cancel.is_requested() || self.gave_up.is_requested()
    }

    fn have_all_started(&self) -> bool {
        self.started.load(Ordering::Relaxed) >= self.threads
    }

    /// Computes a table of sines, and `rounds` times again. What differs by a bit ends it.
    pub(crate) fn sines(&self, rounds: u64) -> Outcome {
        self.started.fetch_add(1, Ordering::Relaxed);
        let sines = Sines::compute();
        let mut round = 0;
        while round < rounds || !self.have_all_started() {
            if self.must_stop() {
                return Outcome::new(None, false, Some(sines));
            }
            if let Some(mismatch) = sines.recompute() {
                return Outcome::new(Some(("sine", mismatch)), false, Some(sines));
            }
            round += 1;
        }
        let wrong = sines.recompute().map(|mismatch| ("sine", mismatch));
        Outcome::new(wrong, true, Some(sines))
    }

    /// Keeps a rounding mode through `iterations` checks. What differs ends it.
    pub(crate) fn rounding(&self, mode: Rounding, yields: bool, iterations: u64) -> Outcome {
        self.started.fetch_add(1, Ordering::Relaxed);
        let start = fpcr();
        if start != 0 {
            let mismatch = Mismatch {
                at: 0,
                expected: 0,
                got: start,
            };
            return Outcome::new(Some(("FPCR at the start", mismatch)), false, None);
        }
        set_fpcr(mode.fpcr());
        let wrong = self.keep_rounding(mode, yields, iterations);
        set_fpcr(start);
        Outcome::new(wrong, !self.must_stop(), None)
    }

    fn keep_rounding(
        &self,
        mode: Rounding,
        yields: bool,
        iterations: u64,
    ) -> Option<(&'static str, Mismatch)> {
        let mut iteration = 0;
        let mut held = Held::new();
        while iteration < iterations || !self.have_all_started() {
            if let Some(wrong) = look(mode, iteration, &held) {
                return Some(wrong);
            }
            held.step();
            set_fpcr(mode.fpcr());
            if yields {
                thread::yield_now();
            }
            iteration += 1;
            if iteration.is_multiple_of(GLANCE) && self.must_stop() {
                return None;
            }
        }
        look(mode, iteration, &held)
    }
}

/// Compares the mode that FPCR shows, and what it does to a division, with what was set; and the values that
/// were alive across the yield with what they were.
#[inline]
fn look(mode: Rounding, iteration: u64, held: &Held) -> Option<(&'static str, Mismatch)> {
    let mismatch = |expected, got| Mismatch {
        at: iteration,
        expected,
        got,
    };
    if let Some(mismatch) = held.wrong_after(iteration) {
        return Some(("held value", mismatch));
    }
    let (expected, got) = (rmode(mode.fpcr()), rmode(fpcr()));
    if got != expected {
        return Some(("rounding mode", mismatch(expected, got)));
    }
    let (expected, got) = (mode.tenth_bits(), tenth().to_bits());
    (got != expected).then(|| ("quotient 1/10", mismatch(expected, got)))
}

/// 1/10, divided here and now: `black_box` is opaque on both sides, so that the division neither moves across
/// a write of FPCR nor is done at compile time under the default mode.
fn tenth() -> f64 {
    black_box(black_box(1.0) / black_box(10.0))
}

impl Outcome {
    fn new(
        wrong: Option<(&'static str, Mismatch)>,
        is_complete: bool,
        sines: Option<Sines>,
    ) -> Self {
        let me = thread::current().info();
        let switches = me.switches_voluntary + me.switches_preempted;
        Self {
            is_complete: is_complete && wrong.is_none(),
            wrong,
            switches,
            sines,
        }
    }
}
