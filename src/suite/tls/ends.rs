//! The end of thread-local values: in which order, in which thread, and what their destructors may do. The work
//! of `tst-pthread-tsd`.

use alloc::{sync::Arc, vec::Vec};
use core::{
    cell::{Cell, RefCell},
    sync::atomic::{AtomicU64, Ordering},
};

use super::super::{
    expect::Expect,
    order::Order,
    session::{Ended, Session},
};
use crate::thread::{self, ThreadId};

/// Values of [`AGAIN`] that were made.
static MADE: AtomicU64 = AtomicU64::new(0);
/// Values of [`AGAIN`] that were dropped.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// A value whose destructor sets a new one under the same key, so many times.
struct Again(Cell<u64>);

impl Again {
    fn new() -> Self {
        MADE.fetch_add(1, Ordering::Relaxed);
        Self(Cell::new(0))
    }
}

impl Drop for Again {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
        if let Some(left) = self.0.get().checked_sub(1) {
            AGAIN.with(|again| again.0.set(left));
        }
    }
}

/// A value whose destructor leaves a digit, or a 9 if it runs in another thread.
#[derive(Default)]
struct Noted(RefCell<Option<(u8, ThreadId, Arc<Order>)>>);

impl Noted {
    fn set(&self, digit: u8, order: &Arc<Order>) {
        *self.0.borrow_mut() = Some((digit, thread::current().id(), order.clone()));
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        if let Some((digit, owner, order)) = self.0.take() {
            let is_own = thread::current().id() == owner;
            order.leave(if is_own { digit } else { 9 });
            // The last one makes another one, of a key that this thread has not used.
            if digit == 0 {
                LATE.with(|late| late.set(3, &order));
            }
        }
    }
}

crate::thread_local! {
    static AGAIN: Again = Again::new();
    static A: Noted = Noted::default();
    static B: Noted = Noted::default();
    static C: Noted = Noted::default();
    static LATE: Noted = Noted::default();
}

/// Threads whose destructors set new values; as many as the original has.
const THREADS: u64 = 10;

pub(super) fn check(session: &mut Session<'_>) -> Result<(), Ended> {
    order(session)?;
    recursive(session, "tls.recursive", "tls.recursive.made", 1)?;
    recursive(session, "tls.recursive.4", "tls.recursive.4.made", 4)?;
    detached(session)
}

/// Newest first, each in its own thread, and what a destructor makes is dropped too.
fn order(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "tls.order";
    let order = Arc::new(Order::new());
    let inside = order.clone();
    let work = move || {
        for (digit, key) in [(0, &A), (1, &B), (2, &C)] {
            key.with(|noted| noted.set(digit, &inside));
        }
        // At the end of its thread, and not before.
        inside.text().is_empty()
    };
    let handle = session.spawned(id, thread::spawn(work))?;
    let is_empty = session.join(id, handle)?;
    session.is("tls.order.before", "alive until the end", is_empty);
    let text = order.text();
    let _ = ufmt::uwriteln!(session.out(), "{}: {}, expected 2103", id, text.as_str());
    session.is(id, "order as expected", text.as_str() == "2103");
    Ok(())
}

/// So many times the destructor sets a new value under its own key: each is made and dropped, then the thread
/// ends.
fn recursive(session: &mut Session<'_>, id: &str, made: &str, times: u64) -> Result<(), Ended> {
    let count = || [&MADE, &DROPPED].map(|counter| counter.load(Ordering::Relaxed));
    let before = count();
    let mut handles = Vec::new();
    for _ in 0..THREADS {
        let work = move || AGAIN.with(|again| again.0.set(times));
        handles.push(session.spawned(id, thread::spawn(work))?);
    }
    session.join_all(id, handles)?;
    let after = count();
    let all = Expect::Exactly(THREADS * (1 + times));
    session.check(made, "values made", all, after[0] - before[0]);
    session.check(id, "values dropped", all, after[1] - before[1]);
    Ok(())
}

/// A thread that nobody waits for drops its values too.
fn detached(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "tls.detached";
    let before = DROPPED.load(Ordering::Relaxed);
    for _ in 0..THREADS {
        drop(session.spawned(id, thread::spawn(|| AGAIN.with(|_| ())))?);
    }
    let dropped = || DROPPED.load(Ordering::Relaxed) - before;
    session.wait(id, "all dropped theirs", || dropped() >= THREADS)?;
    let all = Expect::Exactly(THREADS);
    session.check(id, "values dropped", all, dropped());
    Ok(())
}
