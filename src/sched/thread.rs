//! A thread's block: everything that the kernel knows about one thread.
//!
//! TPIDR_EL0 points to the block of the thread that runs. Fields are grouped by who may write them.

#![expect(unsafe_code, reason = "the current thread is found by a register")]

use core::cell::{Cell, UnsafeCell};
use core::fmt;
use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use crate::arch::cpu;
use crate::cores::CoreId;
use crate::mem::stacks::Stack;
use crate::sched::counter::Counter;
use crate::sched::inbox;
use crate::sched::policy::{Priority, Rank, Weight};
use crate::sched::registry::RegistryLinks;
use crate::sched::run_queue;
use crate::sched::timer_queue;
use crate::sched::wait_list::{WaitLinks, WaitList};
use crate::sched::wake::State;
use crate::sync::SpinLock;
use crate::thread::local::Locals;

/// The longest name that is kept, in bytes.
pub const NAME_BYTES: usize = 16;

/// No core in particular.
const ANY_CORE: u8 = u8::MAX;

/// A thread's block.
#[repr(C, align(64))]
pub struct Thread {
    // --- asm/reschedule.s, by offset ---
    /// Where the context lies, while the thread does not run.
    sp: Cell<usize>,
    fpcr: Cell<u64>,
    /// What `thread_start` calls, and with what.
    entry: Cell<usize>,
    argument: Cell<usize>,

    // --- whoever owns the thread's state ---
    pub(super) state: AtomicU32,
    /// Set while a core runs the thread or has not stored its registers yet.
    pub(super) on_cpu: AtomicBool,
    /// The core that it runs on, is queued on, or ran on last.
    core: AtomicU8,
    /// With its rank: what it has run, decayed, or its place in the realtime class.
    run_links: UnsafeCell<run_queue::Links<Thread>>,
    /// Its rank in the normal class, while it is in the realtime class.
    normal_rank: Cell<Rank>,
    inbox_links: inbox::Links<Thread>,

    // --- the thread itself ---
    preempt_count: Cell<u32>,
    pub(super) timer_core: Cell<CoreId>,
    /// Thread-local values.
    pub(crate) locals: UnsafeCell<Locals>,

    // --- under the lock of the queue or list that it is in ---
    timer_links: UnsafeCell<timer_queue::Links<Thread>>,
    /// Whether it is in a timer queue.
    pub(super) is_timer_armed: Cell<bool>,
    pub(super) wait_links: WaitLinks,
    pub(super) registry_links: RegistryLinks,
    /// Set by the timer when it has won the thread.
    pub(super) timed_out: AtomicBool,

    // --- anybody ---
    pub(super) park_token: AtomicBool,
    /// Priority or class were changed since the owner looked.
    is_changed: AtomicBool,
    affinity: AtomicU8,
    realtime: AtomicU8,
    priority: AtomicU32,
    /// Set when it has ended and its stack is free.
    pub(crate) is_gone: AtomicBool,
    /// Those who wait for that.
    pub(super) joiners: SpinLock<WaitList>,

    // --- its core, while it runs there; read by anybody ---
    pub(crate) cpu_ticks: Counter,
    pub(crate) switches_voluntary: Counter,
    pub(crate) switches_preempted: Counter,
    pub(crate) migrations: Counter,

    // --- never changed ---
    id: u32,
    name: heapless::String<NAME_BYTES>,
    pub(super) stack: Cell<Option<Stack>>,
    stack_bytes: usize,
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {} {:?} {:?}", self.id, self.name, self.state())
    }
}

/// One `stp` stores the stack pointer and FPCR, one `ldp` loads entry and argument.
const _: () = {
    assert!(offset_of!(Thread, fpcr) == offset_of!(Thread, sp) + 8);
    assert!(offset_of!(Thread, argument) == offset_of!(Thread, entry) + 8);
    assert!(offset_of!(Thread, argument) <= 504);
};

// SAFETY: each group of fields above names its one writer at a time; the rest is atomic or locked.
unsafe impl Sync for Thread {}
// SAFETY: nothing in a block belongs to a core.
unsafe impl Send for Thread {}

/// Offset of the pair {sp, FPCR}, for `reschedule.s`.
pub(super) const SP_FPCR: usize = offset_of!(Thread, sp);
/// Offset of the pair {entry, argument}, for `reschedule.s`.
pub(super) const ENTRY_ARGUMENT: usize = offset_of!(Thread, entry);

/// What a thread is born with.
#[derive(Debug)]
pub(super) struct Birth {
    pub(super) id: u32,
    pub(super) name: heapless::String<NAME_BYTES>,
    pub(super) priority: Priority,
    pub(super) realtime: u8,
    pub(super) core: CoreId,
    pub(super) pinned: bool,
    /// Where its fabricated context lies.
    pub(super) sp: usize,
    pub(super) entry: extern "C" fn(usize),
    pub(super) argument: usize,
    pub(super) stack: Option<Stack>,
    pub(super) stack_bytes: usize,
}

impl Thread {
    /// A thread that is ready to run for the first time.
    pub(super) fn new(birth: Birth) -> Self {
        let mut thread = Self::idle();
        thread.sp = Cell::new(birth.sp);
        thread.entry = Cell::new(birth.entry as usize);
        thread.argument = Cell::new(birth.argument);
        thread.state = AtomicU32::new(State::Ready as u32);
        thread.core = AtomicU8::new(birth.core.index() as u8);
        thread.affinity = AtomicU8::new(if birth.pinned {
            birth.core.index() as u8
        } else {
            ANY_CORE
        });
        thread.normal_rank = Cell::new(Rank::fresh(birth.id));
        thread.run_links = UnsafeCell::new(run_queue::Links::new(Rank::fresh(birth.id)));
        thread.realtime = AtomicU8::new(birth.realtime);
        thread.priority = AtomicU32::new(birth.priority.percent());
        thread.is_changed = AtomicBool::new(true);
        thread.id = birth.id;
        thread.name = birth.name;
        thread.stack = Cell::new(birth.stack);
        thread.stack_bytes = birth.stack_bytes;
        thread
    }

    /// The block of a core's idle thread. It runs from the start, on the stack that the core booted on.
    pub(super) const fn idle() -> Self {
        Self {
            sp: Cell::new(0),
            fpcr: Cell::new(0),
            entry: Cell::new(0),
            argument: Cell::new(0),
            state: AtomicU32::new(State::Running as u32),
            on_cpu: AtomicBool::new(false),
            core: AtomicU8::new(0),
            run_links: UnsafeCell::new(run_queue::Links::new(Rank::IDLE)),
            normal_rank: Cell::new(Rank::IDLE),
            inbox_links: inbox::Links::new(),
            preempt_count: Cell::new(0),
            timer_core: Cell::new(CoreId::BOOT),
            locals: UnsafeCell::new(Locals::new()),
            timer_links: UnsafeCell::new(timer_queue::Links::new()),
            is_timer_armed: Cell::new(false),
            wait_links: WaitLinks::new(),
            registry_links: RegistryLinks::new(),
            timed_out: AtomicBool::new(false),
            park_token: AtomicBool::new(false),
            is_changed: AtomicBool::new(false),
            affinity: AtomicU8::new(ANY_CORE),
            realtime: AtomicU8::new(0),
            priority: AtomicU32::new(Priority::NORMAL.percent()),
            is_gone: AtomicBool::new(false),
            joiners: SpinLock::new(WaitList::new()),
            cpu_ticks: Counter::new(),
            switches_voluntary: Counter::new(),
            switches_preempted: Counter::new(),
            migrations: Counter::new(),
            id: 0,
            name: heapless::String::new(),
            stack: Cell::new(None),
            stack_bytes: 0,
        }
    }

    /// What it is doing.
    #[inline]
    pub fn state(&self) -> State {
        State::from_u32(self.state.load(Ordering::SeqCst))
    }

    #[inline]
    pub(super) fn set_state(&self, state: State) {
        self.state.store(state as u32, Ordering::Release);
    }

    /// The core that it runs on, is queued on, or ran on last.
    #[inline]
    pub fn core(&self) -> CoreId {
        core_id(self.core.load(Ordering::SeqCst)).unwrap_or(CoreId::BOOT)
    }

    #[inline]
    pub(super) fn set_core(&self, core: CoreId) {
        self.core.store(core.index() as u8, Ordering::SeqCst);
    }

    /// The core that it is pinned to.
    #[inline]
    pub fn affinity(&self) -> Option<CoreId> {
        core_id(self.affinity.load(Ordering::SeqCst))
    }

    pub(super) fn set_affinity(&self, core: Option<CoreId>) {
        self.affinity.store(
            core.map_or(ANY_CORE, |core| core.index() as u8),
            Ordering::SeqCst,
        );
    }

    /// Its share of a core, in the normal class.
    #[inline]
    pub fn priority(&self) -> Priority {
        Priority::from_percent(self.priority.load(Ordering::Relaxed))
    }

    pub(super) fn set_priority(&self, priority: Priority) {
        self.priority.store(priority.percent(), Ordering::Relaxed);
    }

    /// Its place in the realtime class; 0: in the normal class.
    #[inline]
    pub fn realtime(&self) -> u8 {
        self.realtime.load(Ordering::Relaxed)
    }

    pub(super) fn set_realtime(&self, realtime: u8) {
        self.realtime.store(realtime, Ordering::Relaxed);
    }

    /// Its rank, for whoever owns the thread.
    #[inline]
    pub(super) fn rank(&self) -> Rank {
        // SAFETY: whoever owns the thread is alone with its rank.
        unsafe { (*self.run_links.get()).rank() }
    }

    /// Keeps a new rank. For whoever owns the thread, while it is in no queue.
    #[inline]
    pub(super) fn set_rank(&self, rank: Rank) {
        // SAFETY: as above.
        unsafe { (*self.run_links.get()).set_rank(rank) };
    }

    /// What its priority weighs in the policy's arithmetic. For whoever owns the thread.
    #[inline]
    pub(super) fn weight(&self) -> Weight {
        // SAFETY: as above.
        unsafe { (*self.run_links.get()).weight() }
    }

    /// Notes that its priority or its class was changed.
    pub(super) fn mark_changed(&self) {
        self.is_changed.store(true, Ordering::SeqCst);
    }

    /// Gives it the weight and the class that it is meant to have, if they were changed. For whoever owns the
    /// thread, while it is in no queue.
    #[inline]
    pub(super) fn adopt_changes(&self) {
        if self.is_changed.load(Ordering::SeqCst) {
            self.adopt_priority_and_class();
        }
    }

    #[cold]
    fn adopt_priority_and_class(&self) {
        self.is_changed.swap(false, Ordering::SeqCst);
        // SAFETY: as above.
        unsafe { (*self.run_links.get()).set_weight(self.priority().weight()) };
        let rank = self.rank();
        match self.realtime() {
            0 if !rank.is_realtime() => {}
            0 => self.set_rank(self.normal_rank.get()),
            class => {
                if !rank.is_realtime() {
                    self.normal_rank.set(rank);
                }
                self.set_rank(Rank::realtime(class));
            }
        }
    }

    /// How many guards hold off its preemption.
    #[inline]
    pub fn preempt_count(&self) -> u32 {
        self.preempt_count.get()
    }

    /// The thread itself only.
    pub(crate) fn set_preempt_count(&self, count: u32) {
        self.preempt_count.set(count);
    }

    /// Its number: unique as long as the machine runs. 0: an idle thread.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &heapless::String<NAME_BYTES> {
        &self.name
    }

    /// Size of its stack.
    pub fn stack_bytes(&self) -> usize {
        self.stack_bytes
    }
}

// SAFETY: the address of one field, made without a reference; the field is in a cell, so it may be written.
unsafe impl run_queue::Entry for Thread {
    #[inline]
    unsafe fn links(this: NonNull<Self>) -> NonNull<run_queue::Links<Self>> {
        // SAFETY: `this` is live, by the caller's promise.
        unsafe {
            NonNull::new_unchecked(UnsafeCell::raw_get(&raw const (*this.as_ptr()).run_links))
        }
    }
}

// SAFETY: as above.
unsafe impl timer_queue::Entry for Thread {
    #[inline]
    unsafe fn links(this: NonNull<Self>) -> NonNull<timer_queue::Links<Self>> {
        // SAFETY: `this` is live, by the caller's promise.
        unsafe {
            NonNull::new_unchecked(UnsafeCell::raw_get(&raw const (*this.as_ptr()).timer_links))
        }
    }
}

// SAFETY: always the same field, which serves nothing else.
unsafe impl inbox::Entry for Thread {
    #[inline]
    fn links(&self) -> &inbox::Links<Self> {
        &self.inbox_links
    }
}

fn core_id(index: u8) -> Option<CoreId> {
    CoreId::new(usize::from(index))
}

/// The thread that runs this.
#[inline(always)]
pub fn current() -> &'static Thread {
    // SAFETY: TPIDR_EL0 holds the current thread's block from before the first Rust code that asks. The
    // block outlives the thread's last instruction; `'static` is as long as any code of the thread runs.
    unsafe { &*(cpu::thread_pointer() as *const Thread) }
}
