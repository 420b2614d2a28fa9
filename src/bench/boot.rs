//! `boot.to_prompt`: from the kernel's first words to the first thread, which is the shell.
//!
//! The counters of the boot core run from there on. What came before is what the timer's counter showed then: in an
//! emulator, where that begins at reset, the way to there; on a board, where it began with the firmware, its seconds too.
//! Other cores count too where the emulator counts all of them as one.

use core::sync::atomic::{AtomicU64, Ordering};

use super::{NoFigure, Outcome, clock::now, run::Run};
use crate::{
    arch::{
        pmu::{self, Counts, Window},
        timer,
    },
    stats::Histogram,
    sync::SpinLock,
};

/// What is open while the machine boots, and what it was then.
static WINDOW: SpinLock<Option<Window>> = SpinLock::new(None);
static COUNTS: SpinLock<Counts> = SpinLock::new(Counts {
    cycles: None,
    instructions: None,
});
static BEGAN: AtomicU64 = AtomicU64::new(0);
static ENDED: AtomicU64 = AtomicU64::new(0);

/// Early on the boot core, before there are others.
pub(crate) fn begin() {
    pmu::init_core();
    BEGAN.store(timer::now(), Ordering::Relaxed);
    *WINDOW.lock() = Some(Window::open());
}

/// The first thread, on the boot core.
pub(crate) fn end() {
    if let Some(window) = WINDOW.lock().take() {
        *COUNTS.lock() = window.close();
        ENDED.store(now(), Ordering::Relaxed);
    }
}

/// What it was; it was measured once.
pub(crate) fn measure(run: &Run) -> Result<Outcome, NoFigure> {
    let began = BEGAN.load(Ordering::Relaxed);
    let ended = ENDED.load(Ordering::Relaxed);
    let mut samples = Histogram::new();
    samples.record(run.clock.ns(began, ended));
    Ok(Outcome {
        plain: Some(run.plain(1, (began, ended), &[*COUNTS.lock()])),
        before_ns: Some(run.clock.ns(0, began)),
        ..Outcome::of_samples(samples, 1, 0)
    })
}
