//! What a sequence must be.

use std::collections::BTreeSet;
use std::vec::Vec;

use super::*;

const CHOICES: Choices = Choices {
    cores: 4,
    works: 10,
    meetings: 5,
    faults: 21,
};

fn drawn(seed: u64, count: usize) -> (Vec<(usize, Operation)>, u64) {
    let mut sequence = Sequence::new(seed, CHOICES);
    let operations = (0..count).map(|_| sequence.next()).collect();
    (operations, sequence.digest())
}

#[test]
fn a_seed_gives_the_same_operations_again_and_another_one_others() {
    assert_eq!(drawn(1, 10_000), drawn(1, 10_000));
    assert_ne!(drawn(1, 100), drawn(2, 100));
    assert_ne!(drawn(1, 100).1, drawn(2, 100).1);
    assert_ne!(drawn(1, 100).1, drawn(1, 101).1);
}

#[test]
fn whoever_is_told_something_is_there_and_whoever_ends_is_given_no_order_more() {
    let mut places = [Place::Empty; SLOTS];
    for (slot, operation) in drawn(7, 100_000).0 {
        let (before, after) = match operation {
            Operation::Spawn(_) => (Place::Empty, Place::Works),
            Operation::Join => (Place::Ends, Place::Empty),
            Operation::End | Operation::Crash { .. } | Operation::Poison => {
                (Place::Works, Place::Ends)
            }
            Operation::Meet { with, .. } => {
                assert!(with != slot && places[with] == Place::Works);
                (Place::Works, Place::Works)
            }
            Operation::Work { .. } | Operation::Child { .. } => (Place::Works, Place::Works),
            _ => {
                assert_ne!(places[slot], Place::Empty, "{operation:?}");
                (places[slot], places[slot])
            }
        };
        assert_eq!(places[slot], before, "{operation:?}");
        places[slot] = after;
    }
}

#[test]
fn everything_that_there_is_to_choose_comes() {
    let (operations, _) = drawn(1, 100_000);
    let mut seen = BTreeSet::new();
    for (slot, operation) in operations {
        seen.insert(std::format!("slot {slot}"));
        seen.insert(Operation::NAMES[operation.number()].into());
        match operation {
            Operation::Crash { fault, holds } => {
                seen.insert(std::format!("crash {fault}"));
                seen.insert(std::format!("{holds:?}"));
            }
            Operation::Child { fault } => _ = seen.insert(std::format!("child {fault}")),
            Operation::Work { what, .. } => _ = seen.insert(std::format!("work {what}")),
            Operation::Meet { what, .. } => _ = seen.insert(std::format!("meet {what}")),
            Operation::Pin(core) => _ = seen.insert(std::format!("core {core}")),
            _ => {}
        }
    }
    // Held: nothing, to read, to write, each of four mutexes, each of three pairs.
    let expected = SLOTS + Operation::NAMES.len() + 2 * 21 + 10 + 10 + 5 + 4;
    assert_eq!(seen.len(), expected, "{seen:?}");
}

#[test]
fn between_a_tenth_and_a_third_of_the_operations_crash_a_thread() {
    let (operations, _) = drawn(1, 10_000);
    let is_fault = |(_, operation): &&(usize, Operation)| {
        matches!(
            operation,
            Operation::Crash { .. } | Operation::Child { .. } | Operation::Poison
        )
    };
    let faults = operations.iter().filter(is_fault).count();
    assert!((1_000..3_000).contains(&faults), "{faults}");
}
