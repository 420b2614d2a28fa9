//! What it costs to count in a global and in a thread-local value. The figures of `misc-tls`.

use alloc::{sync::Arc, vec};
use core::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

use ufmt::uwriteln;

use super::super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{shell::pad, thread::Builder, time::Instant};

/// Looked at for the request to stop after so many.
const BATCH: u64 = 10_000;

static GLOBAL: AtomicU64 = AtomicU64::new(0);

crate::thread_local! {
    static LOCAL: Cell<u64> = Cell::new(0);
}

/// Counts in both, in a thread that has one value only. The count is right, and that takes time.
pub(super) fn check(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let id = "tls.count";
    let cancel = session.cancel();
    let all_done = Arc::new(AtomicU64::new(0));
    let progress = all_done.clone();
    let work = move || {
        let timed = |step: fn()| {
            let start = Instant::now();
            let mut done = 0;
            while done < rounds && !cancel.is_requested() {
                let batch = BATCH.min(rounds - done);
                (0..batch).for_each(|_| step());
                done += batch;
                progress.fetch_add(batch, Ordering::Relaxed);
            }
            start.elapsed().as_nanos() as u64
        };
        let global = GLOBAL.load(Ordering::Relaxed);
        let ns = [
            timed(|| {
                let count = GLOBAL.load(Ordering::Relaxed);
                GLOBAL.store(core::hint::black_box(count + 1), Ordering::Relaxed);
            }),
            timed(|| LOCAL.with(|local| local.set(core::hint::black_box(local.get() + 1)))),
        ];
        let counts = [
            GLOBAL.load(Ordering::Relaxed) - global,
            LOCAL.with(Cell::get),
        ];
        (counts, ns)
    };
    let handle = session.spawned(id, Builder::new().name("counter").spawn(work))?;
    let Some((counts, ns)) = session.join_busy(id, vec![handle], &all_done)?.pop() else {
        return Ok(());
    };
    for ((name, count), ns) in ["global", "local"].into_iter().zip(counts).zip(ns) {
        let what = "increments";
        session.check(id, what, Expect::Exactly(rounds), count);
        let positive = Expect::AtLeast(1);
        session.check("tls.cost", "nanoseconds in all", positive, ns);
        let each = pad::fixed(ns * 1_000 / rounds, 3);
        let _ = uwriteln!(session.out(), "{} = {} ns/increment", name, each);
    }
    Ok(())
}
