//! What a core counts, and what follows from it: its load, its switches.

use super::Core;
use crate::arch::cpu::IrqGuard;
use crate::sched::counter::Counter;

/// Counts for `cores`.
#[derive(Debug)]
pub struct Stats {
    pub(crate) switches_preempted: Counter,
    pub(crate) ipis_sent: Counter,
    pub(crate) timer_irqs: Counter,
    pub(crate) reschedule_irqs: Counter,
    pub(crate) migrations_in: Counter,
    pub(crate) migrations_out: Counter,
}

impl Stats {
    /// All zero.
    pub(super) const fn new() -> Self {
        Self {
            switches_preempted: Counter::new(),
            ipis_sent: Counter::new(),
            timer_irqs: Counter::new(),
            reschedule_irqs: Counter::new(),
            migrations_in: Counter::new(),
            migrations_out: Counter::new(),
        }
    }
}

impl Core {
    /// The core itself: a thread has come, which will run here.
    #[inline(always)]
    pub(in crate::sched) fn count_in(&self, _masked: &IrqGuard) {
        self.came.bump();
    }

    /// Threads that run or wait to run here; the idle thread is not one.
    pub fn load(&self) -> usize {
        // From elsewhere perhaps not of one moment.
        let gone = self.left.get() + self.stats.migrations_out.get();
        self.came.get().saturating_sub(gone) as usize
    }

    /// How often a thread, or the idle one, gave the core up by itself.
    pub fn switches_voluntary(&self) -> u64 {
        self.left.get() + self.gave_way.get() + self.idle.switches_voluntary.get()
    }
}
