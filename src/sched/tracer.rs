//! Where the events of a trace come from: what a core records of itself, into memory of its own.
//!
//! A core records with IRQs masked, on its own log, and asks first whether somebody watches: one load and one branch
//! that is not taken, of a bit in its own block. Three of the hooks cost nothing at all while nobody does: the one at a
//! decision shares the test for threads in the inbox, the one after a switch the test for a thread that has to leave, the
//! one at a wake-up the question whether the thread is at home (`Core::quick_id`).
//!
//! Whoever turns the recording off must know that no core still writes. A core says that it writes, and only then looks
//! whether it may; the other side takes the permission back, and only then looks whether it still writes. Both are
//! sequentially consistent swaps, so one of the two sees the other (`sched::claim` says why no stores).

#![expect(unsafe_code, reason = "a log is shared by an agreement, not by a lock")]

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::arch::cpu::{self, IrqGuard};
use crate::arch::timer;
use crate::sched::claim::Way;
use crate::sched::per_core::{self, Core};
use crate::sched::switch::Cause;
use crate::sched::thread::{self, Thread};
use crate::trace::{CAUSES, Counts, Event, Kind, Log, Name};

mod control;

pub use control::{Busy, NoMemory, Recording, read, start, status, stop};

/// What a core records, and the agreement on who may touch it.
#[derive(Debug)]
pub(super) struct Tracer {
    /// The core may write.
    is_on: AtomicBool,
    /// The core writes, or looks whether it may.
    is_writing: AtomicBool,
    /// What the counter showed when the permission was last taken back.
    stop_ticks: AtomicU64,
    log: UnsafeCell<Log>,
}

// The words for causes stand where their numbers are.
const _: () = {
    const fn is_named(cause: Cause, name: &str) -> bool {
        let (a, b) = (CAUSES[cause as usize].as_bytes(), name.as_bytes());
        a.len() == b.len() && a[0] == b[0] && a[1] == b[1]
    }
    assert!(is_named(Cause::Yield, "yield") && is_named(Cause::Block, "block"));
    assert!(is_named(Cause::Exit, "exit") && is_named(Cause::Wake, "wake"));
    assert!(is_named(Cause::Timer, "timer") && is_named(Cause::Ipi, "ipi"));
    assert!(is_named(Cause::Interrupt, "interrupt") && is_named(Cause::Migrate, "migrate"));
};

// SAFETY: `log` is touched by its core between the two flags, and by others while the core may not write.
unsafe impl Sync for Tracer {}

impl Tracer {
    pub(super) const fn new() -> Self {
        Self {
            is_on: AtomicBool::new(false),
            is_writing: AtomicBool::new(false),
            stop_ticks: AtomicU64::new(0),
            log: UnsafeCell::new(Log::EMPTY),
        }
    }

    /// The core itself, IRQs masked: lets `record` write, if that is allowed.
    fn write(&self, _masked: &IrqGuard, record: impl FnOnce(&mut Log)) {
        self.is_writing.swap(true, Ordering::SeqCst);
        if self.is_on.load(Ordering::SeqCst) {
            // SAFETY: the core's own, masked, so there is no second writer here; whoever takes the permission back
            // waits until `is_writing` is false.
            record(unsafe { &mut *self.log.get() });
        }
        self.is_writing.store(false, Ordering::Release);
    }

    /// The holder of the session: exchanges the log of a core that may not write.
    ///
    /// # Safety
    ///
    /// [`close`](Self::close) was called after the last [`open`](Self::open), and one thread at a time does any of it.
    unsafe fn replace(&self, log: Log) -> Log {
        // SAFETY: the core does not write, and our caller is alone.
        unsafe { core::mem::replace(&mut *self.log.get(), log) }
    }

    /// The holder of the session: the core may write.
    fn open(&self) {
        self.is_on.store(true, Ordering::SeqCst);
    }

    /// The holder of the session: takes the permission back, and waits until the core does not write. The core is
    /// masked while it does, so that is soon.
    fn close(&self) {
        if !self.is_on.load(Ordering::Relaxed) {
            return;
        }
        // Before: so that what happens later than the last event that is recorded happens later than this.
        self.stop_ticks
            .store(timer::now_between(), Ordering::Relaxed);
        self.is_on.swap(false, Ordering::SeqCst);
        while self.is_writing.load(Ordering::SeqCst) {
            cpu::relax();
        }
    }
}

fn counts(core: &Core) -> Counts {
    Counts {
        voluntary: core.switches_voluntary(),
        preempted: core.stats.switches_preempted.get(),
        migrations: core.stats.migrations_in.get(),
    }
}

/// The core decides who is to run, before anything is counted. `current` asks, because of `cause`.
pub(super) fn decides(core: &Core, current: &Thread, cause: Cause, irq: &IrqGuard) {
    core.tracer.write(irq, |log| {
        log.begin(timer::now_ordered(), current.id(), counts(core));
        if cause == Cause::Yield {
            log.note(timer::now_ordered(), Kind::Yield, 0, current.id(), 0);
        }
    });
}

/// The core has gone over from `old` to `new`. Before `old` is released: whatever another core does with it is later.
pub(super) fn switched(core: &Core, old: &Thread, new: &Thread, irq: &IrqGuard) {
    core.tracer.write(irq, |log| {
        let cause = old.left_by.get();
        log.switch(
            timer::now_ordered(),
            cause,
            old.id(),
            new.id(),
            counts(core),
        );
        if cause == Cause::Exit as u8 {
            log.name(Name::new(old.id(), old.name()));
        }
    });
}

/// This core lets `thread` run, on the core to which it goes as things stand.
pub(super) fn wakes(core: &Core, thread: &Thread, irq: &IrqGuard) {
    let target = match thread.standing.way(core.id()) {
        Way::Home | Way::Queue => core.id(),
        Way::Inbox(target) => target,
    };
    let by = if cpu::is_on_exception_stack() {
        0
    } else {
        thread::current().id()
    };
    core.tracer.write(irq, |log| {
        let now = timer::now_ordered();
        log.note(now, Kind::Wake, target.index() as u8, thread.id(), by);
    });
}

/// `thread` comes out of the inbox.
#[cold]
pub(super) fn comes(core: &Core, thread: &Thread, irq: &IrqGuard) {
    core.tracer.write(irq, |log| {
        log.note(timer::now_ordered(), Kind::Queue, 0, thread.id(), 0);
    });
}

/// `thread` has come from another core, and was counted.
#[cold]
pub(super) fn migrates(core: &Core, thread: &Thread, irq: &IrqGuard) {
    core.tracer.write(irq, |log| {
        log.migrate(timer::now_ordered(), thread.id(), counts(core));
    });
}

/// The core has taken an interrupt.
pub(crate) fn interrupts(core: &Core, kind: Kind, intid: u32, irq: &IrqGuard) {
    let other = if kind == Kind::Interrupt { intid } else { 0 };
    core.tracer.write(irq, |log| {
        let current = thread::current().id();
        log.note(timer::now_ordered(), kind, 0, current, other);
    });
}

/// Shows the last `count` events of this core, the oldest first, while they are recorded, for the report of a fault;
/// nothing while they are not. It takes no lock and no memory, and nobody takes the log away meanwhile: so `show` is to
/// be quick.
pub(crate) fn last_events(count: usize, irq: &IrqGuard, show: impl FnMut(Event)) {
    // If it was interrupted while it wrote, what is half written is an event that may read wrong, and nothing else.
    per_core::this(irq)
        .tracer
        .write(irq, |log| log.ring().last(count).for_each(show));
}
