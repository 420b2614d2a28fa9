//! Under which FPCR a handler runs: a thread sets its own, interrupts its core, and the handler looks.

use core::sync::atomic::{AtomicU64, Ordering};

use spin::Once;

use super::file::{Difference, Register};
use crate::{
    arch::fp::{fpcr, set_fpcr},
    board::MAX_CORES,
    cores::{self, CoreId},
    irq::{self, PROBE_SGI, RegisterError},
    thread,
};

/// By core; written by its handler only.
static FPCR: [AtomicU64; MAX_CORES] = [const { AtomicU64::new(0) }; MAX_CORES];
static LOOKS: [AtomicU64; MAX_CORES] = [const { AtomicU64::new(0) }; MAX_CORES];

/// Lets the handler be called, from now on.
///
/// # Errors
///
/// There is no room for one more handler.
pub(crate) fn init() -> Result<(), RegisterError> {
    static REGISTERED: Once<Result<(), RegisterError>> = Once::new();
    *REGISTERED.call_once(|| irq::register_sgi(PROBE_SGI, handle))
}

fn handle() {
    let found = fpcr();
    let core = cores::current().index();
    FPCR[core].store(found, Ordering::Relaxed);
    LOOKS[core].fetch_add(1, Ordering::Release);
}

/// Lets a handler look at FPCR on this core while the thread has set it to `set`. What is not zero is a difference.
/// Returns early when `stop` says so.
pub(crate) fn look(set: u64, stop: impl Fn() -> bool) -> Option<(CoreId, Difference)> {
    // It stays on its core, so that the core and the thread are the ones that belong together.
    let guard = thread::preempt_disable();
    let core = cores::current();
    let looks = || LOOKS[core.index()].load(Ordering::Acquire);
    let before = looks();
    set_fpcr(set);
    irq::send_sgi(core, PROBE_SGI);
    while looks() == before && !stop() {
        core::hint::spin_loop();
    }
    set_fpcr(0);
    let got = FPCR[core.index()].load(Ordering::Relaxed);
    drop(guard);
    let difference = Difference {
        register: Register::Fpcr,
        expected: 0,
        got,
    };
    (got != 0).then_some((core, difference))
}
