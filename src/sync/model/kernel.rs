//! The kernel of the model: as much of it as the locks see, with loom's threads in place of cores and threads.
//!
//! Every thread has a core of its own, so nothing is ever preempted and nothing waits in a run queue; loom
//! tries all orders. A thread that blocks goes on when somebody who has claimed it makes it ready. A time runs
//! out when a thread of the test says so ([`Thread::run_out`]).

use core::cell::Cell;
use core::ptr::NonNull;
use core::time::Duration;

use loom::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use loom::sync::{Mutex, MutexGuard, Notify};

use crate::core_id::CoreId;
use crate::sched::claim::{Standing, State};
use crate::sched::policy::{Priority, Rank, Urgency};
use crate::sched::wait_list::WaitLinks;
use crate::sync::inheritance::Edges;

pub(crate) struct Thread {
    standing: Standing,
    own: AtomicU16,
    inherited: Cell<Urgency>,
    is_queued: AtomicBool,
    queued: Notify,
    timer: Mutex<Timer>,
    timed_out: AtomicBool,
    pub(crate) wait_links: WaitLinks,
    pub(crate) edges: Edges,
}

#[derive(Default)]
struct Timer {
    is_armed: bool,
    is_past: bool,
}

// SAFETY: as for the kernel's: cells are touched under the lock that their name says only.
unsafe impl Sync for Thread {}
// SAFETY: as above.
unsafe impl Send for Thread {}

impl core::fmt::Debug for Thread {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("thread")
    }
}

loom::thread_local! {
    static CURRENT: AtomicUsize = AtomicUsize::new(0);
}

impl Thread {
    /// A thread in the realtime class `class`, which is never freed: as in the kernel.
    pub(super) fn new(class: u8) -> &'static Self {
        let block = Box::leak(Box::new(Self {
            standing: Standing::new(State::Ready, CoreId::BOOT, false, false),
            own: AtomicU16::new(Urgency::new(class, Priority::NORMAL).to_bits()),
            inherited: Cell::new(Urgency::LEAST),
            is_queued: AtomicBool::new(false),
            queued: Notify::new(),
            timer: Mutex::new(Timer::default()),
            timed_out: AtomicBool::new(false),
            wait_links: WaitLinks::new(),
            edges: Edges::new(),
        }));
        // As `inheritance::renew`, which writes a block under the lock of the graph.
        crate::sync::inheritance::with_graph(|| ());
        block
    }

    /// From here on, loom's current thread is this one.
    pub(super) fn begin(&'static self) {
        let address = core::ptr::from_ref(self).expose_provenance();
        CURRENT.with(|current| current.store(address, Ordering::Relaxed));
    }

    /// The time of the thread runs out: what it waits for with a time it waits for no longer, now or later.
    pub(super) fn run_out(&self) {
        self.lock_timer().is_past = true;
        self.fire();
    }

    /// What the timer's interrupt does, in the order of `timers::on_interrupt`.
    fn fire(&self) {
        let mut timer = self.lock_timer();
        if !timer.is_past || !core::mem::take(&mut timer.is_armed) {
            return;
        }
        let claimed = Claimed::claim(self, State::Waiting);
        drop(timer);
        if let Some(claimed) = claimed {
            self.timed_out.store(true, Ordering::Relaxed);
            claimed.enqueue(&IrqGuard::mask());
        }
    }

    fn lock_timer(&self) -> MutexGuard<'_, Timer> {
        self.timer
            .lock()
            .expect("no thread of a model panics and goes on")
    }

    /// What it inherits, for a test that knows that nobody changes it now.
    pub(super) fn inherited(&self) -> Urgency {
        crate::sync::inheritance::with_graph(|| self.inherited.get())
    }

    /// How urgent it is now.
    pub(super) fn urgency_now(&self) -> Urgency {
        crate::sync::inheritance::with_graph(|| self.urgency())
    }

    /// Whether it waits in a list.
    pub(super) fn is_waiting(&self) -> bool {
        crate::sync::inheritance::with_graph(|| self.wait_links.is_linked())
    }

    /// Changes its class.
    pub(super) fn set_realtime(&self, class: u8) {
        let urgency = Urgency::new(class, Priority::NORMAL);
        self.own.store(urgency.to_bits(), Ordering::Relaxed);
        crate::sync::inheritance::urgency_was_changed(self);
    }

    pub(crate) fn set_state(&self, state: State) {
        self.standing.set_state(state);
    }

    pub(crate) fn urgency(&self) -> Urgency {
        Urgency::from_bits(self.own.load(Ordering::Relaxed)).max(self.inherited.get())
    }

    pub(crate) fn inherit(&self, inherited: Urgency, _rank: Rank) -> bool {
        let before = self.urgency();
        self.inherited.set(inherited);
        self.urgency() != before
    }

    pub(crate) fn inherited_rank(&self) -> Rank {
        Rank::IDLE
    }

    pub(crate) fn mark_changed(&self) {}
}

pub(crate) fn thread_pointer() -> usize {
    CURRENT.with(|current| current.load(Ordering::Relaxed))
}

/// No thread of a model crashes, unless the model says so.
pub(crate) fn is_past(_word: usize) -> bool {
    false
}

pub(crate) fn end_for_poison() -> ! {
    panic!("a mutex of a model is poisoned")
}

pub(crate) fn current() -> &'static Thread {
    // SAFETY: `begin` stored the address of a thread that is never freed.
    unsafe { &*core::ptr::with_exposed_provenance(thread_pointer()) }
}

#[derive(Debug)]
pub struct Claimed(NonNull<Thread>);

impl Claimed {
    pub(crate) fn claim(thread: &Thread, state: State) -> Option<Self> {
        thread
            .standing
            .claim(state)
            .then(|| Self(NonNull::from(thread)))
    }

    pub(crate) fn thread(&self) -> &Thread {
        // SAFETY: threads are never freed.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn enqueue(self, _irq: &IrqGuard) {
        let thread = self.thread();
        // A read-modify-write: loom may order a store before the swap in `block` that has not seen it.
        thread.is_queued.swap(true, Ordering::AcqRel);
        thread.queued.notify();
    }

    pub(crate) fn make_ready_masked(self, irq: &IrqGuard) {
        self.enqueue(irq);
    }
}

pub(crate) fn block(_irq: &IrqGuard) {
    let current = current();
    while !current.is_queued.swap(false, Ordering::Acquire) {
        current.queued.wait();
    }
    current.set_state(State::Ready);
}

pub(crate) fn block_until(_deadline_ticks: u64, irq: &IrqGuard) -> bool {
    let current = current();
    current.lock_timer().is_armed = true;
    current.fire();
    block(irq);
    current.lock_timer().is_armed = false;
    current.timed_out.swap(false, Ordering::Relaxed)
}

pub(crate) fn ask_core(_thread: &Thread, _irq: &IrqGuard) {}

pub(crate) fn preempt_or_arm(_irq: &IrqGuard) {}

pub(crate) fn rank_now(_irq: &IrqGuard) -> Rank {
    Rank::IDLE
}

#[derive(Debug)]
pub struct IrqGuard;

impl IrqGuard {
    pub(crate) fn mask() -> Self {
        Self
    }
}

#[derive(Debug, Default)]
pub(crate) struct SpinLock<T>(Mutex<T>);

impl<T> SpinLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn lock_masked<'a>(&'a self, _masked: &'a IrqGuard) -> MutexGuard<'a, T> {
        self.lock()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0
            .lock()
            .expect("no thread of a model panics and goes on")
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Instant;

impl Instant {
    pub(crate) fn now() -> Self {
        Self
    }

    pub(crate) fn ticks(self) -> u64 {
        0
    }
}

impl core::ops::Add<Duration> for Instant {
    type Output = Self;

    fn add(self, _duration: Duration) -> Self {
        self
    }
}
