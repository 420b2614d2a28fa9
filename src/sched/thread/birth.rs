//! How a thread's block begins.

use core::cell::{Cell, UnsafeCell};
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize};

use super::{NAME_BYTES, Thread};
use crate::core_id::CoreId;
use crate::mem::stacks::Stack;
use crate::sched::claim::{Standing, State};
use crate::sched::counter::Counter;
use crate::sched::cpu_time::CpuTime;
use crate::sched::policy::{Priority, Rank, Urgency};
use crate::sched::registry::RegistryLinks;
use crate::sched::wait_list::{WaitLinks, WaitList};
use crate::sched::{inbox, run_queue, timer_queue};
use crate::sync::SpinLock;
use crate::sync::held::Held;
use crate::sync::inheritance::Edges;
use crate::thread::local::Locals;

/// What a thread is born with.
#[derive(Debug)]
pub(in crate::sched) struct Birth {
    pub(in crate::sched) id: u32,
    pub(in crate::sched) name: heapless::String<NAME_BYTES>,
    pub(in crate::sched) priority: Priority,
    pub(in crate::sched) realtime: u8,
    pub(in crate::sched) core: CoreId,
    pub(in crate::sched) pinned: bool,
    /// Where its fabricated context lies.
    pub(in crate::sched) sp: usize,
    pub(in crate::sched) entry: extern "C" fn(usize),
    pub(in crate::sched) argument: usize,
    /// Frees what stands behind `argument`, if `entry` does not come to it.
    pub(in crate::sched) abandon: fn(usize),
    pub(in crate::sched) stack: Option<Stack>,
    pub(in crate::sched) stack_bytes: usize,
}

impl Thread {
    /// A thread that is ready to run for the first time.
    pub(in crate::sched) fn new(birth: Birth) -> Self {
        let mut thread = Self::idle();
        thread.sp = Cell::new(birth.sp);
        thread.entry = Cell::new(birth.entry as usize);
        thread.argument = Cell::new(birth.argument);
        thread.abandon = Cell::new(birth.abandon);
        // Changed: it adopts its priority and class when it is queued for the first time.
        thread.standing = Standing::new(State::Ready, birth.core, birth.pinned, true);
        thread.own_rank = Cell::new(Rank::fresh(birth.id));
        thread.run_links = UnsafeCell::new(run_queue::Links::new(Rank::fresh(birth.id)));
        thread.realtime = AtomicU8::new(birth.realtime);
        thread.priority = AtomicU32::new(birth.priority.percent());
        thread.id = birth.id;
        thread.name = birth.name;
        thread.stack = Cell::new(birth.stack);
        thread.stack_bytes = birth.stack_bytes;
        thread
    }

    /// The block of a core's idle thread. It runs from the start, on the stack that the core booted on.
    pub(in crate::sched) const fn idle() -> Self {
        Self {
            sp: Cell::new(0),
            fpcr: Cell::new(0),
            entry: Cell::new(0),
            argument: Cell::new(0),
            standing: Standing::new(State::Running, CoreId::BOOT, false, false),
            is_rank_lent: Cell::new(false),
            run_links: UnsafeCell::new(run_queue::Links::new(Rank::IDLE)),
            own_rank: Cell::new(Rank::IDLE),
            inbox_links: inbox::Links::new(),
            preempt_count: Cell::new(0),
            timer_core: Cell::new(CoreId::BOOT),
            locals: UnsafeCell::new(Locals::new()),
            abandon: Cell::new(|_| ()),
            reason: AtomicU8::new(0),
            lent_page: Cell::new(0),
            diverted_from: Cell::new(0),
            timer_links: UnsafeCell::new(timer_queue::Links::new()),
            is_timer_armed: Cell::new(false),
            wait_links: WaitLinks::new(),
            registry_links: RegistryLinks::new(),
            next_free: Cell::new(None),
            generation: AtomicU8::new(0),
            edges: Edges::new(),
            held: Held::new(),
            inherited: AtomicU16::new(Urgency::LEAST.to_bits()),
            inherited_rank: AtomicU64::new(Rank::IDLE.to_bits()),
            timed_out: AtomicBool::new(false),
            references: AtomicUsize::new(1),
            realtime: AtomicU8::new(0),
            priority: AtomicU32::new(Priority::NORMAL.percent()),
            is_gone: AtomicBool::new(false),
            joiners: SpinLock::new(WaitList::new()),
            cpu_time: CpuTime::new(),
            switches_voluntary: Counter::new(),
            switches_preempted: Counter::new(),
            migrations: Counter::new(),
            left_by: Cell::new(None),
            id: 0,
            name: heapless::String::new(),
            stack: Cell::new(None),
            stack_bytes: 0,
        }
    }
}
