//! What comes into a core's run queue, and what leaves it for another core.

#![expect(unsafe_code, reason = "intrusive queues")]

use core::ptr::NonNull;

use crate::arch::cpu::IrqGuard;
use crate::arch::timer;
use crate::sched::claim::Way;
use crate::sched::per_core::{self, Core, Own};
use crate::sched::policy::Head;
use crate::sched::run_queue::Place;
use crate::sched::thread::Thread;
use crate::sched::{tracer, wake};

/// Sends a ready thread, which was this core's, to the core that it is pinned to, or takes it back if it is not pinned
/// any more.
pub(super) fn forward(core: &Core, own: &mut Own, thread: NonNull<Thread>, irq: &IrqGuard) {
    // SAFETY: in no queue and on no core, so it is ours.
    let block = unsafe { thread.as_ref() };
    let target = block.affinity().unwrap_or(core.id());
    core.count_out(irq);
    if target == core.id() {
        own.enqueue(block, irq);
    } else {
        core.stats.migrations_out.bump();
        wake::send(thread, target);
    }
}

/// Takes from the queue the thread that is to run. One that was pinned to another core meanwhile goes there.
pub(super) fn next(core: &Core, own: &mut Own, irq: &IrqGuard) -> Option<&'static Thread> {
    while let Some(first) = own.queue.pop() {
        // SAFETY: it was in the queue: ready, so its block stays until it has run and ended.
        let thread: &'static Thread = unsafe { &*first.as_ptr() };
        if thread.affinity().is_none_or(|target| target == core.id()) {
            debug_assert!(thread.standing.is_stored());
            return Some(thread);
        }
        forward(core, own, first, irq);
    }
    None
}

/// Takes in what other cores have made ready to run here.
pub(super) fn receive(core: &Core, own: &mut Own, irq: &IrqGuard) {
    for thread in core.inbox.take_all() {
        // SAFETY: a thread in an inbox is ready and its sender has given it away.
        let block = unsafe { thread.as_ref() };
        let is_usual = !core.is_watched()
            && block.standing.way(core.id()) == Way::Home
            && !block.standing.is_changed();
        if is_usual && own.enqueue_quickly(block).is_some() {
            core.count_in(irq);
        } else {
            take_in(core, own, thread, irq);
        }
    }
    own.need_resched = false;
}

/// One of them, in all cases.
#[cold]
#[inline(never)]
fn take_in(core: &Core, own: &mut Own, thread: NonNull<Thread>, irq: &IrqGuard) {
    // SAFETY: as above.
    let block = unsafe { thread.as_ref() };
    if core.is_watched() {
        tracer::comes(core, block, irq);
    }
    // SAFETY: a core's current thread does not end before `finish_switch` of the next one.
    let current = unsafe { &*own.current };
    // By number: where a thread has crashed, its pointer is of another generation now.
    if block.id() == current.id() {
        block.standing.go_on(&core.rescan);
    } else if block.affinity().is_some_and(|target| target != core.id()) {
        core.count_in(irq);
        forward(core, own, thread, irq);
    } else {
        own.enqueue(block, irq);
    }
}

/// A thread's class, weight or pinning was changed: charges the runner by its old weight, and puts all in order
/// anew.
#[cold]
pub(super) fn rescan(core: &Core, own: &mut Own, irq: &IrqGuard) {
    core.rescan.take();
    // SAFETY: a core's current thread does not end before `finish_switch` of the next one.
    let current = unsafe { &*own.current };
    if !core::ptr::eq(current, &raw const core.idle) {
        let time = own.policy.at(timer::now());
        current.set_rank(own.runner().rank_at(time));
        current.adopt_changes();
        own.since = time;
    }
    let mut queue = core::mem::take(&mut own.queue);
    while let Some(thread) = queue.pop() {
        // SAFETY: as in `next`.
        let block = unsafe { thread.as_ref() };
        block.adopt_changes();
        if block.affinity().is_some_and(|target| target != core.id()) {
            forward(core, own, thread, irq);
        } else {
            // SAFETY: it is in no queue now; its block stays.
            unsafe { own.queue.push(thread, block.rank(), Place::After) };
        }
    }
}

impl Own {
    /// Puts a ready thread, which is ours, into the queue, and notes that it may have to run at once.
    pub(super) fn enqueue(&mut self, thread: &Thread, irq: &IrqGuard) {
        let core = per_core::this(irq);
        if thread.standing.come_to(core.id(), &core.rescan) {
            thread.migrations.bump();
            core.stats.migrations_in.bump();
            if core.is_watched() {
                tracer::migrates(core, thread, irq);
            }
        }
        thread.adopt_changes();
        // SAFETY: ready and ours, so it is in no queue; its block stays.
        unsafe {
            self.queue
                .push(NonNull::from(thread), thread.rank(), Place::After);
        };
        core.count_in(irq);
        self.need_resched = true;
    }

    /// The same, not counted, with a thread that was on this core before and is not changed, where it takes no call; else
    /// does nothing and gives `None`. Whether somebody may have to run before the current thread.
    #[inline(always)]
    pub(super) fn enqueue_quickly(&mut self, thread: &Thread) -> Option<bool> {
        let comer = Head {
            rank: thread.rank(),
            weight: thread.weight(),
        };
        // SAFETY: ready and ours, so it is in no queue; its block stays.
        if !unsafe { self.queue.append_quickly(NonNull::from(thread), comer.rank) } {
            return None;
        }
        if self.waits_its_turn(comer) {
            return Some(false);
        }
        self.need_resched = true;
        Some(true)
    }

    /// Whether a thread that has just come into the queue certainly need not run before the timer comes, which is
    /// armed already. Nearly always so where threads hand something to each other: then nobody reads the clock, and
    /// nobody decides anything.
    ///
    /// The timer is never cancelled, only set earlier, so for the next thread that runs it comes too early, and finds
    /// out. Nobody waits for the idle thread: it weighs more than anybody.
    #[inline(always)]
    fn waits_its_turn(&self, comer: Head) -> bool {
        let runner = self.runner();
        !runner.rank.is_realtime()
            && comer.weight >= runner.weight
            && self.armed_ticks
                <= self
                    .policy
                    .safe_until_ticks(&runner, comer, self.since_ticks)
    }
}
