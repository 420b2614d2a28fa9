//! One thread of `soak`: carries out its orders, and crashes if that is one.

use core::sync::atomic::Ordering;

use super::{
    super::{crash::kinds::Kind, wrong::require},
    draw::Holds,
    meetings::MEETINGS,
    stage::{Order, STAGE, Slot},
    works::WORKS,
};
use crate::thread::{Builder, Reason};

/// The name of every thread of `soak`, but for the one that runs the command.
pub(super) const NAME: &str = "soak.thread";

/// What a thread does in place number `me`.
pub(super) fn work(me: usize) {
    let slot = &STAGE.slots[me];
    while let Some(order) = slot.take() {
        // Before and not after it: a crash is carried out too.
        slot.done.fetch_add(1, Ordering::Relaxed);
        match order {
            Order::Work { what, argument } => STAGE.note(WORKS[what](argument)),
            Order::Meet {
                what,
                argument,
                side,
                meeting,
            } => STAGE.note(MEETINGS[what](&meeting, side, argument)),
            Order::Crash { kind, holds } => return crash(slot, kind, holds),
            Order::Child { kind, fault } => child(fault, kind.reason, kind.raise),
            Order::Poison { panic } => return poison(me, panic),
            Order::End => return,
        }
    }
}

/// Crashes inside of what it is told. Nothing that it owns lies on the heap then.
fn crash(slot: &Slot, kind: &Kind, holds: Holds) {
    match holds {
        Holds::Nothing => (kind.raise)(),
        Holds::Mutex(lock) => {
            let mut pair = STAGE.enter(lock);
            pair[0] += 1;
            (kind.raise)();
        }
        Holds::TwoMutexes(lock) => {
            let (mut one, mut other) = (STAGE.enter(lock), STAGE.enter(lock + 1));
            one[0] += 1;
            other[0] += 1;
            (kind.raise)();
        }
        Holds::Write => {
            let mut number = slot.own.write();
            *number += 1;
            (kind.raise)();
        }
        Holds::Read => {
            let _number = slot.own.read();
            (kind.raise)();
        }
    }
}

/// Starts a thread that crashes, and looks by what it ended.
fn child(fault: usize, reason: Reason, raise: impl FnOnce() + Send + 'static) {
    let Ok(handle) = Builder::new().name(NAME).spawn(raise) else {
        return STAGE.note(require("threads for which there is memory", 1, 0));
    };
    if handle.join() == Err(reason) {
        STAGE.count_survived(fault);
    }
}

/// Has a thread crash with a mutex, and takes it.
fn poison(me: usize, panic: usize) {
    let grave = &STAGE.slots[me].grave;
    child(panic, Reason::Panic, move || {
        let _held = grave.lock();
        panic!("on purpose, with a mutex that another one takes");
    });
    drop(grave.lock());
}
