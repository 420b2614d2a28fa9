//! Pinning and changes of priority, while the thread blocks, wakes, runs, or is on its way.

use super::cpu::Cpu;
use super::machine::{Machine, Step, Thread, check, id};
use super::park::{PARKER, messenger, park};
use crate::sched::claim::{Standing, State};

/// What is changed.
pub(super) const PRIORITY: usize = 0;
const CLASS: usize = 1;

/// A thread that computes until it has what it is meant to have.
pub(super) fn until_adopted(cpu: &Cpu, wishes: &[usize]) -> Step {
    let adopted = cpu.thread(PARKER).is_adopted();
    if wishes.iter().all(|&wish| adopted[wish]) {
        cpu.end();
        Step::Ends
    } else {
        Step::Computes
    }
}

/// A thread that gives the parker another priority or class, and ends.
pub(super) fn promoter(core: usize, wish: usize) -> Thread {
    Thread::running(core, move |cpu, _| {
        cpu.change(PARKER, wish);
        Step::Ends
    })
}

/// A thread that pins the parker, and ends.
pub(super) fn pinner(core: usize, target: usize) -> Thread {
    Thread::running(core, move |cpu, _| {
        cpu.pin(PARKER, target);
        Step::Ends
    })
}

/// A parked thread that ran on core 0 last.
fn parked(script: impl Fn(&mut Cpu, &mut u8) -> Step + Send + Sync + 'static) -> Thread {
    Thread::new(Standing::new(State::Parked, id(0), false, false), script)
}

/// Runs on core `target` only, and then all is well.
pub(super) fn until_on(cpu: &Cpu, target: usize) -> Step {
    if cpu.id == id(target) {
        cpu.end();
        Step::Ends
    } else {
        Step::Computes
    }
}

#[test]
fn a_running_thread_gets_its_new_priority() {
    check(3, || {
        let hog = Thread::running(0, |cpu, _| until_adopted(cpu, &[PRIORITY]));
        Machine::run(2, vec![hog, promoter(1, PRIORITY)]);
    });
}

#[test]
fn of_two_who_change_a_running_thread_none_is_overlooked() {
    check(2, || {
        let hog = Thread::running(0, |cpu, _| until_adopted(cpu, &[PRIORITY, CLASS]));
        Machine::run(3, vec![hog, promoter(1, PRIORITY), promoter(2, CLASS)]);
    });
}

#[test]
fn a_running_thread_is_changed_and_moved_at_once() {
    check(2, || {
        let hog = Thread::running(0, |cpu, _| {
            if cpu.id == id(1) {
                until_adopted(cpu, &[PRIORITY])
            } else {
                Step::Computes
            }
        });
        Machine::run(3, vec![hog, promoter(1, PRIORITY), pinner(2, 1)]);
    });
}

#[test]
fn a_thread_that_is_woken_while_it_blocks_gets_its_new_priority() {
    check(2, || {
        let parker = Thread::running(0, |cpu, at| match *at {
            2 => until_adopted(cpu, &[PRIORITY]),
            _ => park(cpu, at, false).unwrap_or_else(|| {
                *at = 2;
                Step::GoesOn
            }),
        });
        Machine::run(3, vec![parker, messenger(1), promoter(2, PRIORITY)]);
    });
}

#[test]
fn a_thread_that_is_pinned_while_it_blocks_comes_to_its_core() {
    check(2, || {
        let parker = Thread::running(0, |cpu, at| match *at {
            2 => until_on(cpu, 1),
            _ => park(cpu, at, false).unwrap_or_else(|| {
                *at = 2;
                Step::GoesOn
            }),
        });
        Machine::run(3, vec![parker, messenger(1), pinner(2, 1)]);
    });
}

#[test]
fn a_thread_on_its_way_to_another_core_gets_its_new_priority() {
    check(2, || {
        let sleeper = parked(|cpu, _| until_adopted(cpu, &[PRIORITY]));
        sleeper.standing.set_affinity(Some(id(1)));
        Machine::run(3, vec![sleeper, messenger(0), promoter(2, PRIORITY)]);
    });
}

#[test]
fn a_thread_on_its_way_to_another_core_can_be_sent_to_a_third() {
    check(2, || {
        let sleeper = parked(|cpu, _| until_on(cpu, 2));
        sleeper.standing.set_affinity(Some(id(1)));
        // Nobody gets past it on core 1.
        let hog = Thread::running(1, |cpu, _| {
            if cpu.is_over() {
                Step::Ends
            } else {
                Step::Computes
            }
        });
        Machine::run(3, vec![sleeper, messenger(0), hog.realtime(), pinner(2, 2)]);
    });
}
