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
use crate::mem::stacks::{Stack, StackError};
use crate::sched::blocks::ThreadRef;
use crate::sched::context::Context;
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

/// Makes a thread and lets it run: `entry(argument)`, from a defined state of all registers.
///
/// # Safety
///
/// `entry` may be called once with `argument`, on any core, at any time from now on; and `abandon`, in place of it or
/// after it, if the thread crashes before it has taken the argument over.
pub unsafe fn spawn(
    request: Request,
    entry: extern "C" fn(usize),
    argument: usize,
    abandon: fn(usize),
) -> Result<ThreadRef, StackError> {
    let stack = Stack::new(request.stack_bytes)?;
    let sp = stack.top() - size_of::<Context>();
    // SAFETY: the stack is mapped, ours, larger than a context, and its top is aligned to pages.
    unsafe { (sp as *mut Context).write(Context::first_run()) };
    let thread = ThreadRef::new(Birth {
        id: next_id(),
        name: request.name,
        priority: request.priority,
        realtime: request.realtime,
        core: request.core.unwrap_or_else(crate::cores::current),
        pinned: request.core.is_some(),
        sp,
        entry,
        argument,
        abandon,
        stack,
    });
    Claimed::new_thread(&thread).make_ready();
    Ok(thread)
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
    thread::current().set_state(State::Exited);
    reschedule(Cause::Exit, &irq);
    unreachable!("a thread that has ended was switched to")
}

/// Waits until `thread` has ended and its stack is free.
pub fn join(thread: &Thread) {
    let irq = IrqGuard::mask();
    let mut joiners = thread.joiners.lock();
    if thread.is_gone.load(Ordering::Relaxed) {
        return;
    }
    // SAFETY: the current thread waits for nothing else; the caller's reference keeps the list.
    unsafe { joiners.push_current(State::Waiting, &irq) };
    drop(joiners);
    wake::block(&irq);
}

/// Frees what a thread that has ended stood on, and wakes those who wait for its end.
///
/// # Safety
///
/// The thread has been switched away from for good. Called once, by the next thread on its core.
pub(super) unsafe fn reap(thread: NonNull<Thread>, irq: &IrqGuard) {
    // SAFETY: called once.
    let thread = unsafe { ThreadRef::of_scheduler(thread) };
    let mut joiners = thread.joiners.lock();
    drop(thread.stack.take());
    // Release: a joiner that sees it without the lock sees the result.
    thread.is_gone.store(true, Ordering::Release);
    joiners.wake_all(irq);
}
