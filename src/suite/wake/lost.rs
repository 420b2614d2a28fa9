//! No wake-up is lost, early, late or many at once, and none counts twice.

use alloc::{sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores,
    shell::Cancel,
    sync::Mutex,
    thread::{self, Builder, Thread},
    time::Instant,
};

/// How many rounds of these come to one of the others, which take longer.
const FACTOR: u64 = 40;

pub(super) fn check(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    kept(session)?;
    ping_pong(session, rounds * FACTOR)?;
    many(session, rounds * FACTOR)
}

/// An `unpark` that comes before its `park` is kept; a second one before it is the same one.
fn kept(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "wake.kept";
    let asked = Duration::from_millis(30);
    let work = move || {
        let me = thread::current();
        me.unpark();
        me.unpark();
        // Without a limit: a token that was lost would be waited for, for ever, and told as a hang.
        thread::park();
        let start = Instant::now();
        thread::park_timeout(asked);
        start.elapsed() >= asked
    };
    let handle = session.spawned(id, thread::spawn(work))?;
    let is_once = session.join(id, handle)?;
    session.is(id, "two before one park are one", is_once);
    Ok(())
}

/// What two threads that take turns share.
struct Turns {
    /// Turns so far; the lowest bit says whose it is.
    count: AtomicU64,
    /// The two, as soon as they run.
    threads: [Mutex<Option<Thread>>; 2],
}

/// Two threads that wake each other in turn, on one core and on two: each turn comes.
fn ping_pong(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let (Some(first), Some(last)) = (cores::online().next(), cores::online().last()) else {
        return Ok(());
    };
    for (id, cores) in [
        ("wake.turns.together", [last, last]),
        ("wake.turns.apart", [first, last]),
    ] {
        let turns = Arc::new(Turns {
            count: AtomicU64::new(0),
            threads: [Mutex::new(None), Mutex::new(None)],
        });
        let mut handles = Vec::new();
        for (me, core) in cores.into_iter().enumerate() {
            let (turns, cancel) = (turns.clone(), session.cancel());
            let work = move || turns.take(me, rounds, &cancel);
            let spawned = Builder::new().name("turns").core(core).spawn(work);
            handles.push(session.spawned(id, spawned)?);
        }
        session.join_busy(id, handles, &turns.count)?;
        let count = turns.count.load(Ordering::Relaxed);
        session.check(id, "turns", Expect::Exactly(2 * rounds), count);
    }
    Ok(())
}

impl Turns {
    /// Waits for each turn asleep, and wakes the other. Ends the whole when it is asked to stop.
    fn take(&self, me: usize, rounds: u64, cancel: &Cancel) {
        *self.threads[me].lock() = Some(thread::current());
        for _ in 0..rounds {
            while self.count.load(Ordering::Acquire) % 2 != me as u64 && !cancel.is_requested() {
                thread::park();
            }
            if cancel.is_requested() {
                break;
            }
            self.count.fetch_add(1, Ordering::Release);
            self.wake(1 - me);
        }
        self.wake(1 - me);
    }

    /// Wakes one of the two. One that has not come so far sees whose turn it is before it sleeps.
    fn wake(&self, which: usize) {
        if let Some(thread) = &*self.threads[which].lock() {
            thread.unpark();
        }
    }
}

/// Threads on all cores wake one thread, which must see all that they had done before.
fn many(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let id = "wake.many";
    let count = Arc::new(AtomicU64::new(0));
    let wakers: Vec<_> = cores::online().collect();
    let total = rounds * wakers.len() as u64;
    let (seen, cancel) = (count.clone(), session.cancel());
    let work = move || {
        while seen.load(Ordering::Acquire) < total && !cancel.is_requested() {
            thread::park();
        }
    };
    let spawned = Builder::new().name("woken").spawn(work);
    let sleeper = session.spawned(id, spawned)?;
    let mut handles = Vec::new();
    for core in wakers {
        let (count, sleeper) = (count.clone(), sleeper.thread().clone());
        let cancel = session.cancel();
        let work = move || {
            for _ in 0..rounds {
                count.fetch_add(1, Ordering::Release);
                sleeper.unpark();
                if cancel.is_requested() {
                    break;
                }
            }
        };
        let spawned = Builder::new().name("waker").core(core).spawn(work);
        handles.push(session.spawned(id, spawned)?);
    }
    handles.push(sleeper);
    session.join_busy(id, handles, &count)?;
    let woken = count.load(Ordering::Relaxed);
    session.check(id, "wake-ups", Expect::Exactly(total), woken);
    Ok(())
}
