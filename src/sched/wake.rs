//! Blocking and waking: who may wake a thread, and where it then goes.
//!
//! Who may do what with a thread is agreed in its [`Standing`](crate::sched::claim); here it is done.

#![expect(unsafe_code, reason = "hands threads between cores")]

use core::ptr::NonNull;

use crate::arch::cpu::{self, IrqGuard};
use crate::arch::timer;
use crate::core_id::CoreId;
use crate::irq;
pub use crate::sched::claim::State;
use crate::sched::claim::{Parking, Way};
use crate::sched::per_core;
use crate::sched::policy::{Priority, Rank};
use crate::sched::switch::{Cause, reschedule};
use crate::sched::thread::{self, Thread};
use crate::sched::{timers, tracer};

/// A thread that was waiting and that we have won. It does not run until `make_ready`.
#[must_use = "a claimed thread that is not made ready never runs again"]
#[derive(Debug)]
pub struct Claimed(NonNull<Thread>);

impl Claimed {
    /// Wins `thread` if it still waits in `state`.
    pub fn claim(thread: &Thread, state: State) -> Option<Self> {
        thread
            .standing
            .claim(state)
            .then(|| Self(NonNull::from(thread)))
    }

    /// Wins `thread` whatever it waits for. For its timer, which is set only while it waits.
    pub(super) fn claim_for_timer(thread: &Thread) -> Option<Self> {
        thread
            .standing
            .claim_for_timer()
            .then(|| Self(NonNull::from(thread)))
    }

    /// The thread's block.
    pub(crate) fn thread(&self) -> &Thread {
        // SAFETY: claimed, so it neither runs nor ends before somebody takes it out of a queue.
        unsafe { self.0.as_ref() }
    }

    /// The thread itself, for who lets it run at once.
    pub(super) fn take_over(self) -> NonNull<Thread> {
        self.0
    }

    /// A thread that was never started: it is nobody else's.
    pub(super) fn new_thread(thread: &Thread) -> Self {
        debug_assert!(thread.state() == State::Ready);
        Self(NonNull::from(thread))
    }

    /// Puts the thread into the run queue of its core, and lets it run there if it should run first. If that
    /// is this core and preemption is possible here, it happens before this returns.
    pub(crate) fn make_ready(self) {
        self.make_ready_masked(&IrqGuard::mask());
    }

    /// As [`make_ready`](Self::make_ready), where IRQs were masked before the thread was claimed: so that no
    /// interrupt puts somebody less urgent between the claim and the queue.
    pub(crate) fn make_ready_masked(self, irq: &IrqGuard) {
        if self.enqueue(irq) {
            preempt_or_arm(irq);
        }
    }

    /// As [`make_ready`](Self::make_ready), for code that may not be preempted where it stands: interrupt
    /// handlers, and whoever has more to do first. Whether somebody who waits on this core may have to run before
    /// the current thread: then `preempt_or_arm` is due.
    ///
    /// A leaf for what happens most: a thread that comes back to the core on which it was before.
    #[inline(never)]
    pub(crate) fn enqueue(self, irq: &IrqGuard) -> bool {
        let here = per_core::this(irq);
        let thread = self.thread();
        match thread.standing.way_unchanged(here.quick_id()) {
            Some(Way::Home) => {}
            Some(Way::Inbox(target)) if !here.is_watched() => return send(self.0, target),
            _ => return self.enqueue_elsewhere(),
        }
        match here.own(irq).enqueue_quickly(thread) {
            None => self.enqueue_elsewhere(),
            Some(is_urgent) => {
                here.count_in(irq);
                is_urgent
            }
        }
    }

    /// The same in all cases.
    #[cold]
    #[inline(never)]
    fn enqueue_elsewhere(self) -> bool {
        // SAFETY: `enqueue` has been given a guard.
        let irq = unsafe { IrqGuard::assume_masked() };
        let here = per_core::this(&irq);
        let thread = self.thread();
        if here.is_watched() {
            // Before, because the thread may run elsewhere as soon as it is there.
            tracer::wakes(here, thread, &irq);
        }
        match thread.standing.way(here.id()) {
            Way::Home | Way::Queue => here.own(&irq).enqueue(thread, &irq),
            Way::Inbox(target) => {
                send(self.0, target);
            }
        }
        here.own(&irq).need_resched
    }
}

/// Puts `thread` into the inbox of core `target`, with one SGI if nobody else has sent one since it was emptied last. The
/// SGI is needed whoever runs there: the core may sleep, or it may run a lone thread and have no timer armed. False:
/// nobody has come to this core. IRQs are masked.
#[inline(never)]
pub(super) fn send(thread: NonNull<Thread>, target: CoreId) -> bool {
    // SAFETY: ours and in no queue, so nobody else touches its link; its block stays until it has run and
    // ended.
    if unsafe { per_core::get(target).inbox.push(thread) } {
        // SAFETY: our callers have masked IRQs.
        let irq = unsafe { IrqGuard::assume_masked() };
        per_core::this(&irq).stats.ipis_sent.bump();
        irq::send_reschedule(target);
    }
    false
}

/// Gives up the core until somebody has claimed this thread, which has declared that it waits.
#[inline]
pub(crate) fn block(irq: &IrqGuard) {
    debug_assert_eq!(
        thread::current().preempt_count(),
        0,
        "a thread may not wait here"
    );
    reschedule(Cause::Block, irq);
}

/// Switches to another thread if one should run first and this thread may be preempted. IRQs were unmasked
/// before `irq`: the caller is a thread, not an interrupt handler.
#[inline]
pub(crate) fn preempt_if_needed(irq: &IrqGuard) {
    if per_core::this(irq).own(irq).need_resched && thread::current().preempt_count() == 0 {
        reschedule(Cause::Wake, irq);
    }
}

/// Lets the policy decide: now if IRQs were unmasked before `irq`, otherwise when they are, by way of the timer.
/// In an interrupt handler there is nothing to do: the interrupt's exit looks.
pub(crate) fn preempt_or_arm(irq: &IrqGuard) {
    if irq.unmasks() {
        preempt_if_needed(irq);
    } else if !cpu::is_on_exception_stack() {
        let own = per_core::this(irq).own(irq);
        if own.need_resched {
            own.arm(0);
        }
    }
}

/// Waits until [`unpark`] has been called since the last `park`.
pub fn park() {
    park_by(block);
}

/// As [`park`], with `block` for the function of that name: for a test that must give up the core by code of its
/// own. It is called, with IRQs masked, if there is something to wait for.
#[inline(always)]
pub(crate) fn park_by(block: impl FnOnce(&IrqGuard)) {
    let irq = IrqGuard::mask();
    match thread::current().standing.prepare_park() {
        Parking::Blocks => block(&irq),
        Parking::HasToken => {}
        Parking::Undone => heed(),
    }
    thread::current().standing.take_token();
}

/// As [`park`], but until `deadline_ticks` at most.
pub fn park_until(deadline_ticks: u64) {
    park_by(|irq| {
        timers::block_until(deadline_ticks, irq);
    });
}

/// Lets `thread` return from `park`: the one that it is in, or the next.
pub fn unpark(thread: &Thread) {
    if thread.standing.unpark() {
        Claimed(NonNull::from(thread)).make_ready();
    }
}

/// Pins `thread`, or unpins it, and sees to it that the core that has it moves it.
pub fn set_affinity(thread: &Thread, core: Option<CoreId>) {
    thread.standing.set_affinity(core);
    if core.is_some() {
        reconsider(thread);
    }
}

/// Changes a thread's share, from now on.
pub fn set_priority(thread: &Thread, priority: Priority) {
    thread.set_priority(priority);
    thread.standing.mark_changed();
    reconsider(thread);
}

/// Changes a thread's place in the realtime class.
pub fn set_realtime(thread: &Thread, class: u8) {
    thread.set_realtime(class);
    thread.standing.mark_changed();
    reconsider(thread);
}

/// For the current thread, which has declared that it waits and then goes on: who has uttered a wish meanwhile has told
/// nobody.
///
/// A call without the caller's guard, which so can stay in a register.
#[cold]
#[inline(never)]
pub(super) fn heed() {
    let current = thread::current();
    if current.standing.is_changed() {
        reconsider(current);
    }
}

/// Lets the core that runs `thread`, or on which it waits for its turn, look at it again, at once.
fn reconsider(thread: &Thread) {
    let irq = IrqGuard::mask();
    ask_core(thread, &irq);
    preempt_or_arm(&irq);
}

/// Asks the core that runs `thread`, or on which it waits for its turn, to look at it again. If that is this
/// core it does so at its next decision, which is the caller's to bring about. A blocked thread is looked at
/// when it wakes.
pub(crate) fn ask_core(thread: &Thread, irq: &IrqGuard) {
    let Some(core) = thread.standing.to_be_told().map(per_core::get) else {
        return;
    };
    core.inbox.ask();
    if core.id() == per_core::this(irq).id() {
        core.own(irq).need_resched = true;
    } else {
        irq::send_reschedule(core.id());
    }
}

/// The rank of the current thread if it stops now.
pub(crate) fn rank_now(irq: &IrqGuard) -> Rank {
    let own = per_core::this(irq).own(irq);
    own.runner(thread::current())
        .rank_at(own.policy.at(timer::now()))
}
