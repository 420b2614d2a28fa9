//! What a core does when no thread wants it: it sleeps until an interrupt.

use crate::arch::cpu::{self, IrqGuard};
use crate::arch::exceptions;
use crate::sched::per_core;
use crate::sched::switch::{Cause, reschedule};

/// The life of a core's idle thread, from the end of the core's start on.
///
/// IRQs stay masked: a pending one ends the sleep all the same, and nothing can come between the look and the sleep. It
/// is then taken by a call, on the exception stack as ever, but without a frame: this thread has nothing to save.
pub fn run() -> ! {
    let irq = IrqGuard::mask();
    loop {
        let core = per_core::this(&irq);
        let cause = if core.inbox.is_empty() && !core.own(&irq).need_resched {
            cpu::wait_for_interrupt(&irq);
            exceptions::take_pending(&irq)
        } else {
            Some(Cause::Ipi)
        };
        if let Some(cause) = cause {
            reschedule(cause, &irq);
        }
    }
}
