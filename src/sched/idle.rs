//! What a core does when no thread wants it: it sleeps until an interrupt.

use aarch64_cpu::asm::barrier;

use crate::arch::cpu::{self, IrqGuard};
use crate::sched::per_core;
use crate::sched::switch::{Cause, reschedule};

/// The life of a core's idle thread, from the end of the core's start on.
pub fn run() -> ! {
    loop {
        let irq = IrqGuard::mask();
        let core = per_core::this(&irq);
        // With IRQs masked, so that nothing can come between the look and the sleep: an interrupt that
        // comes now ends the sleep at once, and is taken after the guard is dropped. Its exit switches to
        // whatever it has woken, so there is nothing to do here after it.
        if !core.inbox.is_empty() || core.own(&irq).need_resched {
            reschedule(Cause::Block, &irq);
        } else {
            cpu::wait_for_interrupt(&irq);
        }
        drop(irq);
        // What is pending is taken here at the latest. Without a context synchronisation the architecture does
        // not promise that, and the next turn masks again.
        barrier::isb(barrier::SY);
    }
}
