//! Each thread has its own values, from their first use to its end, on whatever core.

use alloc::vec::Vec;
use core::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

use super::super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores,
    thread::{self, Builder},
};

/// Values that were made.
static MADE: AtomicU64 = AtomicU64::new(0);
/// Values that were dropped.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// What a value starts as.
const START: u64 = 1_000;

/// A value whose beginning and end are counted.
struct Counted(Cell<u64>);

impl Counted {
    fn new() -> Self {
        MADE.fetch_add(1, Ordering::Relaxed);
        Self(Cell::new(START))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

crate::thread_local! {
    static FIRST: Counted = Counted::new();
    static SECOND: Cell<u64> = Cell::new(0);
    static UNUSED: Counted = Counted::new();
    static OUTER: u64 = SECOND.with(Cell::get) + FIRST.with(|first| first.0.get());
}

const THREADS: u64 = 16;
const ROUNDS: u64 = 200;

pub(super) fn check(session: &mut Session<'_>) -> Result<(), Ended> {
    counts(session)?;
    fresh(session)?;
    nested(session)?;
    moved(session)
}

fn grown(counter: &AtomicU64, before: u64) -> u64 {
    counter.load(Ordering::Relaxed) - before
}

/// Threads that count in two values each and yield in between: nobody sees another's; and each value is made
/// once, and dropped by the time its thread has been joined.
fn counts(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "tls.own";
    let made = MADE.load(Ordering::Relaxed);
    let dropped = DROPPED.load(Ordering::Relaxed);
    let mut handles = Vec::new();
    for me in 0..THREADS {
        handles.push(session.spawned(id, thread::spawn(move || count(me)))?);
    }
    // What is known of the threads outlives them; their values must not wait for that.
    let known: Vec<_> = handles
        .iter()
        .map(|handle| handle.thread().clone())
        .collect();
    let mut wrong = 0;
    for handle in handles {
        wrong += session.join(id, handle)?;
    }
    let what = "values that were not the thread's own";
    session.check(id, what, Expect::Exactly(0), wrong);
    let each = Expect::Exactly(THREADS);
    let (made, dropped) = (grown(&MADE, made), grown(&DROPPED, dropped));
    session.check("tls.made", "values made", each, made);
    session.check("tls.dropped", "values dropped", each, dropped);
    drop(known);
    Ok(())
}

/// Counts in two values, giving way in between; how often one was not what this thread had put there.
fn count(me: u64) -> u64 {
    let mut wrong = 0;
    SECOND.with(|second| second.set(me));
    for round in 0..ROUNDS {
        let before = FIRST.with(|first| first.0.replace(START + 1 + round));
        wrong += u64::from(before != START + round);
        thread::yield_now();
        wrong += u64::from(SECOND.with(Cell::get) != me);
    }
    wrong
}

/// A thread that gets the memory of one that has ended does not get its values.
fn fresh(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "tls.fresh";
    let mut stale = 0;
    for round in 1..=100_u64 {
        let work = move || SECOND.with(|second| second.replace(round));
        let handle = session.spawned(id, thread::spawn(work))?;
        stale += u64::from(session.join(id, handle)? != 0);
    }
    let what = "threads that began with another's value";
    session.check(id, what, Expect::Exactly(0), stale);
    Ok(())
}

/// A value may be made from other values, and one that nobody asks for is not made.
fn nested(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "tls.nested";
    let made = MADE.load(Ordering::Relaxed);
    let work = || {
        SECOND.with(|second| second.set(7));
        OUTER.with(|outer| *outer)
    };
    let handle = session.spawned(id, thread::spawn(work))?;
    let got = session.join(id, handle)?;
    session.check(id, "value", Expect::Exactly(START + 7), got);
    let what = "values made";
    session.check("tls.lazy", what, Expect::Exactly(1), grown(&MADE, made));
    // It is a key like the others: the first that asks gets it.
    let work = || UNUSED.with(|unused| unused.0.get());
    let handle = session.spawned(id, thread::spawn(work))?;
    let got = session.join(id, handle)?;
    session.check("tls.lazy.value", "value", Expect::Exactly(START), got);
    Ok(())
}

/// A value stays where it is while its thread goes from core to core.
fn moved(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "tls.moved";
    let work = || {
        let place = || FIRST.with(|first| core::ptr::from_ref(first) as usize);
        let (start, mut wrong) = (place(), 0_u64);
        for core in cores::online().chain(cores::online()) {
            wrong += u64::from(thread::pin(core).is_err());
            wrong += u64::from(place() != start);
        }
        wrong
    };
    let handle = session.spawned(id, Builder::new().name("mover").spawn(work))?;
    let wrong = session.join(id, handle)?;
    let what = "cores on which the value was elsewhere";
    session.check(id, what, Expect::Exactly(0), wrong);
    Ok(())
}
