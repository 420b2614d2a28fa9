//! Blocking and waking: who may wake a thread, and where it then goes.
//!
//! A thread's state decides everything. A thread that waits has set its state to a waiting one *before* it
//! gives up its core. Exactly one waker turns that into READY (a compare-and-exchange, the claim) and with
//! it gets the duty, and the sole right, to put the thread into a queue. So no wake-up is lost, none is
//! spurious, and a thread is never in two queues.
//!
//! A claimed thread may still stand on its core with its registers not yet stored. While its `on_cpu` flag
//! is set it goes to the inbox of that very core, which empties it only after the switch; so no core ever
//! waits for another.

#![expect(unsafe_code, reason = "hands threads between cores")]

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use crate::arch::cpu::{self, IrqGuard};
use crate::core_id::CoreId;
use crate::irq;
use crate::sched::per_core::{self, Core};
use crate::sched::policy::Priority;
use crate::sched::switch::{Cause, reschedule};
use crate::sched::thread::{self, Thread};

/// What a thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// It runs on a core.
    Running = 0,
    /// It could run: it is in a run queue, in an inbox, or on its way there.
    Ready = 1,
    /// It waits in a list, perhaps also for a time.
    Waiting = 2,
    /// It waits for `unpark`, perhaps also for a time.
    Parked = 3,
    /// It waits for a time only.
    Sleeping = 4,
    /// It has ended.
    Exited = 5,
}

impl State {
    pub(super) fn from_u32(value: u32) -> Self {
        match value {
            0 => Self::Running,
            1 => Self::Ready,
            2 => Self::Waiting,
            3 => Self::Parked,
            4 => Self::Sleeping,
            _ => Self::Exited,
        }
    }
}

/// A thread that was waiting and that we have won. It does not run until `make_ready`.
#[must_use = "a claimed thread that is not made ready never runs again"]
#[derive(Debug)]
pub struct Claimed(NonNull<Thread>);

impl Claimed {
    /// Wins `thread` if it still waits in `state`.
    pub fn claim(thread: &Thread, state: State) -> Option<Self> {
        thread
            .state
            .compare_exchange(
                state as u32,
                State::Ready as u32,
                // Sequentially consistent for `unpark`; on AArch64 it costs what AcqRel costs.
                Ordering::SeqCst,
                Ordering::SeqCst,
            )
            .ok()
            .map(|_| Self(NonNull::from(thread)))
    }

    /// Wins `thread` whatever it waits for. For its timer, which is set only while it waits.
    pub(super) fn claim_for_timer(thread: &Thread) -> Option<Self> {
        match thread.state() {
            state @ (State::Waiting | State::Parked | State::Sleeping) => {
                Self::claim(thread, state)
            }
            _ => None,
        }
    }

    /// The thread's block.
    pub(super) fn thread(&self) -> &Thread {
        // SAFETY: claimed, so it neither runs nor ends before somebody takes it out of a queue.
        unsafe { self.0.as_ref() }
    }

    /// A thread that was never started: it is nobody else's.
    pub(super) fn new_thread(thread: &Thread) -> Self {
        debug_assert!(thread.state() == State::Ready);
        Self(NonNull::from(thread))
    }

    /// Address of the thread's block.
    pub fn address(&self) -> usize {
        self.0.as_ptr() as usize
    }

    /// Puts the thread into the run queue of its core, and lets it run there if it should run first. If that
    /// is this core and preemption is possible here, it happens before this returns.
    pub(crate) fn make_ready(self) {
        let irq = IrqGuard::mask();
        self.enqueue(&irq);
        preempt_or_arm(&irq);
    }

    /// As [`make_ready`](Self::make_ready), for code that may not be preempted where it stands: interrupt
    /// handlers, and whoever has more to do first.
    pub(crate) fn enqueue(self, irq: &IrqGuard) {
        let thread = self.thread();
        let here = per_core::this(irq);
        let home = thread.core();
        // Acquire: if the flag is clear, the registers that its last core stored are visible.
        let still_there = thread.on_cpu.load(Ordering::Acquire);
        let target = if still_there {
            home
        } else {
            thread.affinity().unwrap_or(home)
        };
        if target == here.id() && !still_there {
            here.own(irq).enqueue(thread, irq);
        } else {
            send(self.0, per_core::get(target), irq);
        }
    }
}

/// Puts `thread` into the inbox of another core, with one SGI if nobody else has sent one since it was
/// emptied last. The SGI is needed whoever runs there: the core may sleep, or it may run a lone thread and
/// have no timer armed.
pub(super) fn send(thread: NonNull<Thread>, target: &Core, irq: &IrqGuard) {
    // SAFETY: ours and in no queue, so nobody else touches its link; its block stays until it has run and
    // ended.
    if unsafe { target.inbox.push(thread) } {
        per_core::this(irq).stats.ipis_sent.bump();
        irq::send_reschedule(target.id());
    }
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
    if prepare_park() {
        block(&irq);
    }
    take_token();
}

/// As [`park`], but until `deadline_ticks` at most.
pub fn park_until(deadline_ticks: u64) {
    let irq = IrqGuard::mask();
    if prepare_park() {
        crate::sched::timers::block_until(deadline_ticks, &irq);
    }
    take_token();
}

/// Takes the token of the current thread. A read-modify-write, because whoever's token this takes, what that
/// thread wrote before must be seen from here on: a plain store could pass later loads, and then wipe out a
/// token whose message was not seen.
fn take_token() {
    thread::current().park_token.swap(false, Ordering::Acquire);
}

/// Declares that the current thread is parked. False: there is a token, do not block.
fn prepare_park() -> bool {
    let current = thread::current();
    if current.park_token.load(Ordering::Acquire) {
        return false;
    }
    // The state before the token here, the token before the state in `unpark`: one of the two sees the other.
    current.state.store(State::Parked as u32, Ordering::SeqCst);
    if current.park_token.load(Ordering::SeqCst) {
        // Take the claim back, if nobody has it yet; if somebody has, block: it is on its way to a queue.
        return current
            .state
            .compare_exchange(
                State::Parked as u32,
                State::Running as u32,
                Ordering::AcqRel,
                Ordering::Relaxed,
            )
            .is_err();
    }
    true
}

/// Lets `thread` return from `park`: the one that it is in, or the next.
pub fn unpark(thread: &Thread) {
    thread.park_token.store(true, Ordering::SeqCst);
    // A read-modify-write sees the latest state, so the order above holds.
    if let Some(claimed) = Claimed::claim(thread, State::Parked) {
        claimed.make_ready();
    }
}

/// Pins `thread`, or unpins it, and sees to it that the core that has it moves it.
pub fn set_affinity(thread: &Thread, core: Option<CoreId>) {
    thread.set_affinity(core);
    if core.is_some() {
        reconsider(thread);
    }
}

/// Changes a thread's share, from now on.
pub fn set_priority(thread: &Thread, priority: Priority) {
    thread.set_priority(priority);
    thread.mark_changed();
    reconsider(thread);
}

/// Changes a thread's place in the realtime class.
pub fn set_realtime(thread: &Thread, class: u8) {
    thread.set_realtime(class);
    thread.mark_changed();
    reconsider(thread);
}

/// Lets the core that runs `thread`, or on which it waits for its turn, look at it again. A blocked thread is
/// looked at when it wakes.
fn reconsider(thread: &Thread) {
    let irq = IrqGuard::mask();
    // What was changed was stored before this load, the state that a waker stores comes before it looks for
    // changes, and all of these are sequentially consistent: so one of the two sees the other. The core is read
    // after the state, for the same reason.
    if !matches!(thread.state(), State::Running | State::Ready) {
        return;
    }
    let core = per_core::get(thread.core());
    core.rescan.store(true, Ordering::Release);
    if core.id() == per_core::this(&irq).id() {
        core.own(&irq).need_resched = true;
        preempt_or_arm(&irq);
    } else {
        irq::send_reschedule(core.id());
    }
}
