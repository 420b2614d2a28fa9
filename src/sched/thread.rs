//! A thread's block: everything that the kernel knows about one thread.
//!
//! TPIDR_EL0 points to the block of the thread that runs. Fields are grouped by who may write them.

#![expect(unsafe_code, reason = "the current thread is found by a register")]

use core::cell::{Cell, UnsafeCell};
use core::fmt;
use core::mem::offset_of;
use core::ops::Range;
use core::sync::atomic::{
    AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};

use crate::arch::cpu;
use crate::core_id::CoreId;
use crate::mem::stacks::Stack;
use crate::sched::claim::{Standing, State};
use crate::sched::counter::Counter;
use crate::sched::cpu_time::CpuTime;
use crate::sched::inbox;
use crate::sched::joiner::Joiner;
use crate::sched::policy::{Rank, Weight};
use crate::sched::registry;
use crate::sched::run_queue;
use crate::sched::switch::Cause;
use crate::sched::timer_queue;
use crate::sched::value_state::ValueState;
use crate::sched::wait_list::WaitLinks;
use crate::sync::held::Held;
use crate::sync::inheritance::Edges;
use crate::thread::local::Locals;

mod after;
mod birth;
mod end;
mod links;
mod urgency;
mod value;

use after::AfterSwitch;
pub(crate) use after::Duties;
pub(super) use birth::Birth;

/// The longest name that is kept, in bytes.
pub const NAME_BYTES: usize = 16;

/// A thread's block.
#[repr(C, align(64))]
pub struct Thread {
    // --- everybody, by its rules ---
    /// At the front, so that `reschedule.s` clears what is first in it by an instruction that has no offset.
    pub(super) standing: Standing,
    /// For whoever owns the thread's state, and for `reschedule.s`, which asks whether there is anything.
    pub(crate) after: AfterSwitch,

    // --- asm/reschedule.s, by offset ---
    /// Where the context lies, while the thread does not run.
    sp: Cell<usize>,
    fpcr: Cell<u64>,

    // --- whoever owns the thread's state ---
    /// With its rank: what it has run, decayed, or its place in the realtime class.
    run_links: UnsafeCell<run_queue::Links<Thread>>,

    // --- its core, while it runs there; read by anybody ---
    pub(crate) cpu_time: CpuTime,
    pub(crate) switches_voluntary: Counter,
    pub(crate) switches_preempted: Counter,
    pub(crate) migrations: Counter,

    // --- asm/reschedule.s, by offset ---
    /// What `thread_start` calls, and with what; afterwards what that has returned.
    words: value::Words,

    // --- whoever owns the thread's state ---
    /// Its rank in the normal class, while it runs with another: in the realtime class, or at a waiter's.
    own_rank: Cell<Rank>,
    /// While no thread has the block: the next that is free.
    inbox_links: inbox::Links<Thread>,

    // --- the thread itself ---
    /// Thread-local values.
    pub(crate) locals: UnsafeCell<Locals>,
    /// Frees what its function was started with, if the thread ends before that has.
    abandon: Cell<Option<fn(usize)>>,
    diverted_from: Cell<usize>,

    // --- under the lock of the queue or list that it is in ---
    timer_links: UnsafeCell<timer_queue::Links<Thread>>,
    pub(crate) wait_links: WaitLinks,
    pub(super) registry_link: registry::Link,
    /// Which mutexes it has to do with, under the lock of `sync::inheritance`.
    pub(crate) edges: Edges,
    /// Which read-write locks it holds; see there.
    pub(crate) held: Held,
    /// What it inherits; written under the same lock, read by anybody.
    inherited_rank: AtomicU64,

    // --- anybody ---
    /// References to this block; 0: no thread has it.
    pub(super) references: AtomicUsize,
    /// Whether it has ended and left its stack, and who waits for that.
    pub(super) joiner: Joiner<Thread>,

    // --- changed only when no thread has the block ---
    /// Its stack. It stays the block's, for the next thread (`sched::blocks`).
    pub(super) stack: Cell<Option<Stack>>,
    name: UnsafeCell<heapless::String<NAME_BYTES>>,
    id: AtomicU32,

    // --- what is smaller than a word: the thread itself ---
    preempt_count: Cell<u32>,
    pub(super) timer_core: Cell<CoreId>,
    /// The page that is lent to it below its stack, by number from 1; 0: none (`fault::overflow`).
    lent_page: Cell<u8>,
    /// Why it ended before its function returned (`fault::Reason`); 0: it has not.
    reason: AtomicU8,
    /// Why it left its core last, if it was not by the short way of a thread that yields or blocks, as a number; 0: it
    /// never did. Set by the core, read by the thread only.
    pub(super) left_by: Cell<u8>,
    // whoever owns its state
    /// Whether its rank is that of one who waits for it, in the normal class.
    is_rank_lent: Cell<bool>,
    // under the lock of its timer queue
    /// Whether it is in one.
    pub(super) is_timer_armed: Cell<bool>,
    /// Set by the timer when it has won the thread.
    pub(super) timed_out: AtomicBool,
    // under the lock of `sync::inheritance`
    /// Which thread in a row this is that may own mutexes by this block; see `sched::blocks`.
    pub(super) generation: AtomicU8,
    /// With `inherited_rank`.
    inherited: AtomicU16,
    // anybody
    priority: AtomicU16,
    realtime: AtomicU8,
    /// Whether its value is there, and who drops it.
    value: ValueState,
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "thread {} {:?} {:?}",
            self.id(),
            self.name(),
            self.state()
        )
    }
}

/// One `stp` stores the stack pointer and FPCR, one `ldp` loads entry and argument; `stlrb` has no offset.
const _: () = {
    assert!(offset_of!(Thread, standing) + Standing::ON_CPU == 0);
    assert!(offset_of!(Thread, fpcr) == offset_of!(Thread, sp) + 8);
    assert!(offset_of!(Thread, words) <= 504);
    assert!(size_of::<Thread>() == 384);
    // A switch needs two cache lines of a thread, and nothing else of it.
    assert!(offset_of!(Thread, run_links) + run_queue::Links::<Thread>::HOT_BYTES <= 64);
    assert!(offset_of!(Thread, switches_preempted) + size_of::<Counter>() <= 128);
};

// SAFETY: each group of fields above names its one writer at a time; the rest is atomic or locked.
unsafe impl Sync for Thread {}
// SAFETY: nothing in a block belongs to a core.
unsafe impl Send for Thread {}

/// Offset of the pair {sp, FPCR}, for `reschedule.s`.
pub(super) const SP_FPCR: usize = offset_of!(Thread, sp);
/// Offset of what `reschedule.s` looks at before it releases a thread.
pub(super) const AFTER: usize = offset_of!(Thread, after);
/// Offset of the pair {entry, argument}, for `reschedule.s`.
pub(super) const ENTRY_ARGUMENT: usize = offset_of!(Thread, words);

impl Thread {
    /// What it is doing.
    #[inline]
    pub fn state(&self) -> State {
        self.standing.state()
    }

    #[inline]
    pub(super) fn set_state(&self, state: State) {
        self.standing.set_state(state);
    }

    /// The core that it runs on, is queued on, or ran on last.
    #[inline]
    pub fn core(&self) -> CoreId {
        self.standing.core()
    }

    #[inline]
    pub(super) fn set_core(&self, core: CoreId) {
        self.standing.set_core(core);
    }

    /// The core that it is pinned to.
    #[inline]
    pub fn affinity(&self) -> Option<CoreId> {
        self.standing.affinity()
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

    /// How many guards hold off its preemption.
    #[inline]
    pub fn preempt_count(&self) -> u32 {
        self.preempt_count.get()
    }

    /// The thread itself only.
    pub(crate) fn set_preempt_count(&self, count: u32) {
        self.preempt_count.set(count);
    }

    /// Whether an `unpark` waits for its next `park`.
    pub(crate) fn has_park_token(&self) -> bool {
        self.standing.has_token()
    }

    /// Why the thread that asks, which must be this one, left its core last, at least where that was taken from it;
    /// `None`: it never did.
    pub(crate) fn left_by(&self) -> Option<Cause> {
        debug_assert!(core::ptr::eq(self, current()));
        Cause::from_number(self.left_by.get())
    }

    /// Its number: unique as long as the machine runs. 0: an idle thread.
    pub fn id(&self) -> u32 {
        self.id.load(Ordering::Relaxed)
    }

    /// Its name.
    pub fn name(&self) -> &heapless::String<NAME_BYTES> {
        // SAFETY: whoever has a reference to the block has it to the thread's: its name is not written before that is
        // given back.
        unsafe { &*self.name.get() }
    }

    /// Its stack; `None`: that of an idle thread is not its own.
    pub(super) fn stack(&self) -> Option<&Stack> {
        // SAFETY: changed only when no thread has the block.
        unsafe { &*self.stack.as_ptr() }.as_ref()
    }

    /// Where its stack is. It is mapped for as long as somebody has a reference to the thread.
    pub(crate) fn stack_range(&self) -> Option<Range<usize>> {
        self.stack().map(|stack| stack.bottom()..stack.top())
    }

    /// Size of its stack.
    pub fn stack_bytes(&self) -> usize {
        self.stack().map_or(0, Stack::bytes)
    }

    /// Whether it has ended, and nothing of it runs any more.
    #[inline]
    pub(crate) fn is_gone(&self) -> bool {
        self.joiner.is_gone()
    }
}

/// The thread that runs this.
#[inline(always)]
pub fn current() -> &'static Thread {
    // SAFETY: TPIDR_EL0 holds the current thread's block from before the first Rust code that asks. The
    // block outlives the thread's last instruction; `'static` is as long as any code of the thread runs.
    unsafe { &*(cpu::thread_pointer() as *const Thread) }
}
