//! Asking a core whether it takes interrupts: by an SGI, which its handler answers with the number of the question.

#![expect(unsafe_code, reason = "an exception has masked IRQs")]

use core::sync::atomic::{AtomicU64, Ordering};

use aarch64_cpu::asm::barrier;
use spin::Once;

use super::{Kind, Suspicion};
use crate::arch::cpu::IrqGuard;
use crate::board::MAX_CORES;
use crate::core_id::CoreId;
use crate::irq::{self, RegisterError, WATCH_SGI};
use crate::sched::per_core;
use crate::sync::spinlock;
use crate::time::Instant;

/// The last question to each core, and the last that it has answered. Each core is asked by one thread at a time.
static ASKED: [AtomicU64; MAX_CORES] = [const { AtomicU64::new(0) }; MAX_CORES];
static ANSWERED: [AtomicU64; MAX_CORES] = [const { AtomicU64::new(0) }; MAX_CORES];

/// Lets every core answer, from now on.
///
/// # Errors
///
/// All lines for handlers are taken.
pub(super) fn init() -> Result<(), RegisterError> {
    static REGISTERED: Once<Result<(), RegisterError>> = Once::new();
    *REGISTERED.call_once(|| irq::register_sgi(WATCH_SGI, answer))
}

fn answer() {
    // What the asker stored before its SGI is looked at after it (`irq::send_sgi`).
    barrier::dmb(barrier::SY);
    // SAFETY: a handler runs with IRQs masked.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq).id().index();
    ANSWERED[core].store(ASKED[core].load(Ordering::Relaxed), Ordering::Relaxed);
}

/// The questions to one core.
#[derive(Debug)]
pub(super) struct Probe {
    core: CoreId,
    /// When it was last asked, in ticks.
    since_ticks: u64,
}

impl Probe {
    /// Asks `core` for the first time.
    pub(super) fn new(core: CoreId) -> Self {
        let mut probe = Self {
            core,
            since_ticks: 0,
        };
        probe.ask();
        probe
    }

    fn ask(&mut self) {
        self.since_ticks = Instant::now().ticks();
        ASKED[self.core.index()].fetch_add(1, Ordering::Relaxed);
        irq::send_sgi(self.core, WATCH_SGI);
    }

    /// If the core has answered, asks again. If not, it may be one that answers no more after `patience` ticks.
    pub(super) fn look(&mut self, patience: u64) -> Option<Suspicion> {
        let core = self.core.index();
        let asked = ASKED[core].load(Ordering::Relaxed);
        if ANSWERED[core].load(Ordering::Relaxed) == asked {
            self.ask();
            return None;
        }
        // While it waits for a spin lock it has IRQs masked.
        let kind = match spinlock::wait_of(self.core) {
            Some(_) => Kind::Spin,
            None => Kind::Irq,
        };
        Some(Suspicion {
            kind,
            core: self.core,
            thread: per_core::get(self.core).running().unwrap_or(0),
            mark: asked,
            since: self.since_ticks,
            patience,
        })
    }
}
