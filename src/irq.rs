//! Interrupts: from the vector to a handler, and back to the one path.
//!
//! Two sources are the kernel's own and come first, the timer of this core and the reschedule SGI; devices, and
//! whoever wants a further SGI, register a handler for their INTID. Handlers run masked, on the core's exception
//! stack, and never switch: they wake threads, and the exit of the interrupt reschedules.

#![expect(
    unsafe_code,
    reason = "an exception has masked IRQs; handlers are stored as pointers"
)]

use core::sync::atomic::{AtomicU32, Ordering};

use aarch64_cpu::asm::barrier;

use crate::arch::cpu::{IrqGuard, by_a_call};
use crate::arch::refusals::park_core;
use crate::core_id::CoreId;
use crate::drivers::gic::{self, GicError};
use crate::fault::overflow;
use crate::sched::per_core::{self, Core};
use crate::sched::switch::Cause;
use crate::sched::{thread, timers, tracer};
use crate::trace::Kind;

mod lines;
mod sgis;

use lines::Line;
pub use lines::{LineCounts, Source, lines, timer_count};
pub use sgis::{BENCH_SGI, PROBE_SGI, RESCHEDULE_SGI, send_reschedule, send_sgi};
use sgis::{FREE_SGIS, OVERFLOW_SGI, STOP_SGI};
pub(crate) use sgis::{WATCH_SGI, send_overflow, stop_others};

/// How many handlers may be registered: one device per board has an interrupt today.
const DEVICES: usize = 8;

/// The INTID of the cores' timers. How often the kernel's own two have come is in the cores' blocks.
static TIMER: AtomicU32 = AtomicU32::new(Line::UNUSED);
static LINES: [Line; DEVICES] = [const { Line::new() }; DEVICES];
static UNEXPECTED: Line = Line::new();

/// Why a device was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterError {
    /// All lines are taken.
    NoLineLeft,
    /// This SGI is not free to be registered.
    NoSuchSgi,
    /// The interrupt controller refuses.
    Gic(GicError),
}

impl RegisterError {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoLineLeft => "all lines are taken",
            Self::NoSuchSgi => "no such software interrupt",
            Self::Gic(error) => error.as_str(),
        }
    }
}

/// Boot core, once, when the interrupt controller has been initialised: which INTID the timer has.
pub fn init(timer_intid: u32) {
    TIMER.store(timer_intid, Ordering::Relaxed);
}

/// Every core, once: its part of the interrupt controller, its timer's interrupt and the reschedule SGI.
///
/// # Errors
///
/// The interrupt controller's.
pub fn init_core(core: CoreId) -> Result<(), GicError> {
    gic::init_core(core.index())?;
    gic::enable_private(TIMER.load(Ordering::Relaxed))?;
    gic::enable_private(RESCHEDULE_SGI)?;
    // Only a core itself can enable its SGIs, so all are, before it is known who will want them.
    FREE_SGIS.into_iter().try_for_each(gic::enable_private)
}

/// Calls `handler` on `core` whenever the device with the shared interrupt `intid` asks. The handler must
/// quiet the device.
///
/// # Errors
///
/// [`RegisterError`].
pub fn register(intid: u32, core: CoreId, handler: fn()) -> Result<(), RegisterError> {
    take_line(intid, handler)?;
    gic::enable_spi(intid, core.index()).map_err(RegisterError::Gic)
}

/// Calls `handler` on whatever core somebody has sent the SGI `intid` to; see [`send_sgi`]. For good: there is no
/// way to take a handler back.
///
/// # Errors
///
/// [`RegisterError`].
pub fn register_sgi(intid: u32, handler: fn()) -> Result<(), RegisterError> {
    if !FREE_SGIS.contains(&intid) || [STOP_SGI, OVERFLOW_SGI].contains(&intid) {
        return Err(RegisterError::NoSuchSgi);
    }
    take_line(intid, handler)
}

/// Finds a line for `intid` and its handler.
fn take_line(intid: u32, handler: fn()) -> Result<(), RegisterError> {
    let line = LINES
        .iter()
        .find(|line| {
            line.intid
                .compare_exchange(Line::UNUSED, intid, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
        })
        .ok_or(RegisterError::NoLineLeft)?;
    line.handler.store(handler as *mut (), Ordering::Release);
    Ok(())
}

/// The body of the interrupt path: acknowledge, handle, end of interrupt. Returns the cause with which
/// `vectors.s` is to call `reschedule`, or 0.
///
/// A leaf for the kernel's own two sources, as long as nobody's time has come.
pub(crate) extern "C" fn dispatch() -> u64 {
    // SAFETY: the exception has masked IRQs, and `eret` restores them.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    let Some(ack) = gic::acknowledge() else {
        return spurious();
    };
    let intid = ack.intid();
    if !core.is_watched() {
        if intid == TIMER.load(Ordering::Relaxed) {
            return match timers::on_early_interrupt(core, &irq) {
                Some(cause) if core.own(&irq).nobody_waits() => end(ack, core, cause, &irq),
                Some(cause) => end_and_ask(ack, core, cause, &irq),
                None => expire(ack),
            };
        }
        if intid == RESCHEDULE_SGI {
            return end_and_ask(ack, core, on_reschedule(core), &irq);
        }
    }
    // A call, so that the two above need no frame.
    by_a_call(|| handle(ack))
}

/// The same, from where nothing could be acknowledged.
#[cold]
#[inline(never)]
fn spurious() -> u64 {
    gic::count_spurious();
    // SAFETY: as in `dispatch`.
    let irq = unsafe { IrqGuard::assume_masked() };
    cause_at_end(per_core::this(&irq), Cause::Interrupt, &irq)
}

/// The same for the timer, from there on, when somebody's time has come, or may have.
#[inline(never)]
fn expire(ack: gic::Ack) -> u64 {
    // SAFETY: as in `dispatch`.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    let cause = timers::on_interrupt(core, &irq);
    end(ack, core, cause, &irq)
}

/// The same for every interrupt, from where it has been acknowledged.
#[inline(never)]
fn handle(ack: gic::Ack) -> u64 {
    // SAFETY: as in `dispatch`.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    let intid = ack.intid();
    if core.is_watched() {
        watched(core, intid, &irq);
    }
    if intid == TIMER.load(Ordering::Relaxed) {
        return expire(ack);
    }
    let cause = if intid == RESCHEDULE_SGI {
        core.own(&irq).need_resched = true;
        on_reschedule(core)
    } else {
        device(intid, core.id());
        Cause::Interrupt
    };
    end(ack, core, cause, &irq)
}

#[inline(always)]
fn on_reschedule(core: &Core) -> Cause {
    core.stats.reschedule_irqs.bump();
    // A load of memory may overtake the load of the device that acknowledged: what the sender stored
    // before its SGI, an inbox or a flag, is looked at after it (hazards H7 and H24).
    barrier::dmb(barrier::SY);
    Cause::Ipi
}

/// What [`dispatch`] returns, with the end of the interrupt before it. That comes before any switch: the running priority
/// drops now, not when this thread runs again.
#[inline(always)]
fn end(ack: gic::Ack, core: &Core, cause: Cause, irq: &IrqGuard) -> u64 {
    gic::end_of_interrupt(ack);
    cause_at_end(core, cause, irq)
}

/// As [`end`], where the core is to decide anew: now if it may, else when it may.
#[inline(always)]
fn end_and_ask(ack: gic::Ack, core: &Core, cause: Cause, irq: &IrqGuard) -> u64 {
    gic::end_of_interrupt(ack);
    if thread::current().preempt_count() == 0 {
        cause as u64
    } else {
        core.own(irq).need_resched = true;
        0
    }
}

/// `cause`, if the core is to decide anew now; else 0.
#[inline(always)]
fn cause_at_end(core: &Core, cause: Cause, irq: &IrqGuard) -> u64 {
    if core.own(irq).need_resched && thread::current().preempt_count() == 0 {
        cause as u64
    } else {
        0
    }
}

/// Records an interrupt.
#[cold]
fn watched(core: &Core, intid: u32, irq: &IrqGuard) {
    let kind = if intid == TIMER.load(Ordering::Relaxed) {
        Kind::Timer
    } else if intid == RESCHEDULE_SGI {
        Kind::Ipi
    } else {
        Kind::Interrupt
    };
    tracer::interrupts(core, kind, intid, irq);
}

fn device(intid: u32, core: CoreId) {
    for line in &LINES {
        if line.intid.load(Ordering::Relaxed) == intid {
            line.count(core);
            let handler = line.handler.load(Ordering::Acquire);
            if !handler.is_null() {
                // SAFETY: only `register` stores here, and it stores a `fn()`.
                let handler: fn() = unsafe { core::mem::transmute::<*mut (), fn()>(handler) };
                handler();
            }
            return;
        }
    }
    if intid == STOP_SGI {
        park_core();
    }
    if intid == OVERFLOW_SGI {
        // SAFETY: the exception has masked IRQs.
        let irq = unsafe { IrqGuard::assume_masked() };
        return overflow::on_sgi(&irq);
    }
    // Nobody can quiet it, so it would come again at once, for ever.
    UNEXPECTED.count(core);
    UNEXPECTED.intid.store(intid, Ordering::Relaxed);
    // A private or unknown INTID cannot be turned off here; it is counted.
    let _ = gic::disable_spi(intid);
}
