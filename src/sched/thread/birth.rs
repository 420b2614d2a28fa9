//! How a thread's block begins.

#![expect(unsafe_code, reason = "writes into a block that no thread has")]

use core::cell::{Cell, UnsafeCell};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize};
use core::sync::atomic::{Ordering, Ordering::Relaxed};

use super::after::AfterSwitch;
use super::value::Words;
use super::{NAME_BYTES, Thread};
use crate::core_id::CoreId;
use crate::sched::claim::{Standing, State};
use crate::sched::counter::Counter;
use crate::sched::cpu_time::CpuTime;
use crate::sched::joiner::Joiner;
use crate::sched::policy::{Priority, Rank, Urgency};
use crate::sched::value_state::ValueState;
use crate::sched::wait_list::WaitLinks;
use crate::sched::{inbox, registry, run_queue, timer_queue};
use crate::sync::held::Held;
use crate::sync::inheritance::Edges;
use crate::thread::local::Locals;

/// What a thread is born with.
#[derive(Debug)]
pub(in crate::sched) struct Birth<'a> {
    pub(in crate::sched) id: u32,
    pub(in crate::sched) name: &'a heapless::String<NAME_BYTES>,
    /// Where it begins in the normal class.
    pub(in crate::sched) rank: Rank,
    pub(in crate::sched) priority: Priority,
    pub(in crate::sched) realtime: u8,
    pub(in crate::sched) core: CoreId,
    pub(in crate::sched) pinned: bool,
    /// Where its fabricated context lies.
    pub(in crate::sched) sp: usize,
    pub(in crate::sched) entry: extern "C" fn(usize),
    pub(in crate::sched) argument: usize,
    /// Frees what stands behind `argument`, if `entry` does not come to it.
    pub(in crate::sched) abandon: Option<fn(usize)>,
}

#[cold]
#[inline(never)]
const fn rank_in_class(class: u8) -> Rank {
    Rank::realtime(class)
}

impl Thread {
    /// Makes this the block of a thread that is ready to run for the first time, with two references: the scheduler's
    /// and the caller's. Each field has a line here, and those that the thread before has left as a new one needs them
    /// are only named.
    ///
    /// # Safety
    ///
    /// No thread has the block, and whoever has its address, of a mutex, looks at nothing but its generation.
    #[inline(always)]
    pub(in crate::sched) unsafe fn begin(block: NonNull<Self>, birth: Birth<'_>) {
        // SAFETY: there is a block, and nobody refers to it mutably.
        let Self {
            sp,
            fpcr,
            words,
            standing: _,
            after: _,
            is_rank_lent,
            run_links,
            own_rank,
            inbox_links: _,
            preempt_count,
            timer_core: _,
            locals,
            abandon,
            reason,
            lent_page,
            diverted_from: _,
            timer_links: _,
            is_timer_armed,
            wait_links,
            registry_link: _,
            generation: _,
            edges,
            held: _,
            inherited,
            inherited_rank,
            timed_out,
            references,
            realtime,
            priority,
            joiner,
            value,
            cpu_time: _,
            switches_voluntary: _,
            switches_preempted: _,
            migrations: _,
            left_by,
            id,
            name,
            stack: _,
        } = unsafe { block.as_ref() };
        // Whoever ends waits for nothing, and is in no queue.
        debug_assert!(!is_timer_armed.get() && !wait_links.is_linked());
        debug_assert!(lent_page.get() == 0);
        // It may have forgotten the guard by which it held off preemption.
        preempt_count.set(0);
        debug_assert!(!timed_out.load(Relaxed) && references.load(Relaxed) == 0);

        sp.set(birth.sp);
        fpcr.set(0);
        words.set([birth.entry as usize, birth.argument]);
        abandon.set(birth.abandon);
        // As `adopt_changes` would make them.
        let rank = match birth.realtime {
            0 => birth.rank,
            class => rank_in_class(class),
        };
        own_rank.set(birth.rank);
        is_rank_lent.set(false);
        // SAFETY: nobody looks at them, as our caller promises; all are in cells, or atomics.
        unsafe {
            (&raw mut (*block.as_ptr()).standing).write(Standing::new(
                State::Ready,
                birth.core,
                birth.pinned,
                false,
            ));
            (*run_links.get()).set_rank(rank);
            (*run_links.get()).set_weight(birth.priority.weight());
            // What the thread before had forgotten to give back is not this one's. Written, not stored one by one:
            // neighbours are cleared together.
            (&raw mut (*block.as_ptr()).held).write(Held::new());
            (&raw mut (*block.as_ptr()).cpu_time).write(CpuTime::new());
            (&raw mut (*block.as_ptr()).switches_voluntary).write(Counter::new());
            (&raw mut (*block.as_ptr()).switches_preempted).write(Counter::new());
            (&raw mut (*block.as_ptr()).migrations).write(Counter::new());
            // Those of a thread that has crashed are lost.
            locals.get().write(Locals::new());
            // A length and bytes.
            name.get().copy_from_nonoverlapping(birth.name, 1);
        }
        reason.store(0, Relaxed);
        edges.forget();
        inherited.store(Urgency::LEAST.to_bits(), Relaxed);
        inherited_rank.store(Rank::IDLE.to_bits(), Relaxed);
        realtime.store(birth.realtime, Relaxed);
        priority.store(birth.priority.percent() as u16, Relaxed);
        joiner.begin();
        value.begin();
        left_by.set(0);
        id.store(birth.id, Relaxed);
        // Release: who finds the block by the registry, and a thread in it, finds all of the above.
        references.store(2, Ordering::Release);
    }

    /// The block of a core's idle thread, which runs from the start, on the stack that the core booted on; and a block
    /// that no thread has had yet.
    pub(in crate::sched) const fn idle() -> Self {
        Self {
            sp: Cell::new(0),
            fpcr: Cell::new(0),
            words: Words::new(),
            standing: Standing::new(State::Ready, CoreId::BOOT, false, false),
            after: AfterSwitch::nothing(),
            is_rank_lent: Cell::new(false),
            run_links: UnsafeCell::new(run_queue::Links::idle()),
            own_rank: Cell::new(Rank::IDLE),
            inbox_links: inbox::Links::new(),
            preempt_count: Cell::new(0),
            timer_core: Cell::new(CoreId::BOOT),
            locals: UnsafeCell::new(Locals::new()),
            abandon: Cell::new(None),
            reason: AtomicU8::new(0),
            lent_page: Cell::new(0),
            diverted_from: Cell::new(0),
            timer_links: UnsafeCell::new(timer_queue::Links::new()),
            is_timer_armed: Cell::new(false),
            wait_links: WaitLinks::new(),
            registry_link: registry::Link::new(),
            generation: AtomicU8::new(0),
            edges: Edges::new(),
            held: Held::new(),
            inherited: AtomicU16::new(Urgency::LEAST.to_bits()),
            inherited_rank: AtomicU64::new(Rank::IDLE.to_bits()),
            timed_out: AtomicBool::new(false),
            references: AtomicUsize::new(0),
            realtime: AtomicU8::new(0),
            priority: AtomicU16::new(Priority::NORMAL.percent() as u16),
            joiner: Joiner::new(),
            value: ValueState::new(),
            cpu_time: CpuTime::new(),
            switches_voluntary: Counter::new(),
            switches_preempted: Counter::new(),
            migrations: Counter::new(),
            left_by: Cell::new(0),
            id: AtomicU32::new(0),
            name: UnsafeCell::new(heapless::String::new()),
            stack: Cell::new(None),
        }
    }
}
