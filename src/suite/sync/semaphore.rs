//! The semaphore: never more inside than there are permits, and none lost.

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
    sync::Semaphore,
    thread::{self, Builder, JoinHandle},
    time::Instant,
};

pub(super) fn check(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    timeout(session)?;
    bound(session, rounds)
}

/// Without a permit an acquire ends in its time; a release from another thread ends it before.
fn timeout(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "sync.semaphore.timeout";
    let semaphore = Arc::new(Semaphore::new(1));
    let taken = semaphore.try_acquire();
    let empty = !semaphore.try_acquire();
    session.is(
        "sync.semaphore.try",
        "one permit, taken once",
        taken && empty,
    );
    let inside = semaphore.clone();
    let work = move || {
        let start = Instant::now();
        let got = inside.acquire_timeout(Duration::from_millis(20));
        (
            got,
            start.elapsed(),
            inside.acquire_timeout(Duration::from_secs(20)),
        )
    };
    let handle = session.spawned(id, thread::spawn(work))?;
    session.sleep(Duration::from_millis(100))?;
    semaphore.release();
    let (early, took, late) = session.join(id, handle)?;
    session.is(id, "none came in time", !early);
    let least = Expect::AtLeast(20_000);
    session.check(
        "sync.semaphore.timeout-us",
        "microseconds",
        least,
        took.as_micros() as u64,
    );
    session.is("sync.semaphore.release", "the released permit came", late);
    Ok(())
}

/// Who is inside, and who was at the same time at most.
#[derive(Default)]
struct Inside {
    now: AtomicU64,
    most: AtomicU64,
    total: AtomicU64,
}

/// Three threads on each core, two permits for all of them.
fn bound(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let id = "sync.semaphore.bound";
    let shared = Arc::new((Semaphore::new(2), Inside::default()));
    let cancel = session.cancel();
    let mut handles = Vec::new();
    for core in cores::online().flat_map(|core| [core; 3]) {
        let (shared, cancel) = (shared.clone(), cancel.clone());
        let work = move || {
            let (semaphore, inside) = &*shared;
            for _ in 0..rounds {
                semaphore.acquire();
                let now = inside.now.fetch_add(1, Ordering::Relaxed) + 1;
                inside.most.fetch_max(now, Ordering::Relaxed);
                thread::yield_now();
                inside.total.fetch_add(1, Ordering::Relaxed);
                inside.now.fetch_sub(1, Ordering::Relaxed);
                semaphore.release();
                if cancel.is_requested() {
                    return;
                }
            }
        };
        let spawned = Builder::new().name("semaphore").core(core).spawn(work);
        handles.push(session.spawned(id, spawned)?);
    }
    let expected = handles.len() as u64 * rounds;
    // As long as there are rounds; the threads see the request to stop.
    handles.into_iter().for_each(JoinHandle::join);
    session.sleep(Duration::ZERO)?;
    let (semaphore, inside) = &*shared;
    let most = inside.most.load(Ordering::Relaxed);
    session.check(id, "threads inside at once", Expect::Between(1, 2), most);
    let total = inside.total.load(Ordering::Relaxed);
    session.check(
        "sync.semaphore.rounds",
        "rounds",
        Expect::Exactly(expected),
        total,
    );
    let left = (0..3).filter(|_| semaphore.try_acquire()).count() as u64;
    session.check(
        "sync.semaphore.left",
        "permits at the end",
        Expect::Exactly(2),
        left,
    );
    Ok(())
}
