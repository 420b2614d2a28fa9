//! Interrupts that software sends: which number is for what, and how it is sent.

use crate::arch::cpu::IrqGuard;
use crate::core_id::CoreId;
use crate::drivers::gic;
use crate::sched::per_core;

/// The SGI by which a core asks another one to look into its inbox.
pub const RESCHEDULE_SGI: u32 = 1;

/// The SGIs that a core enables; but for the kernel's own among them, they may have a handler. Those from 8 on are left to
/// secure software, by convention (TF-A: ARM_IRQ_SEC_SGI_0 is 8).
pub(super) const FREE_SGIS: core::ops::Range<u32> = 2..8;

/// The SGI by which `regs` looks at the state that a handler runs in.
pub const PROBE_SGI: u32 = 2;

/// The SGI whose way to its handler, and to a thread, `bench` measures.
pub const BENCH_SGI: u32 = 3;

/// The SGI by which a core that gives up lets the others park.
pub(super) const STOP_SGI: u32 = 4;

/// The SGI by which a core asks itself to end the thread that it runs: its stack has ended with IRQs masked.
pub(super) const OVERFLOW_SGI: u32 = 5;

/// The SGI by which the watcher (`hangs`) asks whether a core takes interrupts.
pub(crate) const WATCH_SGI: u32 = 6;

/// Lets `core`, which may be this one, call the handler of the SGI `intid`. Several that it has not taken yet are one
/// (pre-flight 24). What was stored before is seen by a handler that begins with a barrier.
pub fn send_sgi(core: CoreId, intid: u32) {
    debug_assert!(FREE_SGIS.contains(&intid));
    gic::send_sgi(core.index(), intid);
}

/// Lets every other core that is online park, as soon as it takes interrupts. For good.
pub(crate) fn stop_others(irq: &IrqGuard) {
    let this = per_core::this(irq).id();
    for core in crate::cores::online().filter(|&core| core != this) {
        send_sgi(core, STOP_SGI);
    }
}

/// To this core: see [`OVERFLOW_SGI`].
pub(crate) fn send_overflow(core: CoreId) {
    send_sgi(core, OVERFLOW_SGI);
}

/// Asks `core` to reschedule. What it is to find in its inbox was stored before: the driver has a barrier. Asked often,
/// it looks once, at all of it (pre-flight 24).
#[inline]
pub fn send_reschedule(core: CoreId) {
    gic::send_sgi(core.index(), RESCHEDULE_SGI);
}
