//! The run queue against a sorted map, over random sequences of operations.

use core::cell::UnsafeCell;
use core::ptr::NonNull;
use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::{Entry, Links, Place, RunQueue};
use crate::sched::policy::Rank;

struct Item {
    id: usize,
    links: UnsafeCell<Links<Item>>,
}

// SAFETY: always the field `links`, which is an `UnsafeCell`.
unsafe impl Entry for Item {
    unsafe fn links(this: NonNull<Self>) -> NonNull<Links<Self>> {
        // SAFETY: the caller's `this` is live, so the field is inside one allocation and not null.
        unsafe { NonNull::new_unchecked(UnsafeCell::raw_get(&raw const (*this.as_ptr()).links)) }
    }
}

/// Owns the items; hands out addresses that stay good while it lives.
struct Arena(Vec<NonNull<Item>>);

impl Arena {
    fn new(count: usize) -> Self {
        let item = |id| {
            let links = UnsafeCell::new(Links::new(Rank::fresh(0)));
            NonNull::from(Box::leak(Box::new(Item { id, links })))
        };
        Self((0..count).map(item).collect())
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        for item in &self.0 {
            // SAFETY: leaked from a box in `new`, and freed once.
            drop(unsafe { Box::from_raw(item.as_ptr()) });
        }
    }
}

fn id(item: NonNull<Item>) -> usize {
    // SAFETY: the arena of the test outlives the queue.
    unsafe { item.as_ref() }.id
}

fn push(queue: &mut RunQueue<Item>, item: NonNull<Item>, rank: Rank, place: Place) {
    // SAFETY: the tests queue an item only while it is out, and the arena outlives the queue.
    unsafe { queue.push(item, rank, place) };
}

/// What a queue of unlimited size and no cleverness does: ranks, and within a rank a line of
/// waiting items.
#[derive(Default)]
struct Model(BTreeMap<Rank, VecDeque<usize>>);

impl Model {
    fn push(&mut self, id: usize, rank: Rank, place: Place) {
        let line = self.0.entry(rank).or_default();
        match place {
            Place::Before => line.push_front(id),
            Place::After => line.push_back(id),
        }
    }

    /// Whether `id` may leave now; if so it does. Items of one rank leave in order only in the
    /// realtime class.
    fn leave(&mut self, id: usize) -> bool {
        let Some(mut entry) = self.0.first_entry() else {
            return false;
        };
        let realtime = entry.key().is_realtime();
        let line = entry.get_mut();
        let Some(at) = line.iter().position(|&other| other == id) else {
            return false;
        };
        line.remove(at);
        if line.is_empty() {
            entry.remove();
        }
        at == 0 || !realtime
    }

    fn remove(&mut self, id: usize) {
        for line in self.0.values_mut() {
            line.retain(|&other| other != id);
        }
        self.0.retain(|_, line| !line.is_empty());
    }

    fn len(&self) -> usize {
        self.0.values().map(VecDeque::len).sum()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push {
        item: usize,
        rank: Rank,
        before: bool,
    },
    Rotate {
        item: usize,
        rank: Rank,
    },
    Pop,
    Remove {
        item: usize,
    },
}

fn rank() -> impl Strategy<Value = Rank> {
    prop_oneof![
        1 => (1..4u8).prop_map(Rank::realtime),
        // Ten granules, and all that these ranks can be in.
        4 => (0..10u32, any::<u32>()).prop_map(|(at, low)| Rank::fresh(at << 26 | low >> 6)),
        4 => any::<u32>().prop_map(Rank::fresh),
    ]
}

fn step(items: usize) -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..items, rank(), any::<bool>())
            .prop_map(|(item, rank, before)| Step::Push { item, rank, before }),
        2 => (0..items, rank()).prop_map(|(item, rank)| Step::Rotate { item, rank }),
        3 => Just(Step::Pop),
        2 => (0..items).prop_map(|item| Step::Remove { item }),
    ]
}

/// The rank by which the model files a thread: a normal one goes by its granule.
fn filed(rank: Rank) -> Rank {
    if rank.is_realtime() {
        rank
    } else {
        rank.granule_end()
    }
}

fn run(items: usize, steps: &[Step]) {
    let arena = Arena::new(items);
    let mut queue = RunQueue::new();
    let mut model = Model::default();
    let mut queued = vec![false; items];
    for step in steps {
        match *step {
            Step::Push { item, rank, before } if !queued[item] => {
                let place = if before { Place::Before } else { Place::After };
                push(&mut queue, arena.0[item], rank, place);
                model.push(item, filed(rank), place);
                queued[item] = true;
            }
            Step::Rotate { item, rank } if !queued[item] => {
                // SAFETY: as for `push`.
                let Some(out) = (unsafe { queue.rotate(arena.0[item], rank) }) else {
                    assert_eq!(model.len(), 0);
                    continue;
                };
                assert!(model.leave(id(out)), "rotated out {}", id(out));
                queued[id(out)] = false;
                model.push(item, filed(rank), Place::After);
                queued[item] = true;
            }
            Step::Pop => match queue.pop() {
                Some(out) => {
                    assert!(model.leave(id(out)), "popped {}", id(out));
                    queued[id(out)] = false;
                }
                None => assert_eq!(model.len(), 0),
            },
            Step::Remove { item } if queued[item] => {
                // SAFETY: it is queued.
                unsafe { queue.remove(arena.0[item]) };
                model.remove(item);
                queued[item] = false;
            }
            _ => {}
        }
        assert_eq!(queue.is_empty(), model.len() == 0);
        let head = queue.head().map(id);
        assert_eq!(head.is_some(), !queue.is_empty());
        assert!(head.is_none_or(|head| model.0.first_key_value().unwrap().1.contains(&head)));
    }
    while let Some(out) = queue.pop() {
        assert!(model.leave(id(out)), "drained {}", id(out));
    }
    assert_eq!(model.len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_queue_lets_out_what_a_sorted_map_does(steps in prop::collection::vec(step(60), 1..400)) {
        run(60, &steps);
    }
}

#[test]
fn realtime_threads_of_one_priority_leave_in_the_order_they_came() {
    let arena = Arena::new(40);
    let mut queue = RunQueue::new();
    for (at, &item) in arena.0.iter().enumerate() {
        let rank = if at % 2 == 0 {
            Rank::realtime(7)
        } else {
            Rank::fresh((1000 - 10 * at as u32) << 22)
        };
        push(&mut queue, item, rank, Place::After);
    }
    push_preempted_back(&mut queue);
    for expected in (0..40).step_by(2) {
        assert_eq!(queue.pop().map(id), Some(expected));
    }
}

/// Takes the head out and puts it back before its equals: it must stay the head.
fn push_preempted_back(queue: &mut RunQueue<Item>) {
    let head = queue.pop().unwrap();
    push(queue, head, Rank::realtime(7), Place::Before);
    assert_eq!(queue.head().map(id), Some(id(head)));
}

#[test]
fn the_late_ones_are_offered_first_and_no_more_than_the_limit() {
    let arena = Arena::new(30);
    let mut queue = RunQueue::new();
    for (at, &item) in arena.0.iter().enumerate() {
        push(&mut queue, item, Rank::fresh(at as u32), Place::After);
    }
    let mut seen = Vec::new();
    let none = queue.find_late(4, |item| {
        seen.push(item.id);
        false
    });
    assert!(none.is_none());
    assert_eq!(seen, [29, 28, 27, 26]);
    assert_eq!(
        queue.find_late(4, |item| item.id % 3 == 0).map(id),
        Some(27)
    );
    assert!(seen.len() < 30 && queue.head().map(id) == Some(0));
}

#[test]
fn the_late_ones_in_the_heap_are_found_too() {
    let arena = Arena::new(60);
    let mut queue = RunQueue::new();
    // Descending after an early and a late one: the middle does not fit the lane.
    push(&mut queue, arena.0[0], Rank::fresh(0), Place::After);
    for at in 1..60 {
        push(
            &mut queue,
            arena.0[at],
            Rank::fresh((63 - at as u32) << 26),
            Place::After,
        );
    }
    assert!(queue.find_late(60, |item| item.id == 59).is_some());
}

#[test]
fn normal_threads_of_one_granule_take_turns_however_they_differ() {
    let arena = Arena::new(5);
    let mut queue = RunQueue::new();
    for at in 0..4 {
        push(
            &mut queue,
            arena.0[at],
            Rank::fresh(100 - at as u32),
            Place::After,
        );
    }
    let mut out = arena.0[4];
    for turn in 0..20 {
        // SAFETY: as for `push`.
        let next =
            unsafe { queue.rotate_quickly(out, Rank::fresh(turn * 7919 % 97), Place::After) };
        assert_eq!(next.map(id), Some(turn as usize % 5));
        out = next.unwrap();
    }
}
