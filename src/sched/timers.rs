//! Waiting for a time, and what the timer's interrupt does.

#![expect(unsafe_code, reason = "intrusive links")]

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use crate::arch::cpu::IrqGuard;
use crate::arch::timer;
use crate::sched::forced;
use crate::sched::per_core::{self, Core, Own};
use crate::sched::switch::Cause;
use crate::sched::thread::{self, Thread};
use crate::sched::timer_queue::TimerQueue;
use crate::sched::wake::{self, Claimed, State};

impl Own {
    /// Lets the timer fire at `deadline_ticks` at the latest.
    #[inline]
    pub(super) fn arm(&mut self, deadline_ticks: u64) {
        if deadline_ticks < self.armed_ticks {
            self.armed_ticks = deadline_ticks;
            timer::set_deadline(deadline_ticks);
        }
    }

    /// The timer has fired, and is set anew.
    #[inline(always)]
    fn is_set_to(&mut self, next_ticks: u64) {
        self.armed_ticks = next_ticks;
        timer::set_deadline(next_ticks);
    }

    /// The same, and somebody who waits may have to run.
    #[inline(always)]
    fn has_fired(&mut self, next_ticks: u64) {
        self.is_set_to(next_ticks);
        if !self.queue.is_empty() {
            self.need_resched = true;
        }
    }
}

/// Gives up the core until somebody has claimed this thread, which has declared that it waits, or until
/// `deadline_ticks`. True: the time ran out.
pub fn block_until(deadline_ticks: u64, irq: &IrqGuard) -> bool {
    let current = thread::current();
    let core = per_core::this(irq);
    current.timer_core.set(core.id());
    {
        let mut timers = core.timers.lock();
        current.is_timer_armed.set(true);
        // SAFETY: the block stays while the thread waits, and it is taken out below before anything else.
        unsafe { timers.insert(NonNull::from(current), deadline_ticks) };
    }
    let own = core.own(irq);
    own.earliest_ticks = own.earliest_ticks.min(deadline_ticks);
    own.arm(deadline_ticks);
    wake::block(irq);
    // Perhaps on another core. The lock also waits for a timer interrupt that has just lost the claim.
    let core = per_core::get(current.timer_core.get());
    let mut timers = core.timers.lock();
    if current.is_timer_armed.take() {
        // SAFETY: armed above, in this queue.
        unsafe { timers.remove(NonNull::from(current)) };
    }
    drop(timers);
    current.timed_out.swap(false, Ordering::Relaxed)
}

/// Sleeps until `deadline_ticks`.
pub fn sleep_until(deadline_ticks: u64) {
    let irq = IrqGuard::mask();
    thread::current().set_state(State::Sleeping);
    block_until(deadline_ticks, &irq);
}

/// [`on_interrupt`], if nobody's time has come, but that it does not note that the policy is to be asked where somebody
/// waits; else does nothing and gives `None`.
#[inline(always)]
pub(crate) fn on_early_interrupt(core: &Core, irq: &IrqGuard) -> Option<Cause> {
    let own = core.own(irq);
    if own.earliest_ticks <= timer::now() {
        return None;
    }
    core.stats.timer_irqs.bump();
    own.is_set_to(own.earliest_ticks);
    Some(Cause::Timer)
}

/// The timer has fired: wakes those whose time has come, and lets the interrupt's exit ask the policy, if somebody waits
/// for the core. Returns with which cause.
pub(crate) fn on_interrupt(core: &Core, irq: &IrqGuard) -> Cause {
    core.stats.timer_irqs.bump();
    wake_expired(core, irq);
    let own = core.own(irq);
    let Some((forced_ticks, cause)) = forced::at_interrupt(core.id()) else {
        own.has_fired(own.earliest_ticks);
        return Cause::Timer;
    };
    own.has_fired(own.earliest_ticks.min(forced_ticks));
    // The next one comes here too.
    own.earliest_ticks = 0;
    cause
}

/// How many are woken before others get the lock: a core that waits for it has masked IRQs.
const AT_ONCE: usize = 16;

/// Wakes those whose time has come.
fn wake_expired(core: &Core, irq: &IrqGuard) {
    let now = timer::now();
    core.own(irq).earliest_ticks = loop {
        let mut timers = core.timers.lock_masked(irq);
        if wake_some(&mut timers, now, irq) {
            break timers.next_deadline();
        }
    };
}

/// Some of them. Whether those were all.
#[inline]
fn wake_some(timers: &mut TimerQueue<Thread>, now: u64, irq: &IrqGuard) -> bool {
    for _ in 0..AT_ONCE {
        let Some(expired) = timers.pop_expired(now) else {
            return true;
        };
        // SAFETY: it was in the queue, so it has not come past the lock in `block_until`.
        let thread = unsafe { expired.as_ref() };
        thread.is_timer_armed.set(false);
        // Lost: somebody else has woken it at the same moment.
        if let Some(claimed) = Claimed::claim_for_timer(thread) {
            claimed.thread().timed_out.store(true, Ordering::Relaxed);
            claimed.enqueue(irq);
        }
    }
    false
}
