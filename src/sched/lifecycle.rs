//! Birth and end of threads.

#![expect(
    unsafe_code,
    reason = "threads stand on stacks that are made and freed here"
)]

use core::mem::size_of;
use core::num::NonZeroUsize;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::arch::cpu::IrqGuard;
use crate::core_id::CoreId;
use crate::mem::stacks::StackError;
use crate::sched::blocks::{ThreadRef, Vacant};
use crate::sched::context::Context;
use crate::sched::per_core;
use crate::sched::policy::{Priority, Rank};
use crate::sched::switch::{Cause, reschedule};
use crate::sched::thread::{self, Birth, NAME_BYTES, Thread};
use crate::sched::wake::{self, Claimed, State};

/// What a new thread is asked to be.
#[derive(Debug)]
pub struct Request {
    /// Its name, cut to what is kept.
    pub name: heapless::String<NAME_BYTES>,
    /// Its stack, in units of 16 KiB.
    pub stack_units: NonZeroUsize,
    /// Its share in the normal class.
    pub priority: Priority,
    /// Its place in the realtime class; 0: the normal class.
    pub realtime: u8,
    /// The core that it is pinned to.
    pub core: Option<CoreId>,
}

/// Where a new thread starts.
#[derive(Debug)]
pub struct Start {
    /// Where its stack begins: somebody else may have written a little above that. A multiple of 16.
    pub stack_top: usize,
    /// What it calls, from a defined state of all registers, with `argument`.
    pub entry: extern "C" fn(usize),
    /// See `entry`.
    pub argument: usize,
    /// Is called with `argument` if the thread crashes before it has taken that over; `None`: nothing need be freed.
    pub abandon: Option<fn(usize)>,
}

/// Makes a thread and lets it run: `entry(argument)`, on a stack of its own.
///
/// # Errors
///
/// There is no memory for its stack or its block.
///
/// # Safety
///
/// As of `start`.
pub unsafe fn spawn(
    request: &Request,
    entry: extern "C" fn(usize),
    argument: usize,
    abandon: Option<fn(usize)>,
) -> Result<ThreadRef, StackError> {
    let block = Vacant::take(request.stack_units, IrqGuard::mask())?;
    let start = Start {
        stack_top: block.stack_top(),
        entry,
        argument,
        abandon,
    };
    // SAFETY: the caller's promise.
    Ok(unsafe { self::start(block, request, start) })
}

/// Makes a thread and lets it run.
///
/// # Safety
///
/// `entry` may be called once with `argument`, on any core, at any time from now on; and `abandon`, in place of it or
/// after it, if the thread crashes before it has taken the argument over.
#[inline(never)]
pub(crate) unsafe fn start(block: Vacant, request: &Request, start: Start) -> ThreadRef {
    let sp = start.stack_top - size_of::<Context>();
    // SAFETY: the stack is mapped, ours, larger than a context and what is taken, and its top is aligned.
    unsafe { (*(sp as *mut Context)).start() };
    let id = next_id();
    let irq = IrqGuard::mask();
    let here = per_core::this(&irq);
    let core = request.core.unwrap_or_else(|| here.id());
    let is_here = core == here.id();
    let birth = Birth {
        id,
        name: &request.name,
        rank: first_rank(id),
        priority: request.priority,
        realtime: request.realtime,
        core,
        pinned: request.core.is_some(),
        sp,
        entry: start.entry,
        argument: start.argument,
        abandon: start.abandon,
    };
    let thread = block.occupy(birth, &irq);
    // Where it is born, in the usual case, it need not be asked where it belongs.
    if is_here
        && !here.is_watched()
        && let Some(is_urgent) = here.own(&irq).enqueue_quickly(&thread)
    {
        here.count_in(&irq);
        if is_urgent {
            wake::preempt_or_arm(&irq);
        }
    } else {
        Claimed::new_thread(&thread).make_ready_masked(&irq);
    }
    thread
}

/// Where a thread begins that the current one has born, IRQs masked: where that was when it was switched in. So a parent
/// that has not run for long need not make room for it.
#[inline]
fn first_rank(id: u32) -> Rank {
    match thread::current().normal_rank() {
        // An idle thread's: the first threads have nobody to come after.
        Rank::IDLE => Rank::fresh(id),
        rank => rank,
    }
}

/// A number that no thread has had for a long time. 0 is the idle threads'.
fn next_id() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    loop {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        if id != 0 {
            return id;
        }
    }
}

/// Ends the current thread. `thread_start` comes here when the thread's function has returned.
pub(super) extern "C" fn thread_exit() -> ! {
    let current = thread::current();
    debug_assert_eq!(
        current.preempt_count(),
        0,
        "a thread may not end while it holds off preemption"
    );
    crate::thread::local::drop_all();
    end()
}

/// Ends the current thread as it is.
#[inline(always)]
pub(crate) fn end() -> ! {
    let irq = IrqGuard::mask();
    let current = thread::current();
    current.set_state(State::Exited);
    reschedule(Cause::Exit, &irq);
    unreachable!("a thread that has ended was switched to")
}

/// Waits until `thread` has ended and stands on its stack no more. For one thread, which has the handle.
pub fn join(thread: &Thread) {
    while !thread.is_gone() {
        let irq = IrqGuard::mask();
        let current = thread::current();
        current.set_state(State::Waiting);
        if thread.joiner.wait(current) {
            wake::block(&irq);
        } else {
            current.standing.go_on();
            wake::heed();
        }
    }
}

/// If somebody waits on this core for the end of `thread`, which is near: claims it, so that the core goes on with it, and
/// not with the idle thread. Nothing of `thread` is left before that runs. If it is sent elsewhere in between, it waits
/// again; who waits elsewhere is woken by [`reap`].
#[inline(always)]
pub(super) fn claim_joiner_here(thread: &Thread, here: CoreId) -> Option<Claimed> {
    let joiner = thread.joiner.take_if(|joiner| joiner.core() == here)?;
    // SAFETY: it waits, or is about to, and does not go on before it is claimed: so its block stays.
    Claimed::claim(unsafe { joiner.as_ref() }, State::Waiting)
}

/// As [`claim_joiner_here`], and puts it into its queue.
pub(super) fn wake_joiner_here(thread: &Thread, irq: &IrqGuard) {
    if let Some(joiner) = claim_joiner_here(thread, per_core::this(irq).id()) {
        joiner.enqueue(irq);
    }
}

/// Lets those who wait for the end of a thread know of it. Its stack and its block are free when nobody refers to it any
/// more.
///
/// # Safety
///
/// The thread has been switched away from for good. Called once, by the next thread on its core.
#[inline(always)]
pub(super) unsafe fn reap(thread: NonNull<Thread>, irq: &IrqGuard) {
    // SAFETY: called once.
    let thread = unsafe { ThreadRef::of_scheduler(thread) };
    let joiner = thread.joiner.set_gone();
    // Before the joiner goes on: what it gives up then is the last but for this.
    drop(thread);
    if let Some(joiner) = joiner {
        // SAFETY: as in `claim_joiner_here`.
        if let Some(woken) = Claimed::claim(unsafe { joiner.as_ref() }, State::Waiting) {
            woken.enqueue(irq);
        }
    }
}
