//! What a thread that has crashed leaves behind, as far as anybody knows of it.

use crate::arch::cpu::IrqGuard;
use crate::sched::{blocks, per_core};
use crate::sync::{inheritance, raw_rwlock};

/// The current thread has crashed: what it has locked it owns no more. On the core's exception stack, or with IRQs
/// masked otherwise; whoever is woken by it runs when that is over.
pub(crate) fn disown(irq: &IrqGuard) {
    raw_rwlock::abandon();
    inheritance::abandon(irq);
    let core = per_core::this(irq);
    blocks::renew_current(core, irq);
    let own = core.own(irq);
    if own.need_resched {
        own.arm(0);
    }
}
