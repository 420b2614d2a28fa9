//! Threads, as `std::thread` names them.
//!
//! ```ignore
//! let sum = pivot::thread::spawn(|| (1..=10).sum::<u32>())?;
//! assert_eq!(sum.join(), Ok(55));
//! ```

#![expect(unsafe_code, reason = "a handle is made from the thread pointer")]

use alloc::vec::Vec;
use core::ptr::NonNull;
use core::sync::atomic::{Ordering, compiler_fence};
use core::time::Duration;

use crate::arch::cpu::IrqGuard;
use crate::cores::{self, CoreId};
use crate::fault::overflow;
use crate::sched::blocks::ThreadRef;
use crate::sched::switch::{Cause, reschedule};
use crate::sched::thread as block;
use crate::sched::{per_core, quick, registry, timers, wake};
use crate::sync::inheritance;
use crate::time::{self, Instant};

mod info;
pub mod local;
mod spawn;

pub use crate::fault::Reason;
pub use crate::sched::policy::{Priority, Urgency};
pub use crate::sched::wake::State;
pub use info::{ThreadId, ThreadInfo};
pub use spawn::{Builder, DEFAULT_STACK_BYTES, JoinHandle, SpawnError, spawn};

/// What joining a thread gives: what its function returned, or why that did not happen. As `std::thread::Result`.
pub type Result<T> = core::result::Result<T, Reason>;

/// A thread, of which one may know and change things, whether it still runs or has ended.
#[derive(Clone, Debug)]
pub struct Thread(ThreadRef);

/// Why a thread was not pinned: there is no such core, or it is not online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinError(pub CoreId);

impl Thread {
    /// Its number.
    pub fn id(&self) -> ThreadId {
        ThreadId(self.0.id())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Lets it return from [`park`]: the one that it is in, or its next.
    pub fn unpark(&self) {
        wake::unpark(&self.0);
    }

    /// Pins it to `core`. If it runs elsewhere it is moved at once; if it waits for its turn elsewhere, it is
    /// moved there; if it is blocked, it wakes there.
    pub fn pin(&self, core: CoreId) -> core::result::Result<(), PinError> {
        if !per_core::get(core).is_online() {
            return Err(PinError(core));
        }
        wake::set_affinity(&self.0, Some(core));
        Ok(())
    }

    /// Lets any core run it. It stays where it is until the balance moves it.
    pub fn unpin(&self) {
        wake::set_affinity(&self.0, None);
    }

    /// Its share of a core, from now on.
    pub fn set_priority(&self, priority: Priority) {
        wake::set_priority(&self.0, priority);
        inheritance::urgency_was_changed(&self.0);
    }

    /// Its place in the realtime class; 0: the normal class.
    pub fn set_realtime(&self, class: u8) {
        wake::set_realtime(&self.0, class);
        inheritance::urgency_was_changed(&self.0);
    }

    /// Its block, at the address that TPIDR_EL0 reads while it runs.
    pub(crate) fn block(&self) -> &block::Thread {
        &self.0
    }

    /// What it is and has done.
    pub fn info(&self) -> ThreadInfo {
        ThreadInfo::of(&self.0)
    }
}

/// The thread that calls this.
pub fn current() -> Thread {
    let current = block::current();
    debug_assert_ne!(current.id(), 0, "the idle thread has no handle");
    // SAFETY: the scheduler holds a reference for as long as the thread runs.
    Thread(unsafe { ThreadRef::again(NonNull::from(current)) })
}

/// All threads that exist, oldest first.
pub fn list() -> Vec<ThreadInfo> {
    registry::all()
        .iter()
        .map(|thread| ThreadInfo::of(thread))
        .collect()
}

/// All threads that exist, oldest first, and how many bytes of its stack each has ever used; 0 for one that has ended
/// meanwhile. Looks at the whole stacks, so it takes its time.
pub fn list_with_stacks() -> Vec<(ThreadInfo, usize)> {
    let used = |thread| registry::stack_used(thread).unwrap_or_default();
    registry::all()
        .iter()
        .map(|thread| (ThreadInfo::of(thread), used(thread)))
        .collect()
}

/// Lets the threads that wait for this core go first, once.
#[inline]
pub fn yield_now() {
    debug_assert_eq!(
        preempt_count(),
        0,
        "a thread that holds off preemption may not yield"
    );
    let irq = IrqGuard::mask();
    // Before the call, because that is most of what a yield to nobody would cost.
    if !quick::is_alone(&irq) {
        reschedule(Cause::Yield, &irq);
    }
}

/// Sleeps for `duration` at least.
pub fn sleep(duration: Duration) {
    sleep_until(Instant::now() + duration);
}

/// Sleeps until `deadline`, or not at all if that is past.
pub fn sleep_until(deadline: Instant) {
    timers::sleep_until(deadline.ticks());
}

/// Waits until [`Thread::unpark`] has been called since the last `park`.
/// An `unpark` that an earlier `park` has already answered may end this one too: ask for the reason again.
pub fn park() {
    wake::park();
}

/// As [`park`], for `timeout` at most.
pub fn park_timeout(timeout: Duration) {
    wake::park_until((Instant::now() + timeout).ticks());
}

/// Pins this thread to `core`. On return it runs there; while preemption is held off or IRQs are masked, it goes there
/// as soon as that ends.
pub fn pin(core: CoreId) -> core::result::Result<(), PinError> {
    current().pin(core)
}

/// Lets any core run this thread.
pub fn unpin() {
    wake::set_affinity(block::current(), None);
}

/// Holds off preemption of this thread, and with it migration, until the guard is dropped. Interrupts are
/// taken. The thread may not wait meanwhile.
pub fn preempt_disable() -> PreemptGuard {
    let current = block::current();
    current.set_preempt_count(current.preempt_count() + 1);
    compiler_fence(Ordering::SeqCst);
    PreemptGuard {
        not_send: core::marker::PhantomData,
    }
}

/// How many guards hold off preemption of this thread.
pub fn preempt_count() -> u32 {
    block::current().preempt_count()
}

/// While it lives, its thread is not preempted.
#[must_use = "preemption is possible again when this is dropped"]
#[derive(Debug)]
pub struct PreemptGuard {
    not_send: core::marker::PhantomData<*const ()>,
}

impl Drop for PreemptGuard {
    fn drop(&mut self) {
        compiler_fence(Ordering::SeqCst);
        let current = block::current();
        current.set_preempt_count(current.preempt_count() - 1);
        if current.preempt_count() == 0 {
            let irq = IrqGuard::mask();
            overflow::preemption_is_allowed(&irq);
            wake::preempt_or_arm(&irq);
        }
    }
}

/// The time that this thread has spent on a core.
pub fn cpu_time() -> Duration {
    time::duration(info::cpu_ticks(block::current()))
}

/// The core that runs this thread now.
pub fn current_core() -> CoreId {
    cores::current()
}
