//! What one may know about a thread.

use core::time::Duration;

use ufmt::{uDebug, uDisplay, uWrite};

use crate::arch::timer;
use crate::cores::CoreId;
use crate::sched::policy::{Priority, Urgency};
use crate::sched::thread::{NAME_BYTES, Thread};
use crate::sched::wake::State;
use crate::time;

/// The number of a thread: unique for as long as the machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ThreadId(pub u32);

impl uDisplay for ThreadId {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut ufmt::Formatter<'_, W>) -> Result<(), W::Error> {
        uDisplay::fmt(&self.0, f)
    }
}

impl uDebug for ThreadId {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut ufmt::Formatter<'_, W>) -> Result<(), W::Error> {
        uDisplay::fmt(&self.0, f)
    }
}

/// A thread at one moment.
#[derive(Clone, Debug)]
pub struct ThreadInfo {
    /// Its number.
    pub id: ThreadId,
    /// Its name.
    pub name: heapless::String<NAME_BYTES>,
    /// What it is doing.
    pub state: State,
    /// The core that it runs on, waits for, or ran on last.
    pub core: CoreId,
    /// The core that it is pinned to.
    pub pinned: Option<CoreId>,
    /// Its share in the normal class.
    pub priority: Priority,
    /// Its place in the realtime class; 0: the normal class.
    pub realtime: u8,
    /// The same two as they are in force: more than its own while one who waits for a mutex that it owns lends
    /// it a better one.
    pub urgency: Urgency,
    /// How long it has run.
    pub cpu_time: Duration,
    /// How often it gave up its core.
    pub switches_voluntary: u64,
    /// How often its core was taken from it.
    pub switches_preempted: u64,
    /// How often it came to another core.
    pub migrations: u64,
    /// Size of its stack.
    pub stack_bytes: usize,
}

impl ThreadInfo {
    pub(super) fn of(thread: &Thread) -> Self {
        Self {
            id: ThreadId(thread.id()),
            name: thread.name().clone(),
            state: thread.state(),
            core: thread.core(),
            pinned: thread.affinity(),
            priority: thread.priority(),
            realtime: thread.realtime(),
            urgency: thread.urgency(),
            cpu_time: time::duration(cpu_ticks(thread)),
            switches_voluntary: thread.switches_voluntary.get(),
            switches_preempted: thread.switches_preempted.get(),
            migrations: thread.migrations.get(),
            stack_bytes: thread.stack_bytes(),
        }
    }
}

/// The ticks that `thread` has run, the run that it is in included.
pub(super) fn cpu_ticks(thread: &Thread) -> u64 {
    thread.cpu_time.get(timer::now_between)
}
