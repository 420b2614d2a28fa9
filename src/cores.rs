//! The cores: their numbers, which of them came, what they did.

use core::time::Duration;

use crate::arch::cpu::IrqGuard;
use crate::board::MAX_CORES;
use crate::irq;
use crate::sched::per_core;
use crate::time;

pub use crate::core_id::CoreId;

/// What a core is doing and has done.
#[derive(Clone, Copy, Debug)]
pub struct CoreStats {
    /// Whether it came.
    pub is_online: bool,
    /// Switches away from a thread that yielded, blocked or ended.
    pub switches_voluntary: u64,
    /// Switches away from a thread that would have run on.
    pub switches_preempted: u64,
    /// Reschedule SGIs that it has sent.
    pub ipis_sent: u64,
    /// Timer interrupts that it has taken.
    pub timer_irqs: u64,
    /// Threads that came to it from another core.
    pub migrations_in: u64,
    /// Threads that it gave to another core.
    pub migrations_out: u64,
    /// How long it has had nothing to run.
    pub idle: Duration,
    /// The thread that runs on it; `None` when idle.
    pub running: Option<u32>,
    /// Threads that run or wait to run on it.
    pub load: usize,
}

/// How many cores the machine has, as far as this image serves them.
pub fn configured() -> usize {
    per_core::configured()
}

/// How many cores came.
pub fn count_online() -> usize {
    online().count()
}

/// The cores that came.
pub fn online() -> impl Iterator<Item = CoreId> {
    (0..MAX_CORES)
        .filter_map(CoreId::new)
        .filter(|&id| per_core::get(id).is_online())
}

/// The core that the caller runs on: by the time that one looks, perhaps another, unless it is pinned.
pub fn current() -> CoreId {
    per_core::this(&IrqGuard::mask()).id()
}

/// What `core` is doing and has done.
pub fn stats(id: CoreId) -> CoreStats {
    let core = per_core::get(id);
    CoreStats {
        is_online: core.is_online(),
        switches_voluntary: core.switches_voluntary(),
        switches_preempted: core.stats.switches_preempted.get(),
        ipis_sent: core.stats.ipis_sent.get(),
        timer_irqs: irq::timer_count(id),
        migrations_in: core.stats.migrations_in.get(),
        migrations_out: core.stats.migrations_out.get(),
        idle: time::duration(core.idle_ticks()),
        running: core.running(),
        load: core.load(),
    }
}
