//! A simulated thread: what it does, and what is known about it afterwards.

use core::cell::{Cell, RefCell, UnsafeCell};
use core::ptr::NonNull;

use super::{NEVER, Rank, Weight};
use crate::sched::run_queue::{Entry, Links};

/// What a simulated thread does, again and again.
#[derive(Clone, Copy, Debug)]
pub(in crate::sched::policy) enum Habit {
    /// It computes without end.
    Hog,
    /// It computes for so many ticks, then yields.
    Yields(u64),
    /// It computes for `work` ticks, then sleeps until the next multiple of `period` ticks.
    Periodic { work: u64, period: u64 },
    /// It computes for `work` ticks, then sleeps for `pause` ticks.
    Pauses { work: u64, pause: u64 },
}

impl Habit {
    /// Ticks of computing until it does something else.
    pub(in crate::sched::policy) fn work(self) -> u64 {
        match self {
            Self::Hog => NEVER,
            Self::Yields(work) | Self::Periodic { work, .. } | Self::Pauses { work, .. } => work,
        }
    }
}

/// A simulated thread.
pub(super) struct Thread {
    pub(super) id: usize,
    links: UnsafeCell<Links<Thread>>,
    pub(super) habit: Cell<Habit>,
    /// Of its present piece of work.
    pub(super) work_left: Cell<u64>,
    /// Since when it is runnable without running.
    pub(super) waits_since: Cell<u64>,
    /// It has ended.
    pub(super) is_gone: Cell<bool>,
    /// CPU time so far.
    pub(super) cpu_ticks: Cell<u64>,
    /// The longest that it was runnable without running.
    pub(super) longest_wait: Cell<u64>,
    /// How long it ran, each time that it left the core without wanting to.
    pub(super) slices: RefCell<Vec<u64>>,
}

// SAFETY: always the field `links`, which is an `UnsafeCell`.
unsafe impl Entry for Thread {
    unsafe fn links(this: NonNull<Self>) -> NonNull<Links<Self>> {
        // SAFETY: the caller's `this` is live, so the field is inside one allocation and not null.
        unsafe { NonNull::new_unchecked(UnsafeCell::raw_get(&raw const (*this.as_ptr()).links)) }
    }
}

impl Thread {
    pub(super) fn new(id: usize, habit: Habit, weight: Weight, rank: Rank, now: u64) -> Self {
        let mut links = Links::new(rank);
        links.set_weight(weight);
        Self {
            id,
            links: UnsafeCell::new(links),
            habit: Cell::new(habit),
            work_left: Cell::new(habit.work()),
            waits_since: Cell::new(now),
            is_gone: Cell::new(false),
            cpu_ticks: Cell::new(0),
            longest_wait: Cell::new(0),
            slices: RefCell::new(Vec::new()),
        }
    }

    /// Its rank while it is in no queue.
    pub(super) fn rank(&self) -> Rank {
        // SAFETY: in no queue, so nobody writes the links.
        unsafe { &*self.links.get() }.rank()
    }

    /// By what it is charged.
    pub(super) fn weight(&self) -> Weight {
        // SAFETY: the queue writes the links only in its own calls.
        unsafe { &*self.links.get() }.weight()
    }

    /// Changes by what it is charged, while it is in no queue.
    pub(super) fn set_weight(&self, weight: Weight) {
        // SAFETY: in no queue, so nobody else refers to the links.
        unsafe { &mut *self.links.get() }.set_weight(weight);
    }

    /// Keeps a rank while it is in no queue.
    pub(super) fn set_rank(&self, rank: Rank) {
        // SAFETY: in no queue, so nobody else refers to the links.
        unsafe { &mut *self.links.get() }.set_rank(rank);
    }
}
