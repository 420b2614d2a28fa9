//! One simulated core: the real policy and the real run queue under a clock that jumps from event
//! to event.

#![expect(unsafe_code, reason = "the queue links the threads")]

mod against;
mod changes;
mod edges;
mod mixed;
mod tests;
mod thread;
mod workload;

use core::ptr::NonNull;
use std::collections::BTreeSet;
use std::rc::Rc;

pub(super) use self::thread::Habit;
use self::thread::Thread;
use super::{Cause, Decision, NEVER, Policy, Priority, Rank, Runner, Weight};
use crate::sched::run_queue::{Place, RunQueue};

/// The core.
struct Sim {
    policy: Policy,
    now: u64,
    queue: RunQueue<Thread>,
    threads: Vec<Rc<Thread>>,
    sleepers: BTreeSet<(u64, usize)>,
    current: Option<usize>,
    runner: Runner,
    since: u64,
    /// When the timer fires, and whether nothing has changed since it was set: then the runner must
    /// have lost.
    timer: (u64, bool),
    switches: u64,
    timer_shots: u64,
    /// At a switch, arm for the soonest loss and not for the real one.
    lazy: bool,
}

impl Sim {
    /// A core whose counter runs at `hz` and stands at `now`.
    fn new(hz: u64, now: u64) -> Self {
        let policy = Policy::new(hz);
        let runner = Runner {
            rank: Rank::IDLE,
            weight: Weight::NORMAL,
            since: policy.at(now),
        };
        Self {
            policy,
            now,
            queue: RunQueue::new(),
            threads: Vec::new(),
            sleepers: BTreeSet::new(),
            current: None,
            runner,
            since: now,
            timer: (NEVER, false),
            switches: 0,
            timer_shots: 0,
            lazy: false,
        }
    }

    /// Adds a runnable thread of a priority in percent, and gives its index.
    fn spawn(&mut self, habit: Habit, percent: u32) -> usize {
        let id = self.threads.len();
        let weight = Priority::from_percent(percent).weight();
        self.add(habit, weight, Rank::fresh(id as u32))
    }

    /// Adds a runnable realtime thread, and gives its index.
    fn spawn_realtime(&mut self, habit: Habit, priority: u8) -> usize {
        self.add(habit, Weight::NORMAL, Rank::realtime(priority))
    }

    fn add(&mut self, habit: Habit, weight: Weight, rank: Rank) -> usize {
        let id = self.threads.len();
        self.threads
            .push(Rc::new(Thread::new(id, habit, weight, rank, self.now)));
        self.enqueue(id, rank, Place::After);
        self.reconsider(Cause::Preempt);
        id
    }

    fn cpu(&self, id: usize) -> u64 {
        let running = if self.current == Some(id) {
            self.now - self.since
        } else {
            0
        };
        self.threads[id].cpu_ticks.get() + running
    }

    /// The longest that a thread was runnable without running, the wait that it is in included.
    fn longest_wait(&self, id: usize) -> u64 {
        let thread = &self.threads[id];
        let is_asleep = self.sleepers.iter().any(|&(_, other)| other == id);
        let waits = self.current != Some(id) && !is_asleep && !thread.is_gone.get();
        let present = if waits {
            self.now - thread.waits_since.get()
        } else {
            0
        };
        thread.longest_wait.get().max(present)
    }

    fn slices(&self, id: usize) -> Vec<u64> {
        self.threads[id].slices.borrow().clone()
    }

    /// Lets `ticks` pass.
    fn run(&mut self, ticks: u64) {
        let end = self.now + ticks;
        loop {
            let done = self.current.map_or(NEVER, |id| {
                self.since.saturating_add(self.threads[id].work_left.get())
            });
            let wake = self.sleepers.first().map_or(NEVER, |&(at, _)| at);
            let next = done.min(wake).min(self.timer.0.max(self.now));
            if next > end {
                self.now = end;
                return;
            }
            self.now = next;
            if next == done {
                self.finish_work();
            } else if next == wake {
                let (_, id) = self.sleepers.pop_first().unwrap();
                let rank = self.threads[id].rank();
                self.enqueue(id, rank, Place::After);
                self.reconsider(Cause::Preempt);
            } else {
                self.timer_shots += 1;
                let must_lose = self.timer.1;
                let before = self.switches;
                self.reconsider(Cause::Preempt);
                assert!(
                    !must_lose || self.switches > before,
                    "fired, but the runner goes on"
                );
            }
        }
    }

    /// The running thread has done its piece of work.
    fn finish_work(&mut self) {
        let id = self.current.unwrap();
        let habit = self.threads[id].habit.get();
        let until = match habit {
            Habit::Hog => unreachable!(),
            Habit::Yields(_) => {
                self.reconsider(Cause::Yield);
                // The work counts from when it was switched in.
                let ran = if self.current == Some(id) {
                    self.now - self.since
                } else {
                    0
                };
                self.threads[id].work_left.set(ran + habit.work());
                return;
            }
            Habit::Periodic { period, .. } => (self.now / period + 1) * period,
            Habit::Pauses { pause, .. } => self.now + pause,
        };
        let rank = self.runner.rank_at(self.policy.at(self.now));
        self.leave(id);
        self.threads[id].set_rank(rank);
        self.threads[id].work_left.set(habit.work());
        self.sleepers.insert((until, id));
        self.current = None;
        self.timer = (NEVER, false);
        if let Some(next) = self.queue.pop() {
            self.enter(next, false);
        }
    }

    /// Asks the policy, and does what it says.
    fn reconsider(&mut self, cause: Cause) {
        let Some(id) = self.current else {
            let next = self.queue.pop().unwrap();
            return self.enter(next, false);
        };
        if self.queue.is_empty() {
            self.timer = (NEVER, false);
            return;
        }
        match self
            .policy
            .decide(cause, &self.runner, self.queue.head_key(), self.now)
        {
            Decision::Stay { deadline_ticks } => {
                assert!(
                    deadline_ticks > self.now,
                    "a timer that fires at once, again and again"
                );
                self.timer = (deadline_ticks, true);
            }
            Decision::Switch { runner } => {
                self.leave(id);
                if cause == Cause::Preempt {
                    self.threads[id]
                        .slices
                        .borrow_mut()
                        .push(self.now - self.since);
                }
                let next = self.queue.pop().unwrap();
                let place = if cause == Cause::Yield {
                    Place::After
                } else {
                    Place::Before
                };
                self.enqueue(id, runner, place);
                self.enter(next, true);
            }
        }
    }

    fn enqueue(&mut self, id: usize, rank: Rank, place: Place) {
        self.threads[id].waits_since.set(self.now);
        // SAFETY: it is in no queue, and it lives as long as the queue is used.
        unsafe {
            self.queue
                .push(NonNull::from(&*self.threads[id]), rank, place);
        }
    }

    fn leave(&mut self, id: usize) {
        let (thread, ran) = (&self.threads[id], self.now - self.since);
        thread.cpu_ticks.set(thread.cpu_ticks.get() + ran);
        thread
            .work_left
            .set(thread.work_left.get().saturating_sub(ran));
    }

    fn enter(&mut self, next: NonNull<Thread>, displaces: bool) {
        // SAFETY: it was queued, and all threads live as long as the simulation.
        let thread = unsafe { next.as_ref() };
        let waited = self.now - thread.waits_since.get();
        thread
            .longest_wait
            .set(thread.longest_wait.get().max(waited));
        let now = self.policy.at(self.now);
        let since = if displaces { now.with_penalty() } else { now };
        self.runner = Runner {
            rank: thread.rank(),
            weight: thread.weight(),
            since,
        };
        self.since = self.now;
        self.current = Some(thread.id);
        self.switches += 1;
        self.timer = (NEVER, false);
        if !self.queue.is_empty() {
            let head = self.queue.head_key();
            self.timer = if self.lazy {
                (self.policy.soonest_loss_ticks(self.now), false)
            } else {
                (self.policy.deadline_ticks(&self.runner, head), true)
            };
        }
    }
}

fn assert_near(what: &str, got: f64, expected: f64, tolerance: f64) {
    assert!(
        (got / expected - 1.0).abs() <= tolerance,
        "{what}: {got}, not {expected}"
    );
}

/// A core with one hog per percent.
fn hogs(hz: u64, start: u64, percents: &[u32]) -> Sim {
    let mut sim = Sim::new(hz, start);
    for &percent in percents {
        sim.spawn(Habit::Hog, percent);
    }
    sim
}
