//! What the cores have been interrupted by, and how often.

use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use super::{FREE_SGIS, LINES, RESCHEDULE_SGI, TIMER, UNEXPECTED};
use crate::board::MAX_CORES;
use crate::core_id::CoreId;
use crate::sched::per_core;

/// One source of interrupts, and how often each core has taken it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) intid: AtomicU32,
    pub(super) handler: AtomicPtr<()>,
    counts: [AtomicU64; MAX_CORES],
}

impl Line {
    pub(super) const UNUSED: u32 = u32::MAX;

    pub(super) const fn new() -> Self {
        Self {
            intid: AtomicU32::new(Self::UNUSED),
            handler: AtomicPtr::new(core::ptr::null_mut()),
            counts: [const { AtomicU64::new(0) }; MAX_CORES],
        }
    }

    /// What a line with a handler comes from.
    fn source(&self) -> Source {
        if FREE_SGIS.contains(&self.intid.load(Ordering::Relaxed)) {
            Source::Software
        } else {
            Source::Device
        }
    }

    /// Only this core writes its count, masked.
    #[inline]
    pub(super) fn count(&self, core: CoreId) {
        let count = &self.counts[core.index()];
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

/// How often the cores have taken one source.
#[derive(Clone, Copy, Debug)]
pub struct LineCounts {
    /// The INTID; for [`Source::Unexpected`], the last one seen.
    pub intid: u32,
    /// What it is.
    pub source: Source,
    /// How often, by core.
    pub counts: [u64; MAX_CORES],
}

/// What an interrupt came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The timer of the core itself.
    Timer,
    /// Another core, which put a thread into the inbox.
    Reschedule,
    /// A device with a handler.
    Device,
    /// An SGI with a handler.
    Software,
    /// A device without one; the line was turned off.
    Unexpected,
}

/// All sources that exist, the kernel's own first.
pub fn lines() -> impl Iterator<Item = LineCounts> {
    let others = LINES
        .iter()
        .map(|line| (line, line.source()))
        .chain(core::iter::once((&UNEXPECTED, Source::Unexpected)))
        .filter(|(line, _)| line.intid.load(Ordering::Relaxed) != Line::UNUSED)
        .map(|(line, source)| LineCounts {
            intid: line.intid.load(Ordering::Relaxed),
            source,
            counts: core::array::from_fn(|core| line.counts[core].load(Ordering::Relaxed)),
        });
    let timer = LineCounts {
        intid: TIMER.load(Ordering::Relaxed),
        source: Source::Timer,
        counts: by_core(timer_count),
    };
    let reschedule = LineCounts {
        intid: RESCHEDULE_SGI,
        source: Source::Reschedule,
        counts: by_core(|core| per_core::get(core).stats.reschedule_irqs.get()),
    };
    [timer, reschedule].into_iter().chain(others)
}

fn by_core(count: impl Fn(CoreId) -> u64) -> [u64; MAX_CORES] {
    core::array::from_fn(|core| CoreId::new(core).map_or(0, &count))
}

/// How often `core` has taken its timer's interrupt.
pub fn timer_count(core: CoreId) -> u64 {
    per_core::get(core).stats.timer_irqs.get()
}
