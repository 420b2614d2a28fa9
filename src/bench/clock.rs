//! The clock of the samples, and what reading it costs.

use aarch64_cpu::asm::barrier;

use super::scale::Scale;
use crate::{arch::timer, time};

/// How often the cost is measured: the least of them is one that no interrupt fell into.
const TRIES: u32 = 64;

/// Reads the clock so often in a row, without a loop between: the cost of one reading is less than a tick.
const IN_A_ROW: u64 = 16;

/// The generic timer's counter, as a clock for single operations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    scale: Scale,
    /// The cost of a reading in nanoseconds.
    pub(crate) cost_ns: u64,
}

/// The counter, read after every instruction before it has been executed and before any after it is. A store may still
/// be on its way to memory: waiting for it (DSB) would be a cost that no thread has.
#[inline(always)]
pub(crate) fn now() -> u64 {
    barrier::isb(barrier::SY);
    let now = timer::now();
    barrier::isb(barrier::SY);
    now
}

impl Clock {
    /// Measures what a reading costs.
    pub(crate) fn new() -> Self {
        let scale = Scale::new(time::frequency_hz().max(1));
        let once = || {
            let start = now();
            now();
            now();
            now();
            now();
            now();
            now();
            now();
            now();
            now();
            now();
            now();
            now();
            now();
            now();
            now();
            now() - start
        };
        let least = (0..TRIES).map(|_| once()).min().unwrap_or_default();
        Self {
            scale,
            cost_ns: scale.ns(least) / IN_A_ROW,
        }
    }

    /// The same clock, where more than a reading is to be taken off each sample.
    pub(crate) const fn with_cost(self, cost_ns: u64) -> Self {
        Self { cost_ns, ..self }
    }

    /// The time between two readings that stand at the two ends of what was measured: one reading lies within.
    #[inline(always)]
    pub(crate) fn sample_ns(self, from: u64, to: u64) -> u64 {
        self.ns(from, to).saturating_sub(self.cost_ns)
    }

    /// The time from one moment to another, nothing subtracted.
    #[inline(always)]
    pub(crate) fn ns(self, from: u64, to: u64) -> u64 {
        self.scale.ns(to.saturating_sub(from))
    }
}
