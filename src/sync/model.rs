//! The mutex and the condition variable under a model checker: loom tries all orders in which the accesses of two
//! or three threads can take effect, up to a number of forced changes between them.
//!
//! A wake-up that is lost leaves all threads asleep, which loom reports; so it does if two threads are in the
//! protected cell at once, or if one does not see what the other left there. At the end of each run nobody
//! inherits anything and the mutexes are free.

#![expect(unsafe_code, reason = "a cell that loom watches, and a small kernel")]

use core::time::Duration;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::{Condvar, Mutex};
use crate::sched::policy::{Priority, Urgency};
use kernel::Thread;

pub(crate) mod kernel;

/// How often a run may be taken away from a thread that could go on.
const CHANGES: usize = 2;

fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(CHANGES);
    builder.check(model);
}

/// A number that is looked at by loom: two threads in it at once, or one that comes without having seen the other
/// leave, are reported.
struct Number(UnsafeCell<u32>);

impl Number {
    fn new() -> Mutex<Self> {
        Mutex::new(Self(UnsafeCell::new(0)))
    }

    fn add(&mut self) {
        self.0.with_mut(|number| {
            // SAFETY: loom checks that nobody else is in it.
            unsafe { *number += 1 }
        });
    }

    fn get(&self) -> u32 {
        // SAFETY: as above.
        self.0.with(|number| unsafe { *number })
    }
}

/// Starts a thread of the class.
fn spawn(class: u8, work: impl FnOnce() + 'static) -> (&'static Thread, thread::JoinHandle<()>) {
    let block = Thread::new(class);
    let handle = thread::spawn(move || {
        block.begin();
        work();
    });
    (block, handle)
}

/// Joins them, and checks that none inherits anything any more.
fn join(threads: impl IntoIterator<Item = (&'static Thread, thread::JoinHandle<()>)>) {
    let mut blocks = Vec::new();
    for (block, handle) in threads {
        handle.join().expect("no thread panics");
        blocks.push(block);
    }
    for block in blocks {
        assert_eq!(block.inherited(), Urgency::LEAST);
    }
}

#[test]
fn three_threads_of_different_classes_exclude_each_other_and_none_is_left_waiting() {
    check(|| {
        Thread::new(1).begin();
        let number = Arc::new(Number::new());
        let threads: Vec<_> = [3, 7]
            .into_iter()
            .map(|class| {
                let number = number.clone();
                spawn(class, move || number.lock().add())
            })
            .collect();
        number.lock().add();
        join(threads);
        assert_eq!(number.try_lock().expect("free").get(), 3);
        assert_eq!(kernel::current().inherited(), Urgency::LEAST);
    });
}

#[test]
fn a_thread_that_locks_again_and_again_does_not_lose_the_one_that_waits() {
    check(|| {
        Thread::new(1).begin();
        let number = Arc::new(Number::new());
        let inside = number.clone();
        let other = spawn(3, move || {
            for _ in 0..2 {
                inside.lock().add();
            }
        });
        for _ in 0..2 {
            number.lock().add();
        }
        join([other]);
        assert_eq!(number.try_lock().expect("free").get(), 4);
    });
}

#[test]
fn a_waiter_whose_time_runs_out_when_it_gets_the_mutex_has_it_or_not_and_nothing_hangs() {
    check(|| {
        Thread::new(1).begin();
        let number = Arc::new(Number::new());
        let held = number.lock();
        let inside = number.clone();
        let waiter = spawn(9, move || {
            if let Some(mut number) = inside.lock_timeout(Duration::ZERO) {
                number.add();
            }
        });
        let block = waiter.0;
        let timer = spawn(0, move || block.run_out());
        drop(held);
        join([waiter, timer]);
        assert!(number.try_lock().expect("free").get() <= 1);
        assert_eq!(kernel::current().inherited(), Urgency::LEAST);
    });
}

#[test]
fn one_waiter_gives_up_while_another_stays() {
    check(|| {
        Thread::new(1).begin();
        let number = Arc::new(Number::new());
        let held = number.lock();
        let (impatient, patient) = (number.clone(), number.clone());
        let first = spawn(9, move || drop(impatient.lock_timeout(Duration::ZERO)));
        let second = spawn(5, move || patient.lock().add());
        first.0.run_out();
        drop(held);
        join([first, second]);
        assert_eq!(number.try_lock().expect("free").get(), 1);
        assert_eq!(kernel::current().inherited(), Urgency::LEAST);
    });
}

#[test]
fn what_is_inherited_along_a_chain_goes_when_the_chain_does() {
    check(|| {
        Thread::new(1).begin();
        let (near, far) = (Arc::new(Number::new()), Arc::new(Number::new()));
        let held = far.lock();
        let (inside_near, inside_far) = (near.clone(), far.clone());
        let relay = spawn(2, move || {
            let mut near = inside_near.lock();
            inside_far.lock().add();
            near.add();
        });
        let inside = near.clone();
        let urgent = spawn(9, move || inside.lock().add());
        urgent.0.set_realtime(4);
        drop(held);
        join([relay, urgent]);
        assert_eq!(near.try_lock().expect("free").get(), 2);
        assert_eq!(far.try_lock().expect("free").get(), 1);
        assert_eq!(kernel::current().inherited(), Urgency::LEAST);
    });
}

#[test]
fn an_owner_is_as_urgent_as_its_waiter_until_it_unlocks() {
    check(|| {
        let me = Thread::new(1);
        me.begin();
        let number = Arc::new(Number::new());
        let held = number.lock();
        let inside = number.clone();
        let waiter = spawn(9, move || inside.lock().add());
        if waiter.0.is_waiting() {
            assert_eq!(me.urgency_now(), Urgency::new(9, Priority::NORMAL));
        }
        drop(held);
        assert_eq!(me.urgency_now(), Urgency::new(1, Priority::NORMAL));
        join([waiter]);
    });
}

#[test]
fn a_notification_that_comes_as_the_waiter_goes_to_sleep_is_not_lost() {
    check(|| {
        Thread::new(1).begin();
        let shared = Arc::new((Number::new(), Condvar::new()));
        let inside = shared.clone();
        let waiter = spawn(3, move || {
            let mut number = inside.0.lock();
            while number.get() == 0 {
                number = inside.1.wait(number);
            }
            number.add();
        });
        shared.0.lock().add();
        shared.1.notify_one();
        join([waiter]);
        assert_eq!(shared.0.try_lock().expect("free").get(), 2);
    });
}

#[test]
fn all_who_wait_are_woken_and_contend_for_the_mutex() {
    check(|| {
        Thread::new(1).begin();
        let shared = Arc::new((Number::new(), Condvar::new()));
        let waiters: Vec<_> = [3, 7]
            .into_iter()
            .map(|class| {
                let shared = shared.clone();
                spawn(class, move || {
                    let mut number = shared.0.lock();
                    while number.get() == 0 {
                        number = shared.1.wait(number);
                    }
                    number.add();
                })
            })
            .collect();
        {
            let mut number = shared.0.lock();
            number.add();
            shared.1.notify_all();
        }
        join(waiters);
        assert_eq!(shared.0.try_lock().expect("free").get(), 3);
    });
}

#[test]
fn a_notification_goes_to_one_who_has_not_timed_out() {
    check(|| {
        Thread::new(1).begin();
        let shared = Arc::new((Number::new(), Condvar::new()));
        let (impatient, patient) = (shared.clone(), shared.clone());
        // Whichever the notification wakes, the number is there: the one that gives up takes nothing.
        let first = spawn(3, move || {
            let number = impatient.0.lock();
            if number.get() == 0 {
                drop(impatient.1.wait_timeout(number, Duration::ZERO));
            }
            // It may have been woken, and hands that on.
            impatient.1.notify_one();
        });
        let second = spawn(5, move || {
            let mut number = patient.0.lock();
            while number.get() == 0 {
                number = patient.1.wait(number);
            }
        });
        first.0.run_out();
        shared.0.lock().add();
        shared.1.notify_one();
        join([first, second]);
        assert!(shared.0.try_lock().is_some());
    });
}
