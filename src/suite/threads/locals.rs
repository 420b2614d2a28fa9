//! Thread-local values: each thread has its own, also after switches, and they are dropped when it ends.

use alloc::vec::Vec;
use core::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

use super::super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::thread;

/// Marked values that were made and not yet dropped.
static ALIVE: AtomicU64 = AtomicU64::new(0);

/// A value whose end is counted.
struct Marked(Cell<u64>);

impl Marked {
    fn new() -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Self(Cell::new(1_000))
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

crate::thread_local! {
    static FIRST: Marked = Marked::new();
    static SECOND: Cell<u64> = Cell::new(0);
}

const THREADS: u64 = 16;
const ROUNDS: u64 = 200;

pub(super) fn check(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "threads.local";
    let before = ALIVE.load(Ordering::Relaxed);
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
    session.check(
        id,
        "values that were not the thread's own",
        Expect::Exactly(0),
        wrong,
    );
    let alive = ALIVE.load(Ordering::Relaxed);
    drop(known);
    session.check(
        "threads.local.drop",
        "values alive",
        Expect::Exactly(before),
        alive,
    );
    Ok(())
}

/// Counts in two values, giving way in between; how often one was not what this thread had put there.
fn count(me: u64) -> u64 {
    let mut wrong = 0;
    SECOND.with(|second| second.set(me));
    for round in 0..ROUNDS {
        wrong += u64::from(FIRST.with(|first| first.0.replace(1_001 + round)) != 1_000 + round);
        thread::yield_now();
        wrong += u64::from(SECOND.with(Cell::get) != me);
    }
    wrong
}
