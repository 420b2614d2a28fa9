//! Owns `asm/reschedule.s`, and has the decision before the switch.
//!
//! ```text
//!  yield · block · exit · wake        interrupt exit (vectors.s)
//!            └──────────┬─────────────────┘
//!                  reschedule            asm: IRQs masked, thread's stack
//!                       │ decide                 quick.rs, or schedule_next_thread here: stay, or {old, new}
//!                       │ save · exchange · restore
//!                       │ finish_switch          finish.rs, as the new thread: release the old one
//! ```

#![expect(unsafe_code, reason = "the switch is assembly")]

use core::arch::global_asm;
use core::mem::size_of;
use core::ptr::NonNull;

use crate::arch::cpu::{self, IrqGuard};
use crate::arch::timer;
use crate::sched::context::{self, Context};
use crate::sched::lifecycle;
use crate::sched::per_core::{self, Core, Own};
use crate::sched::policy::{self, DecayedTime, Decision};
use crate::sched::run_queue::Place;
use crate::sched::thread::{self, Duties, Thread};
use crate::sched::wake::State;
use crate::sched::{balance, finish, quick, tracer, traffic};

/// Why a core asks who is to run. Zero is kept for "nobody asks".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Cause {
    /// The thread lets others go first.
    Yield = 1,
    /// The thread waits for something.
    Block = 2,
    /// The thread has ended.
    Exit = 3,
    /// The thread has woken another one, or allows preemption again.
    Wake = 4,
    /// The timer has fired.
    Timer = 5,
    /// Another core has asked.
    Ipi = 6,
    /// A device's interrupt has woken a thread.
    Interrupt = 7,
    /// The thread goes to another core.
    Migrate = 8,
}

impl Cause {
    /// All of them, by number.
    const ALL: [Self; 8] = [
        Self::Yield,
        Self::Block,
        Self::Exit,
        Self::Wake,
        Self::Timer,
        Self::Ipi,
        Self::Interrupt,
        Self::Migrate,
    ];

    /// The cause of a number.
    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&cause| cause as u8 == number)
    }

    /// The cause that the end of an interrupt gives as a number; 0: there is none.
    ///
    /// # Safety
    ///
    /// It is one of these. (For an idle thread none of `Yield`, `Block` and `Exit`, which it does not do.)
    #[inline]
    pub(crate) const unsafe fn from_bits(bits: u64) -> Option<Self> {
        debug_assert!(bits <= Self::Migrate as u64);
        if bits == 0 {
            return None;
        }
        // SAFETY: the number of a cause, as the caller promises, and the type is laid out as one.
        Some(unsafe { core::mem::transmute::<u64, Self>(bits) })
    }
}

global_asm!(
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/asm/reschedule.s")),
    CONTEXT_SIZE = const size_of::<Context>(),
    CONTEXT_X19 = const context::X19,
    CONTEXT_D8 = const context::D8,
    THREAD_SP_FPCR = const thread::SP_FPCR,
    THREAD_AFTER = const thread::AFTER,
    ALWAYS_FINISH = const cfg!(debug_assertions) as u32,
    THREAD_ENTRY_ARGUMENT = const thread::ENTRY_ARGUMENT,
    decide = sym quick::decide,
    finish_switch = sym finish::finish_switch,
    thread_exit = sym lifecycle::thread_exit,
);

/// The thread stays.
pub(super) const STAY: u128 = 0;

mod assembly {
    unsafe extern "C" {
        pub(super) fn reschedule(cause: super::Cause);
        pub(in crate::sched) safe fn thread_start();
    }
}
pub(super) use assembly::thread_start;

/// Asks who is to run, and switches if that is another thread. Returns when this thread runs again, perhaps
/// on another core: what was read from a per-core place before the call may not be used after it.
#[inline]
pub(crate) fn reschedule(cause: Cause, _masked: &IrqGuard) {
    debug_assert!(!cpu::is_on_exception_stack(), "a handler may not switch");
    // SAFETY:
    // 1. IRQs are masked, as the guard proves, and SError is open, as in every thread.
    // 2. A guard that is passed here belongs to a thread, not to an interrupt handler: so this is the
    //    thread's stack, and SP_EL1 is empty.
    unsafe { assembly::reschedule(cause) };
}

/// Decides, in every case; called by [`quick::decide`], and as that.
#[inline(never)]
pub(super) extern "C" fn schedule_next_thread(cause: Cause) -> u128 {
    // SAFETY: as in `quick::decide`.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = per_core::this(&irq);
    if cause == Cause::Exit {
        lifecycle::wake_joiner_here(thread::current(), &irq);
    }
    let own = core.own(&irq);
    own.need_resched = false;
    let old = thread::current();
    let goes_on = !core.inbox.is_empty() && traffic::receive(core, own, &irq);
    if core.inbox.has_notes() {
        attend(core, own, old, cause, &irq);
    }

    let now = timer::now();
    let time = own.policy.at(now);
    let is_idle = core::ptr::eq(old, &raw const core.idle);
    let has_left = matches!(cause, Cause::Block | Cause::Exit) && !goes_on;
    let runs_on = !has_left && !is_idle;
    let leaves_core = runs_on && old.affinity().is_some_and(|target| target != core.id());
    let may_stay = runs_on && !leaves_core;
    if may_stay && own.queue.is_empty() {
        return stay_alone(own);
    }
    if balance::is_due(own, now) {
        balance::give(core, own, usize::from(!is_idle && !may_stay), &irq);
        if may_stay && own.queue.is_empty() {
            return stay_alone(own);
        }
    }
    if may_stay {
        let asked = if cause == Cause::Yield {
            policy::Cause::Yield
        } else {
            policy::Cause::Preempt
        };
        if let Decision::Stay { deadline_ticks } =
            own.policy
                .decide(asked, &own.runner(old), own.queue.head_key(), now)
        {
            own.arm(deadline_ticks);
            balance::watch(own, now);
            return STAY;
        }
    }

    let next = traffic::next(core, own, &irq);
    if next.is_none() && (is_idle || may_stay) {
        // Those that waited have just been sent to other cores.
        return stay_alone(own);
    }
    old.cpu_time.stop(now);
    if !is_idle {
        // It is charged for its run.
        old.set_rank(own.runner(old).rank_at(time));
    }
    old.left_by.set(cause as u8);
    if leaves_core || old.state() == State::Exited {
        old.after.add(Duties::LEAVES);
    } else if runs_on {
        let place = if cause == Cause::Yield {
            Place::After
        } else {
            Place::Before
        };
        // SAFETY: it has just stopped running, so it is in no queue; its block stays.
        unsafe { own.queue.push(NonNull::from(old), old.rank(), place) };
    }
    if runs_on && cause != Cause::Yield {
        old.switches_preempted.bump();
        core.stats.switches_preempted.bump();
    } else {
        old.switches_voluntary.bump();
        if has_left {
            core.left.bump();
        } else if !is_idle {
            core.gave_way.bump();
        }
    }

    let new = next.unwrap_or(&core.idle);
    // Who displaces a thread that would have run on pays for the switch.
    let since = if runs_on { time.with_penalty() } else { time };
    hand_over(core, own, new, now, since);
    if !own.queue.is_empty() {
        let head = own.queue.head_key();
        let runner = own.runner(new);
        own.arm(if runner.weight > head.weight {
            // It loses sooner than others: looked at too late, it would get more than its share.
            own.policy.deadline_ticks(&runner, head)
        } else {
            // The earliest moment at which it can lose. The exact one costs more to compute than the interrupt
            // that finds out, and most threads block before.
            own.policy.soonest_loss_ticks(now)
        });
    }
    balance::watch(own, now);
    pair(old, new)
}

/// Makes `new` the thread that runs here, charged from `since` on.
#[inline(always)]
pub(super) fn hand_over(
    core: &Core,
    own: &mut Own,
    new: &'static Thread,
    now: u64,
    since: DecayedTime,
) {
    new.standing.switch_in();
    core.set_current(new);
    new.cpu_time.start(now);
    own.since = since;
    own.since_ticks = now;
}

/// Both in the two registers in which `reschedule` wants them.
#[inline(always)]
pub(super) fn pair(old: &Thread, new: &Thread) -> u128 {
    core::ptr::from_ref(old) as usize as u128 | (core::ptr::from_ref(new) as usize as u128) << 64
}

/// Somebody has asked this core to look at a thread again, or watches what it decides.
#[cold]
fn attend(core: &Core, own: &mut Own, old: &Thread, cause: Cause, irq: &IrqGuard) {
    if core.is_watched() {
        old.after.add(Duties::RECORDED);
        // If it stays now, and the recording stops, it may leave by the short way, which does not say why.
        old.left_by.set(cause as u8);
        tracer::decides(core, old, cause, irq);
    }
    if core.inbox.is_asked() {
        traffic::rescan(core, own, irq);
    }
}

/// Stays, and nobody waits.
#[inline]
fn stay_alone(own: &mut Own) -> u128 {
    balance::rest(own);
    STAY
}
