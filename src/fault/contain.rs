//! Whether a thread that faults can end alone, and how it gets there: from the exception to its last act.

#![expect(unsafe_code, reason = "traps on purpose, and writes to a dead stack")]

use core::arch::asm;
use core::fmt::Write;
use core::panic::PanicInfo;
use core::ptr::with_exposed_provenance_mut;

use super::report::{REPORT_BYTES, Report};
use super::syndrome::{Place, Syndrome};
use super::{Reason, overflow};
use crate::arch::cpu::{self, IrqGuard};
use crate::arch::exceptions::{self, FaultFrame};
use crate::mem::window::{GUARD_BYTES, UNIT_BYTES};
use crate::sched::thread::{self, Thread};
use crate::sched::{dying, per_core};
use crate::sync::SpinLock;

/// The numbers of the `brk`s by which a thread ends itself.
const PANIC: u16 = 0x7069;
/// See [`poisoned`].
const POISON: u16 = 0x706f;
/// See [`overflow`].
pub(crate) const OVERFLOW: u16 = 0x6f76;

/// What is kept of a panic's message.
const MESSAGE_BYTES: usize = 256;

/// The report while it is written: the stack that it tells of must stay as it is until then. Where a fault can be
/// contained, its core holds no lock.
static REPORT: SpinLock<Report> = SpinLock::new(Report::new());

/// What becomes of a thread that has faulted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// It ends, on its own stack, from the top, with [`last_act`](super::last_act).
    Ends {
        /// Where the report begins, and the stack ends.
        report: usize,
        /// Bytes of the report.
        bytes: usize,
    },
    /// What it did can be done again. It ends a little later.
    GoesOn,
}

/// Sees to it that the thread which has faulted ends, and nothing else. On the core's exception stack, all masked.
///
/// # Errors
///
/// Why that cannot be, in words: the machine has to stop.
pub(crate) fn contain(frame: &FaultFrame) -> Result<Outcome, &'static str> {
    let thread = thread::current();
    check(frame, thread)?;
    let stack = thread.stack_range().ok_or("it has no stack")?;
    if is_masked(frame) {
        return if overflow::lend(frame, thread, &stack) {
            Ok(Outcome::GoesOn)
        } else {
            Err("the thread had masked interrupts, as the holder of a spin lock does")
        };
    }
    let syndrome = Syndrome {
        esr: frame.esr,
        far: frame.far,
    };
    let guard_bytes = stack.len() / UNIT_BYTES * GUARD_BYTES;
    let place = Place {
        guard: (stack.start - guard_bytes) as u64..stack.start as u64,
    };
    let (reason, message) = match syndrome.brk() {
        Some(PANIC) => (Reason::Panic, message(frame, &stack)),
        Some(POISON) => (Reason::Poisoned, ""),
        Some(OVERFLOW) => (
            Reason::StackOverflow,
            "in the kernel, with interrupts masked",
        ),
        _ => (syndrome.reason(&place), ""),
    };
    thread.set_reason(reason);
    // SAFETY: an exception masks IRQs, and they stay so until the thread goes on.
    let irq = unsafe { IrqGuard::assume_masked() };
    // Before the report is put onto the stack: a lock that it gives up may lie there.
    dying::disown(&irq);
    let outcome = {
        let mut report = REPORT.lock();
        report.write(frame, thread, per_core::this(&irq).id(), syndrome, message);
        let text = report.as_bytes();
        let at = (stack.end - text.len()) & !15;
        // SAFETY: the top of the thread's own stack, of which nothing is needed any more, the message included. The
        // report is far smaller than the smallest stack.
        unsafe {
            with_exposed_provenance_mut::<u8>(at)
                .copy_from_nonoverlapping(text.as_ptr(), text.len());
        }
        Outcome::Ends {
            report: at,
            bytes: text.len(),
        }
    };
    overflow::end(thread);
    Ok(outcome)
}

const _: () = assert!(REPORT_BYTES < UNIT_BYTES / 4);

/// Whether the thread may end where it stands.
fn check(frame: &FaultFrame, thread: &Thread) -> Result<(), &'static str> {
    if frame.kind != 0 {
        return Err("it was not a thread's instruction");
    }
    if thread.id() == 0 {
        return Err("the idle thread cannot end");
    }
    if thread.reason().is_some() {
        return Err("the thread was already dying of another fault");
    }
    if thread.preempt_count() != 0 {
        return Err("the thread held off preemption");
    }
    Ok(())
}

/// Whether the thread had masked interrupts.
fn is_masked(frame: &FaultFrame) -> bool {
    /// PSTATE.I in SPSR_EL1.
    const MASKED: u64 = 1 << 7;
    // An interrupt that finds no room for its frame masks, but it comes only where that was not so.
    let is_frame = frame.elr as usize == exceptions::interrupt_probe();
    frame.spsr & MASKED != 0 && !is_frame
}

/// The message of a panic, which lies on the stack of the thread.
fn message<'f>(frame: &'f FaultFrame, stack: &core::ops::Range<usize>) -> &'f str {
    let (at, bytes) = (frame.x[0] as usize, frame.x[1] as usize);
    let is_there = stack.contains(&at) && bytes <= MESSAGE_BYTES && bytes <= stack.end - at;
    if !is_there {
        return "";
    }
    // SAFETY: mapped, and the thread does not run.
    let text = unsafe { core::slice::from_raw_parts(at as *const u8, bytes) };
    core::str::from_utf8(text).unwrap_or_default()
}

/// Whether code that runs now could end alone if it were to fault.
fn could_end() -> bool {
    let thread = thread::current();
    !cpu::is_on_exception_stack()
        && !cpu::is_irq_masked()
        && thread.id() != 0
        && thread.preempt_count() == 0
        && thread.reason().is_none()
}

/// The current thread panics. Returns if it cannot end alone.
///
/// The message is made here, on the thread's own stack: it may need code of anybody's, which may fault.
pub(crate) fn panicked(info: &PanicInfo<'_>) {
    if !could_end() {
        return;
    }
    let mut text = Message(heapless::String::new());
    // What does not fit is cut.
    let _ = write!(text, "{info}");
    let (at, bytes) = (text.0.as_ptr(), text.0.len());
    // SAFETY: does not return: the exception ends the thread, by what was just asked.
    unsafe { asm!("brk #{}", const PANIC, in("x0") at, in("x1") bytes, options(noreturn)) }
}

struct Message(heapless::String<MESSAGE_BYTES>);

impl Write for Message {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for character in text.chars() {
            if self.0.push(character).is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// Ends the current thread: it has taken a lock that a thread held which crashed.
#[cold]
pub(crate) fn poisoned() -> ! {
    // SAFETY: does not return: the exception ends the thread, or the machine.
    unsafe { asm!("brk #{}", const POISON, options(noreturn)) }
}
