//! What comes into a core's run queue, and what leaves it for another core.

#![expect(unsafe_code, reason = "intrusive queues")]

use core::ptr::NonNull;

use crate::arch::cpu::IrqGuard;
use crate::arch::timer;
use crate::sched::claim::Way;
use crate::sched::per_core::{self, Core, Own};
use crate::sched::policy::Head;
use crate::sched::run_queue::Place;
use crate::sched::thread::{self, Thread};
use crate::sched::{tracer, wake};

/// Sends a ready thread, which was this core's, to the core that it is pinned to, or takes it back if it is not pinned
/// any more.
pub(super) fn forward(core: &Core, own: &mut Own, thread: NonNull<Thread>, irq: &IrqGuard) {
    // SAFETY: in no queue and on no core, so it is ours.
    let block = unsafe { thread.as_ref() };
    let target = block.affinity().unwrap_or(core.id());
    if target == core.id() {
        own.place(block, irq);
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

/// Takes in what other cores have made ready to run here. Whether the current thread was there: then it goes on, though
/// it had declared that it waits.
pub(super) fn receive(core: &Core, own: &mut Own, irq: &IrqGuard) -> bool {
    let mut goes_on = false;
    for thread in core.inbox.take_all() {
        // SAFETY: a thread in an inbox is ready and its sender has given it away.
        let block = unsafe { thread.as_ref() };
        let is_usual = block.standing.way_unchanged(core.quick_id()) == Some(Way::Home);
        if is_usual && own.enqueue_quickly(block).is_some() {
            core.count_in(irq);
        } else {
            goes_on |= take_in(core, own, thread, irq);
        }
    }
    own.need_resched = false;
    goes_on
}

/// One of them, in all cases. Whether it is the current thread.
#[cold]
#[inline(never)]
pub(super) fn take_in(core: &Core, own: &mut Own, thread: NonNull<Thread>, irq: &IrqGuard) -> bool {
    // SAFETY: as above.
    let block = unsafe { thread.as_ref() };
    if core.is_watched() {
        tracer::comes(core, block, irq);
    }
    // By number: where a thread has crashed, its pointer is of another generation now.
    if block.id() == thread::current().id() {
        // It was claimed after it had declared to wait and before it could leave, so it has nothing to wait for. Who has
        // uttered a wish before the claim has told nobody.
        if block.standing.is_changed() {
            core.inbox.ask();
        }
        return true;
    }
    if block.affinity().is_some_and(|target| target != core.id()) {
        core.count_in(irq);
        forward(core, own, thread, irq);
    } else {
        own.enqueue(block, irq);
    }
    false
}

/// A thread's class, weight or pinning was changed: charges the runner by its old weight, and puts all in order
/// anew.
#[cold]
pub(super) fn rescan(core: &Core, own: &mut Own, irq: &IrqGuard) {
    core.inbox.take_asked();
    let current = thread::current();
    if !core::ptr::eq(current, &raw const core.idle) {
        let time = own.policy.at(timer::now());
        current.set_rank(own.runner(current).rank_at(time));
        current.adopt_changes(core.id());
        own.since = time;
    }
    let mut queue = core::mem::take(&mut own.queue);
    while let Some(thread) = queue.pop() {
        // SAFETY: as in `next`.
        let block = unsafe { thread.as_ref() };
        if block.adopt_changes(core.id()) {
            // SAFETY: it is in no queue now; its block stays.
            unsafe { own.queue.push(thread, block.rank(), Place::After) };
        } else {
            forward(core, own, thread, irq);
        }
    }
}

impl Own {
    /// Puts a ready thread, which is ours, into the queue, counts it, and notes that it may have to run at once.
    pub(super) fn enqueue(&mut self, thread: &Thread, irq: &IrqGuard) {
        self.place(thread, irq);
        per_core::this(irq).count_in(irq);
    }

    /// The same, not counted: it was here before.
    fn place(&mut self, thread: &Thread, irq: &IrqGuard) {
        let core = per_core::this(irq);
        if thread.standing.come_to(core.id()) {
            thread.migrations.bump();
            core.stats.migrations_in.bump();
            if core.is_watched() {
                tracer::migrates(core, thread, irq);
            }
        }
        if !thread.adopt_changes(core.id()) {
            // Pinned while it came. Whoever has done that may have told the core that it comes from.
            core.inbox.ask();
        }
        // SAFETY: ready and ours, so it is in no queue; its block stays.
        unsafe {
            self.queue
                .push(NonNull::from(thread), thread.rank(), Place::After);
        };
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
    /// out. A realtime thread does not make room for a normal one at all. Nobody waits for the idle thread: it weighs more
    /// than anybody.
    #[inline(always)]
    fn waits_its_turn(&self, comer: Head) -> bool {
        let runner = self.runner(thread::current());
        comer.weight >= runner.weight
            && self.armed_ticks
                <= self
                    .policy
                    .safe_until_ticks(&runner, comer, self.since_ticks)
    }
}
