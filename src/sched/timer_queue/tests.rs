//! The timer queue against a sorted list, over random sequences of operations and over ten thousand
//! timers.

use core::cell::UnsafeCell;
use core::ptr::NonNull;

use proptest::prelude::*;

use super::{Entry, Links, TimerQueue};

struct Timer {
    id: usize,
    links: UnsafeCell<Links<Timer>>,
}

// SAFETY: always the field `links`, which is an `UnsafeCell`.
unsafe impl Entry for Timer {
    unsafe fn links(this: NonNull<Self>) -> NonNull<Links<Self>> {
        // SAFETY: the caller's `this` is live, so the field is inside one allocation and not null.
        unsafe { NonNull::new_unchecked(UnsafeCell::raw_get(&raw const (*this.as_ptr()).links)) }
    }
}

/// A queue, its timers, and what should be armed: deadlines by timer.
struct Bench {
    timers: Vec<Timer>,
    queue: TimerQueue<Timer>,
    armed: Vec<Option<u64>>,
}

impl Bench {
    fn new(count: usize) -> Self {
        let timer = |id| Timer {
            id,
            links: UnsafeCell::new(Links::new()),
        };
        Self {
            timers: (0..count).map(timer).collect(),
            queue: TimerQueue::new(),
            armed: vec![None; count],
        }
    }

    fn arm(&mut self, id: usize, deadline_ticks: u64) {
        self.disarm(id);
        self.armed[id] = Some(deadline_ticks);
        // SAFETY: it is not armed, and the timers outlive the queue's use and never move.
        unsafe {
            self.queue
                .insert(NonNull::from(&self.timers[id]), deadline_ticks);
        }
    }

    fn disarm(&mut self, id: usize) {
        // SAFETY: it is alive, and there is no other queue.
        let was_armed = unsafe { self.queue.remove(NonNull::from(&self.timers[id])) };
        assert_eq!(was_armed, self.armed[id].take().is_some(), "{id}");
    }

    fn pop(&mut self, now_ticks: u64) -> Option<usize> {
        // SAFETY: the timers are alive.
        let id = unsafe { self.queue.pop_expired(now_ticks)?.as_ref() }.id;
        assert!(
            self.armed[id]
                .take()
                .is_some_and(|deadline| deadline <= now_ticks),
            "{id}"
        );
        Some(id)
    }

    fn earliest(&self) -> u64 {
        self.armed
            .iter()
            .flatten()
            .copied()
            .min()
            .unwrap_or(u64::MAX)
    }

    /// Everything due comes out, nothing else, and the next time to look is not too late.
    fn check(&mut self, now_ticks: u64) {
        while self.pop(now_ticks).is_some() {}
        assert!(
            self.earliest() > now_ticks,
            "{} is due at {now_ticks}",
            self.earliest()
        );
        assert!(self.queue.next_deadline() <= self.earliest());
        assert!(self.queue.next_deadline() > now_ticks);
        assert_eq!(self.queue.len(), self.armed.iter().flatten().count());
        assert_eq!(
            self.queue.is_empty(),
            self.queue.next_deadline() == u64::MAX
        );
    }
}

#[derive(Clone, Debug)]
enum Step {
    Arm { id: usize, ahead_ticks: u64 },
    Past { id: usize, ago_ticks: u64 },
    Disarm { id: usize },
    Pass { ticks: u64 },
    One,
}

/// Spans of all magnitudes, up to 2^`bits`.
fn span(bits: u32) -> impl Strategy<Value = u64> {
    (0..bits, any::<u64>()).prop_map(|(bits, random)| random & ((1 << bits) - 1))
}

fn step(timers: usize) -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..timers, span(63)).prop_map(|(id, ahead_ticks)| Step::Arm { id, ahead_ticks }),
        6 => (0..timers, span(12)).prop_map(|(id, ahead_ticks)| Step::Arm { id, ahead_ticks }),
        1 => (0..timers, span(20)).prop_map(|(id, ago_ticks)| Step::Past { id, ago_ticks }),
        3 => (0..timers).prop_map(|id| Step::Disarm { id }),
        4 => span(14).prop_map(|ticks| Step::Pass { ticks }),
        1 => span(48).prop_map(|ticks| Step::Pass { ticks }),
        2 => Just(Step::One),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn exactly_what_is_due_comes_out(
        start in span(50),
        steps in prop::collection::vec(step(30), 1..300),
    ) {
        let (mut bench, mut now) = (Bench::new(30), start);
        for step in steps {
            match step {
                Step::Arm { id, ahead_ticks } => bench.arm(id, now.saturating_add(ahead_ticks)),
                Step::Past { id, ago_ticks } => bench.arm(id, now.saturating_sub(ago_ticks)),
                Step::Disarm { id } => bench.disarm(id),
                Step::Pass { ticks } => {
                    now += ticks;
                    bench.check(now);
                }
                // One at a time, with others armed and disarmed in between.
                Step::One => {
                    let due = bench.earliest() <= now;
                    prop_assert_eq!(bench.pop(now).is_some(), due);
                }
            }
            prop_assert!(bench.queue.next_deadline() <= bench.earliest());
        }
        bench.check(u64::MAX - 1);
    }
}

#[test]
fn a_core_that_looks_only_when_told_wakes_each_of_ten_thousand_sleepers_on_the_tick() {
    let mut bench = Bench::new(10_000);
    let mut deadlines = Vec::new();
    for id in 0..10_000 {
        // Spread over a second at 62.5 MHz, in no order.
        let deadline_ticks = 1_000 + (id as u64 * 7_919 * 6_253) % 62_500_000;
        bench.arm(id, deadline_ticks);
        deadlines.push(deadline_ticks);
    }
    deadlines.sort_unstable();
    let mut woken = 0;
    while woken < deadlines.len() {
        let now = bench.queue.next_deadline();
        assert_eq!(
            now, deadlines[woken],
            "a bound is exact while nothing is cancelled"
        );
        while let Some(id) = bench.pop(now) {
            assert!(id < 10_000);
            woken += 1;
        }
    }
    assert!(bench.queue.is_empty());
}

#[test]
fn timeouts_that_are_always_cancelled_cost_few_early_looks() {
    let mut bench = Bench::new(64);
    let (mut now, mut looks) = (0, 0);
    for round in 0..100_000 {
        now += 6_250;
        bench.arm(round % 64, now + 62_500_000);
        if bench.queue.next_deadline() <= now {
            looks += 1;
            assert!(bench.pop(now).is_none());
        }
    }
    // Ten simulated seconds, each timeout one second away.
    assert!(looks <= 64, "{looks}");
}

#[test]
fn what_is_armed_for_the_past_is_due_at_once() {
    let mut bench = Bench::new(2);
    bench.check(1_000_000);
    bench.arm(0, 500);
    assert_eq!(bench.queue.next_deadline(), 500);
    assert_eq!(bench.pop(1_000_000), Some(0));
    bench.arm(1, 0);
    assert_eq!(bench.pop(0), Some(1));
}
