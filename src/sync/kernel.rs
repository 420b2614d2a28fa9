//! What the mutex and the condition variable need of the rest of the kernel: so that a model checker can put a
//! small kernel of its own in its place, and checks the locks that ship.

pub(crate) use crate::sched::claim::State;
#[cfg(not(loom))]
pub(crate) use {
    super::spinlock::SpinLock,
    crate::arch::cpu::{IrqGuard, thread_pointer},
    crate::fault::poisoned as end_for_poison,
    crate::sched::blocks::is_past,
    crate::sched::thread::{Thread, current},
    crate::sched::timers::block_until,
    crate::sched::wake::{Claimed, ask_core, block, preempt_or_arm, rank_now},
    crate::time::Instant,
};

#[cfg(loom)]
pub(crate) use super::model::kernel::{
    Claimed, Instant, IrqGuard, SpinLock, Thread, ask_core, block, block_until, current,
    end_for_poison, is_past, preempt_or_arm, rank_now, thread_pointer,
};
