//! A core's block: its run queue, its inbox, its timers, its counts. TPIDR_EL1 points to it.

#![expect(unsafe_code, reason = "data that belongs to one core")]

mod counts;
mod own;

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicUsize, Ordering};

use crate::arch::cpu::{self, IrqGuard};
use crate::arch::timer;
use crate::board::MAX_CORES;
use crate::core_id::CoreId;
use crate::sched::balance;
use crate::sched::counter::Counter;
use crate::sched::inbox::Inbox;
use crate::sched::policy::Policy;
use crate::sched::thread::Thread;
use crate::sched::timer_queue::TimerQueue;
use crate::sched::tracer::Tracer;
use crate::sync::SpinLock;

pub use counts::Stats;
pub use own::Own;

/// How far a core has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Arrival {
    /// The machine has no such core.
    Absent = 0,
    /// It was asked to start.
    Expected = 1,
    /// It runs threads.
    Online = 2,
    /// It did not come in time: if it comes later, it parks.
    GivenUp = 3,
}

/// A core.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Core {
    own: UnsafeCell<Own>,
    /// The thread that runs here, for the others; for the core itself it is `thread::current`.
    current: AtomicPtr<Thread>,
    /// Its number: [`CoreId::raw`].
    number: AtomicU8,
    /// The same, or [`CoreId::NONE`] while somebody watches: see [`quick_id`](Core::quick_id).
    quick_number: AtomicU8,
    /// Threads that have become ready to run here.
    came: Counter,
    /// Those that have waited for something, or ended, since: the core went over to another one.
    pub(super) left: Counter,
    /// How often else a thread gave the core up by itself: so that as many run or wait to run here as before.
    pub(super) gave_way: Counter,
    /// Threads that other cores have made ready to run here, and what they ask for besides. In a cache line of its own.
    pub(super) inbox: Aligned<Inbox<Thread>>,
    /// The threads that sleep on this core's timer.
    pub(super) timers: SpinLock<TimerQueue<Thread>>,
    pub(crate) stats: Stats,
    pub(super) tracer: Tracer,
    arrival: AtomicU8,
    pub(super) idle: Thread,
}

/// Keeps its content in cache lines of its own (64 bytes on the Cortex-A72, 128 on others).
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Aligned<T>(T);

impl<T> core::ops::Deref for Aligned<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

// SAFETY: `own` is touched by its core only, with IRQs masked; the rest is atomic or locked.
unsafe impl Sync for Core {}

/// All cores, filled at boot: most of their words are not zero, and the image would have all of them.
struct Cores(UnsafeCell<MaybeUninit<[Core; MAX_CORES]>>);

// SAFETY: written by [`init`], before there is another core; after that only shared references are made.
unsafe impl Sync for Cores {}

static CORES: Cores = Cores(UnsafeCell::new(MaybeUninit::uninit()));

/// What each of them is filled with.
static FRESH: Core = Core::new();

static CONFIGURED: AtomicUsize = AtomicUsize::new(1);

impl Core {
    #[expect(clippy::large_stack_frames, reason = "evaluated by the compiler")]
    const fn new() -> Self {
        Self {
            own: UnsafeCell::new(Own::new()),
            current: AtomicPtr::new(core::ptr::null_mut()),
            number: AtomicU8::new(CoreId::BOOT.raw()),
            quick_number: AtomicU8::new(CoreId::BOOT.raw()),
            came: Counter::new(),
            left: Counter::new(),
            gave_way: Counter::new(),
            inbox: Aligned(Inbox::new()),
            timers: SpinLock::new(TimerQueue::new()),
            stats: Stats::new(),
            tracer: Tracer::new(),
            arrival: AtomicU8::new(Arrival::Absent as u8),
            idle: Thread::idle(),
        }
    }

    /// Its number.
    #[inline]
    pub fn id(&self) -> CoreId {
        CoreId::from_raw(self.number.load(Ordering::Relaxed))
    }

    /// What only this core touches. Must be this core's own block: the guard proves that IRQs are masked, the
    /// caller came by way of [`this`]. Not kept across anything that may touch it too.
    #[inline(always)]
    #[expect(
        clippy::mut_from_ref,
        reason = "per-core data behind a mask, not a lock"
    )]
    pub(crate) fn own(&self, _masked: &IrqGuard) -> &mut Own {
        debug_assert!(core::ptr::eq(self, this(_masked)));
        // SAFETY: this core's own, IRQs are masked, and no caller keeps the reference across a call that
        // takes another one.
        unsafe { &mut *self.own.get() }
    }

    /// Its number, by which a thread that is woken here is told to be at home; while somebody watches it is no core's. So
    /// who is woken at home, unwatched, is asked one question.
    #[inline(always)]
    pub(super) fn quick_id(&self) -> CoreId {
        CoreId::from_raw(self.quick_number.load(Ordering::Relaxed))
    }

    /// Anybody: whether the core is to record from now on. As for [`Inbox::watch`].
    pub(super) fn watch(&self, is_watched: bool) {
        self.inbox.watch(is_watched);
        let quick_id = if is_watched { CoreId::NONE } else { self.id() };
        self.quick_number.store(quick_id.raw(), Ordering::Relaxed);
    }

    /// Whether what happens on it is recorded.
    #[inline(always)]
    pub(crate) fn is_watched(&self) -> bool {
        self.inbox.is_watched()
    }

    /// Whether it runs threads.
    pub fn is_online(&self) -> bool {
        self.arrival.load(Ordering::Acquire) == Arrival::Online as u8
    }

    /// The thread that runs, or `None` when idle.
    pub fn running(&self) -> Option<u32> {
        // Acquire: what is in a block that was made before is seen (`blocks::make`).
        let current = self.current.load(Ordering::Acquire);
        // SAFETY: where a thread's block once was there is one for ever (`sched::blocks`), and its number is atomic.
        let id = unsafe { current.as_ref() }?.id();
        // An idle thread's is 0.
        (id != 0).then_some(id)
    }

    /// The core itself: it runs `thread` from now on. Relaxed, with the fence in `blocks::make`.
    #[inline(always)]
    pub(super) fn set_current(&self, thread: &Thread) {
        self.current
            .store(core::ptr::from_ref(thread).cast_mut(), Ordering::Relaxed);
    }

    /// How long this core has had nothing to run, in ticks, the time that it sleeps now included.
    pub fn idle_ticks(&self) -> u64 {
        self.idle.cpu_time.get(timer::now_between)
    }

    /// Boot core: this core will be asked to start.
    pub fn expect(&self) {
        self.arrival
            .store(Arrival::Expected as u8, Ordering::Release);
    }

    /// Boot core: this core did not come. False: it came at the last moment.
    pub fn give_up(&self) -> bool {
        self.change_arrival(Arrival::Expected, Arrival::GivenUp)
    }

    /// The core itself: it is there. False: too late, it must park.
    pub fn arrive(&self) -> bool {
        self.change_arrival(Arrival::Expected, Arrival::Online)
    }

    fn change_arrival(&self, from: Arrival, to: Arrival) -> bool {
        self.arrival
            .compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

/// The core that runs this. With IRQs masked it stays the same.
#[inline(always)]
pub fn this(masked: &IrqGuard) -> &'static Core {
    // SAFETY: TPIDR_EL1 holds the core's block from before the first Rust code that asks.
    unsafe { &*(cpu::core_pointer(masked) as *const Core) }
}

/// Core `id`.
#[inline]
pub fn get(id: CoreId) -> &'static Core {
    // SAFETY: `init` has filled them, before anything else in Rust.
    let cores: &[Core; MAX_CORES] = unsafe { (*CORES.0.get()).assume_init_ref() };
    debug_assert!(id.index() < MAX_CORES);
    // In range as it is, and of a power of two: this is cheaper than to ask.
    const { assert!(MAX_CORES.is_power_of_two()) };
    &cores[id.index() % MAX_CORES]
}

/// First of all, on the boot core: fills the blocks of all cores.
pub fn init() {
    let cores = CORES.0.get().cast::<Core>();
    for index in 0..MAX_CORES {
        // SAFETY: within the array; nobody else runs, nobody has a reference yet, and what is copied is never used
        // itself. From memory to memory, because a block may be too large for the boot stack.
        unsafe {
            cores
                .add(index)
                .copy_from_nonoverlapping(&raw const FRESH, 1);
        };
    }
}

/// How many cores the machine has, as far as this image serves them.
pub fn configured() -> usize {
    CONFIGURED.load(Ordering::Relaxed)
}

/// Boot core: the machine has `count` cores.
pub fn set_configured(count: usize) {
    CONFIGURED.store(count.clamp(1, MAX_CORES), Ordering::Relaxed);
}

/// Second, when there are words for the case that it has none: the core's clock, and the policy by it.
pub fn init_clock() {
    let irq = IrqGuard::mask();
    let core = this(&irq);
    let frequency_hz = timer::frequency_hz();
    core.own(&irq).policy = Policy::new(frequency_hz);
    core.own(&irq).balance_period_ticks = balance::period_ticks(frequency_hz);
    core.idle.cpu_time.start(timer::now());
}

/// The first thing that a core does in Rust: it learns its two pointers. What it runs from here on is its idle
/// thread.
pub fn init_pointers(id: CoreId) {
    let core = get(id);
    core.number.store(id.raw(), Ordering::Relaxed);
    core.quick_number.store(id.raw(), Ordering::Relaxed);
    core.idle.set_core(id);
    cpu::set_thread_pointer(&raw const core.idle as usize);
    cpu::set_core_pointer(core::ptr::from_ref(core) as usize);
    core.set_current(&core.idle);
}
