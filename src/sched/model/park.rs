//! `park`, `unpark` and the timer: one waker wins, no wake-up is lost, what was written before it is seen.

use super::cpu::Cpu;
use super::machine::{Machine, Step, Thread, check, id};
use crate::sched::atomic::Ordering;
use crate::sched::claim::Parking;

/// The thread that parks.
pub(super) const PARKER: usize = 0;

/// `wake::park`, or with a timer that is due at once `wake::park_until`. `None`: it has returned.
pub(super) fn park(cpu: &mut Cpu, at: &mut u8, is_timed: bool) -> Option<Step> {
    if *at == 0 {
        match cpu.thread(PARKER).standing.prepare_park() {
            Parking::Blocks => {
                *at = 1;
                if is_timed {
                    // `timers::block_until`, before and after.
                    *cpu.thread(PARKER).timer.lock().expect("no panic") = true;
                    cpu.due = Some(PARKER);
                }
                return Some(Step::Blocks);
            }
            Parking::HasToken => {}
            Parking::Undone => cpu.heed(),
        }
    } else if is_timed {
        *cpu.thread(PARKER).timer.lock().expect("no panic") = false;
    }
    *at = 0;
    cpu.thread(PARKER).standing.take_token();
    None
}

/// A thread that writes a message, wakes the parker, and ends.
pub(super) fn messenger(core: usize) -> Thread {
    Thread::running(core, move |cpu, _| {
        let own = cpu.current();
        own.message.store(true, Ordering::Relaxed);
        cpu.unpark(PARKER);
        Step::Ends
    })
}

/// A parker that has its messengers' messages, and goes by no other sign.
fn reader() -> Thread {
    Thread::running(0, |cpu, at| {
        if let Some(step) = park(cpu, at, false) {
            return step;
        }
        let is_read = |from: &Thread| from.message.load(Ordering::Relaxed);
        if cpu.machine.threads[PARKER + 1..].iter().all(is_read) {
            cpu.end();
            Step::Ends
        } else {
            Step::GoesOn
        }
    })
}

#[test]
fn an_unpark_before_during_or_after_a_park_ends_it() {
    check(3, || Machine::run(2, vec![reader(), messenger(1)]));
}

#[test]
fn of_two_messengers_none_is_overheard() {
    check(2, || {
        Machine::run(3, vec![reader(), messenger(1), messenger(2)])
    });
}

/// A parker with a timer that is due at once: it parks once, and whoever woke it was the only one.
fn timed() -> Thread {
    Thread::running(0, |cpu, at| {
        let has_blocked = *at != 0;
        if let Some(step) = park(cpu, at, true) {
            return step;
        }
        let claims = cpu.current().claims.load(Ordering::Relaxed);
        assert_eq!(claims, usize::from(has_blocked), "claims");
        cpu.end();
        Step::Ends
    })
}

#[test]
fn of_timer_and_waker_one_wins() {
    check(3, || Machine::run(2, vec![timed(), messenger(1)]));
}

#[test]
fn of_timer_and_two_wakers_one_wins() {
    check(2, || {
        Machine::run(3, vec![timed(), messenger(1), messenger(2)])
    });
}

/// A thread on core 1 that pins the parker there, wakes it, and ends.
fn pinning_waker() -> Thread {
    Thread::running(1, |cpu, _| {
        cpu.pin(PARKER, 1);
        cpu.unpark(PARKER);
        Step::Ends
    })
}

#[test]
fn a_thread_that_is_pinned_and_woken_finds_its_registers_on_its_new_core() {
    check(3, || {
        let parker = Thread::running(0, |cpu, at| match *at {
            2 if cpu.id == id(1) => {
                cpu.end();
                Step::Ends
            }
            2 => Step::Computes,
            _ => park(cpu, at, false).unwrap_or_else(|| {
                *at = 2;
                Step::GoesOn
            }),
        });
        Machine::run(2, vec![parker, pinning_waker()]);
    });
}

#[test]
fn of_a_timer_on_the_core_that_its_thread_leaves_and_a_waker_on_the_other_one_wins() {
    check(3, || {
        Machine::run(2, vec![timed(), pinning_waker()]);
    });
}
