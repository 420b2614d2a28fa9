//! Birth and end of threads.

#![expect(
    unsafe_code,
    reason = "threads stand on stacks that are made and freed here"
)]

use core::mem::size_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::arch::cpu::IrqGuard;
use crate::core_id::CoreId;
use crate::mem::fallible::NoMemory;
use crate::mem::stacks::{Stack, StackError};
use crate::sched::blocks::{ThreadRef, Vacant};
use crate::sched::context::Context;
use crate::sched::per_core;
use crate::sched::policy::Priority;
use crate::sched::switch::{Cause, reschedule};
use crate::sched::thread::{self, Birth, NAME_BYTES, Thread};
use crate::sched::wake::{self, Claimed, State};

/// What a new thread is asked to be.
#[derive(Debug)]
pub struct Request {
    /// Its name, cut to what is kept.
    pub name: heapless::String<NAME_BYTES>,
    /// Bytes of its stack; rounded up to pages.
    pub stack_bytes: usize,
    /// Its share in the normal class.
    pub priority: Priority,
    /// Its place in the realtime class; 0: the normal class.
    pub realtime: u8,
    /// The core that it is pinned to.
    pub core: Option<CoreId>,
}

/// Where a new thread starts, and what it stands on.
#[derive(Debug)]
pub struct Start {
    /// Its stack.
    pub stack: Stack,
    /// Bytes at the top of the stack that somebody else has written: a multiple of 16, small.
    pub taken_bytes: usize,
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
    request: Request,
    entry: extern "C" fn(usize),
    argument: usize,
    abandon: Option<fn(usize)>,
) -> Result<ThreadRef, StackError> {
    let start = Start {
        stack: Stack::new(request.stack_bytes)?,
        taken_bytes: 0,
        entry,
        argument,
        abandon,
    };
    let block = Vacant::take().map_err(|NoMemory| StackError::OutOfMemory)?;
    // SAFETY: the caller's promise.
    Ok(unsafe { self::start(block, request, start) })
}

/// Makes a thread and lets it run.
///
/// # Safety
///
/// `entry` may be called once with `argument`, on any core, at any time from now on; and `abandon`, in place of it or
/// after it, if the thread crashes before it has taken the argument over.
pub(crate) unsafe fn start(block: Vacant, request: Request, start: Start) -> ThreadRef {
    let sp = start.stack.top() - start.taken_bytes - size_of::<Context>();
    // SAFETY: the stack is mapped, ours, larger than a context and what is taken, and its top is aligned to pages.
    unsafe { (*(sp as *mut Context)).start() };
    let irq = IrqGuard::mask();
    let birth = Birth {
        id: next_id(),
        name: request.name,
        priority: request.priority,
        realtime: request.realtime,
        core: request.core.unwrap_or_else(crate::cores::current),
        pinned: request.core.is_some(),
        sp,
        entry: start.entry,
        argument: start.argument,
        abandon: start.abandon,
        stack: start.stack,
    };
    let thread = block.occupy(birth, &irq);
    Claimed::new_thread(&thread).make_ready_masked(&irq);
    thread
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
pub(crate) fn end() -> ! {
    let irq = IrqGuard::mask();
    let current = thread::current();
    wake_joiner_here(current, &irq);
    current.set_state(State::Exited);
    reschedule(Cause::Exit, &irq);
    unreachable!("a thread that has ended was switched to")
}

/// Waits until `thread` has ended and its stack is free. For one thread, which has the handle.
pub fn join(thread: &Thread) {
    // Acquire: what the thread has done is seen.
    while !thread.is_gone.load(Ordering::Acquire) {
        let irq = IrqGuard::mask();
        let mut joiner = thread.joiner.lock_masked(&irq);
        if thread.is_gone.load(Ordering::Relaxed) {
            break;
        }
        debug_assert!(joiner.is_none());
        let current = thread::current();
        // Whoever wakes it has the lock first, so it sees both.
        current.set_state(State::Waiting);
        *joiner = Some(NonNull::from(current));
        drop(joiner);
        wake::block(&irq);
    }
}

/// If somebody waits on this core for the end of `current`, which is near: makes it ready, so that the core goes on with
/// it, and not with the idle thread. The switch reaps before that. If it is sent elsewhere in between, it waits again; who
/// waits elsewhere is woken by [`reap`].
#[inline(always)]
fn wake_joiner_here(current: &Thread, irq: &IrqGuard) {
    let mut joiner = current.joiner.lock_masked(irq);
    let here = per_core::this(irq).id();
    // SAFETY: as in `wake_joiner`.
    if joiner.is_some_and(|joiner| unsafe { joiner.as_ref() }.core() == here) {
        wake_joiner(&mut joiner, irq);
    }
}

/// Makes ready who waits, if anybody does.
fn wake_joiner(joiner: &mut Option<NonNull<Thread>>, irq: &IrqGuard) {
    let Some(joiner) = joiner.take() else { return };
    // SAFETY: it waits, or is about to, and does not go on before it is claimed: so its block stays.
    if let Some(woken) = Claimed::claim(unsafe { joiner.as_ref() }, State::Waiting) {
        woken.enqueue(irq);
    }
}

/// Frees what a thread that has ended stood on, and wakes who waits for its end.
///
/// # Safety
///
/// The thread has been switched away from for good. Called once, by the next thread on its core.
pub(super) unsafe fn reap(thread: NonNull<Thread>, irq: &IrqGuard) {
    // SAFETY: called once.
    let thread = unsafe { ThreadRef::of_scheduler(thread) };
    let mut joiner = thread.joiner.lock_masked(irq);
    if let Some(stack) = thread.stack.take() {
        stack.free(irq);
    }
    // Release: a joiner that sees it without the lock sees the value.
    thread.is_gone.store(true, Ordering::Release);
    wake_joiner(&mut joiner, irq);
}
