//! `join` and the end of a thread: the end is told to who waits for it, once, and what the thread leaves is there then;
//! who refers to it last gives its block back. And the value that the thread leaves: dropped once, if nobody wants it.

#![expect(unsafe_code, reason = "loom's cells")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::cell::UnsafeCell;
use loom::thread;

use super::cpu::Cpu;
use super::machine::{Machine, Step, Thread, check, id};
use super::park::PARKER;
use super::wishes::{PRIORITY, pinner, promoter, until_adopted, until_on};
use crate::sched::claim::{Standing, State};
use crate::sched::value_state::ValueState;

/// Whom wishes are about, too.
const JOINER: usize = PARKER;
const ENDING: usize = 1;

/// What the thread leaves, and what it has before.
const LEFT: u8 = 7;

/// A thread that waits for the other's end, finds what that has left, gives its handle up, and does `then` until that is
/// over.
fn joiner(core: usize, then: impl Fn(&Cpu) -> Step + Send + Sync + 'static) -> Thread {
    Thread::running(core, move |cpu, at| {
        if *at == 0 {
            // It was born, without any order but that in which it goes on.
            cpu.thread(JOINER).end().write(0);
            *at = 1;
        }
        if *at == 1 {
            if let Some(step) = cpu.join(ENDING) {
                return step;
            }
            assert_eq!(cpu.thread(ENDING).end().look(), LEFT);
            cpu.thread(ENDING).end().drop_reference();
            *at = 2;
        }
        then(cpu)
    })
    .referred_to(1)
}

/// Nobody has uttered a wish, so the core has nothing to look at again.
fn at_once(cpu: &Cpu) -> Step {
    assert_eq!(cpu.rescans, 0, "for nothing");
    cpu.end();
    Step::Ends
}

/// A thread that leaves something, and ends. The scheduler, the joiner and `others` refer to it.
fn ending(core: usize, others: usize) -> Thread {
    Thread::running(core, |cpu, _| {
        cpu.current().end().write(LEFT);
        Step::Ends
    })
    .referred_to(2 + others)
}

/// A thread that has a `Thread` of the one that ends, and drops it.
fn holder(core: usize) -> Thread {
    Thread::running(core, |cpu, _| {
        cpu.thread(ENDING).end().drop_reference();
        Step::Ends
    })
}

#[test]
fn who_waits_for_an_end_is_told_of_it_and_finds_what_was_left() {
    check(3, || {
        Machine::run(2, vec![joiner(1, at_once), ending(0, 0)])
    });
}

#[test]
fn of_scheduler_joiner_and_holder_the_last_gives_the_block_back() {
    check(2, || {
        Machine::run(3, vec![joiner(1, at_once), ending(0, 1), holder(2)])
    });
}

/// A joiner that first lets the thread run which it waits for, on its own core.
fn joiner_beside(then: impl Fn(&Cpu) -> Step + Send + Sync + 'static) -> Vec<Thread> {
    let (mut joiner, mut ending) = (joiner(0, then), ending(0, 0));
    ending.standing = Standing::new(State::Parked, id(0), false, false);
    ending.runs_on = None;
    let join = joiner.script;
    joiner.script = Box::new(move |cpu, at| {
        if *at == 0 {
            cpu.unpark(ENDING);
        }
        join(cpu, at)
    });
    vec![joiner, ending]
}

#[test]
fn a_joiner_to_whom_the_core_is_handed_comes_to_the_core_that_it_is_pinned_to_meanwhile() {
    check(3, || {
        let mut threads = joiner_beside(|cpu| until_on(cpu, 1));
        threads.push(pinner(1, 1));
        Machine::run(2, threads);
    });
}

#[test]
fn a_joiner_to_whom_the_core_is_handed_gets_its_new_priority() {
    check(3, || {
        let mut threads = joiner_beside(|cpu| until_adopted(cpu, &[PRIORITY]));
        threads.push(promoter(1, PRIORITY));
        Machine::run(2, threads);
    });
}

#[test]
fn a_joiner_that_finds_the_thread_gone_comes_to_the_core_that_it_is_pinned_to_meanwhile() {
    check(2, || {
        let joiner = joiner(1, |cpu| until_on(cpu, 0));
        Machine::run(3, vec![joiner, ending(0, 0), pinner(2, 0)]);
    });
}

#[test]
fn a_joiner_that_finds_the_thread_gone_gets_its_new_priority() {
    check(2, || {
        let joiner = joiner(1, |cpu| until_adopted(cpu, &[PRIORITY]));
        Machine::run(3, vec![joiner, ending(0, 0), promoter(2, PRIORITY)]);
    });
}

/// A value that a thread leaves, and a handle that goes.
struct Value {
    state: ValueState,
    /// The value; 0: dropped.
    value: UnsafeCell<u8>,
    /// Not part of the model.
    drops: AtomicUsize,
}

// SAFETY: loom checks that the value is used by one after the other.
unsafe impl Sync for Value {}

impl Value {
    /// `Thread::take_value`.
    fn drop_it(&self) {
        self.state.take();
        // SAFETY: loom checks that nobody else uses it.
        let value = self.value.with_mut(|value| unsafe { value.replace(0) });
        assert_eq!(value, LEFT);
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_value_whose_handle_goes_before_during_or_after_the_end_is_dropped_once() {
    check(3, || {
        let value = Arc::new(Value {
            state: ValueState::new(),
            value: UnsafeCell::new(0),
            drops: AtomicUsize::new(0),
        });
        let ends = Arc::clone(&value);
        let ends = thread::spawn(move || {
            // SAFETY: as in `drop_it`.
            ends.value.with_mut(|value| unsafe { *value = LEFT });
            if ends.state.leave() {
                ends.drop_it();
            }
        });
        if value.state.give_up() {
            value.drop_it();
        }
        assert!(ends.join().is_ok());
        assert_eq!(value.drops.load(Ordering::Relaxed), 1);
    });
}
