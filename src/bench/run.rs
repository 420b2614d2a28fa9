//! What a benchmark has to go by, and where its threads run.

use super::{
    clock::Clock,
    outcome::{Outcome, Plain},
};
use crate::{
    arch::pmu::{Counts, Window},
    cores::CoreId,
    kernel,
    shell::Cancel,
    stats::Histogram,
    thread::Builder,
};

/// What a benchmark has to go by.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) clock: Clock,
    /// Operations of a round.
    pub(crate) iterations: u64,
    pub(crate) cancel: Cancel,
    /// The core under test, and another one where there are two.
    pub(crate) cores: (CoreId, Option<CoreId>),
}

/// Why there is no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoFigure {
    /// The command was asked to stop.
    Cancelled,
    /// It needs a core more than there are.
    Cores,
    /// There is no memory for its threads.
    Spawn,
    /// Nothing was done for three minutes.
    Stuck,
    /// What was measured is not what was to be measured.
    Wrong(&'static str),
}

/// Where two threads run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Both on the core under test.
    Same,
    /// Each on a core of its own.
    Apart,
    /// Wherever the balance has them.
    Anywhere,
    /// As somebody else has chosen.
    On([Option<CoreId>; 2]),
}

impl Run {
    /// Where each of two threads is pinned to.
    pub(crate) fn place(&self, placement: Placement) -> Result<[Option<CoreId>; 2], NoFigure> {
        let (test, other) = self.cores;
        match placement {
            Placement::Same => Ok([Some(test); 2]),
            Placement::Apart => Ok([Some(test), Some(other.ok_or(NoFigure::Cores)?)]),
            Placement::Anywhere => Ok([None; 2]),
            Placement::On(cores) => Ok(cores),
        }
    }

    /// The core besides the one under test.
    pub(crate) fn other_core(&self) -> Result<CoreId, NoFigure> {
        self.cores.1.ok_or(NoFigure::Cores)
    }

    /// A thread for the core under test.
    pub(crate) fn builder(&self, name: &str) -> Builder {
        Builder::new().name(name).core(self.cores.0)
    }

    /// What came of a benchmark that has samples only, one for each iteration.
    pub(crate) fn samples(&self, samples: Histogram, clock_ns: u64) -> Outcome {
        Outcome::of_samples(samples, self.iterations, clock_ns)
    }

    /// A round: `ops` operations in `ticks`, and what the cores counted that took part.
    pub(crate) fn plain(&self, ops: u64, (from, to): (u64, u64), counts: &[Counts]) -> Plain {
        // QEMU counts the instructions of all cores as those of each (its event is the machine's instruction counter),
        // and lets the cycles of each go on with the machine's time.
        let is_emulated = (kernel::board().is_emulated)();
        let counts = if is_emulated {
            counts.get(..1)
        } else {
            Some(counts)
        };
        let sum = |of: fn(&Counts) -> Option<u64>| {
            counts
                .filter(|counts| !counts.is_empty())
                .and_then(|counts| counts.iter().map(of).sum())
        };
        Plain {
            ops,
            ns: self.clock.ns(from, to),
            cycles: sum(|counts| counts.cycles),
            instructions: sum(|counts| counts.instructions),
        }
    }
}

/// A stretch of time on one core: the counters around it, then the clock.
#[derive(Debug)]
pub(crate) struct Stretch {
    window: Option<Window>,
    from: u64,
}

impl Stretch {
    /// Begins now. The counters are the core's, so they are used only if the thread stays there.
    #[inline(always)]
    pub(crate) fn begin(is_counted: bool) -> Self {
        let window = is_counted.then(Window::open);
        Self {
            window,
            from: super::clock::now(),
        }
    }

    /// Ends now: the two moments, and what was counted.
    #[inline(always)]
    pub(crate) fn end(self) -> ((u64, u64), Option<Counts>) {
        let to = super::clock::now();
        ((self.from, to), self.window.map(Window::close))
    }
}
