//! `sem`: never more inside than there are permits, and none lost. The checks of `tst-semaphore` and
//! `tst-sem-timed-wait`.

use alloc::{sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores,
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    sync::Semaphore,
    thread::{self, Builder, State},
    time::Instant,
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "sem",
        summary: "Check that a semaphore counts, keeps its order, and ends a wait in time",
        args: &[
            Arg::number(
                "rounds",
                1,
                1_000_000_000,
                "Critical sections of each thread",
            )
            .or_number(2_000)
            .option(),
            Arg::flag("full", "100,000 rounds"),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let rounds = if ctx.flag("full") {
        100_000
    } else {
        ctx.number("rounds")
    };
    let mut session = Session::new(ctx);
    let _: Result<(), Ended> = timeout(&mut session)
        .and_then(|()| order(&mut session))
        .and_then(|()| race(&mut session, rounds))
        .and_then(|()| bound(&mut session, rounds));
    session.finish()
}

/// Without a permit an acquire ends in its time; a release from another thread ends it before.
fn timeout(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "sem.timeout";
    let semaphore = Arc::new(Semaphore::new(1));
    let taken = semaphore.try_acquire();
    let empty = !semaphore.try_acquire();
    session.is("sem.try", "one permit, taken once", taken && empty);
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
        "sem.timeout.us",
        "microseconds",
        least,
        took.as_micros() as u64,
    );
    session.is("sem.release", "the released permit came", late);
    Ok(())
}

/// Permits go to those who wait in the order in which they came.
fn order(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "sem.order";
    let shared = Arc::new((Semaphore::new(0), AtomicU64::new(0)));
    let mut handles = Vec::new();
    for me in 0..8 {
        let inside = shared.clone();
        let work = move || {
            inside.0.acquire();
            inside.1.fetch_add(1, Ordering::Relaxed) == me
        };
        let handle = session.spawned(id, Builder::new().name("waiter").spawn(work))?;
        session.wait(id, "it waits", || {
            handle.thread().info().state == State::Waiting
        })?;
        handles.push(handle);
    }
    let mut in_turn = 0;
    for (woken, handle) in handles.into_iter().enumerate() {
        shared.0.release();
        session.wait(id, "one was woken", || {
            shared.1.load(Ordering::Relaxed) > woken as u64
        })?;
        in_turn += u64::from(session.join(id, handle)?);
    }
    session.check(id, "first come, first served", Expect::Exactly(8), in_turn);
    Ok(())
}

/// Waits whose time runs out at the moment at which a permit comes: each permit is had once.
fn race(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let id = "sem.race";
    let shared = Arc::new((Semaphore::new(0), AtomicU64::new(0)));
    let mut handles = Vec::new();
    for core in cores::online() {
        let inside = shared.clone();
        let work = move || {
            let (mut had, mut tries) = (0_u64, 0_u64);
            while inside.1.load(Ordering::Acquire) == 0 {
                tries += 1;
                // From 10 to 290 us: about as long as a permit takes to come.
                let pause = Duration::from_micros(10 + tries % 8 * 40);
                had += u64::from(inside.0.acquire_timeout(pause));
            }
            had
        };
        let spawned = Builder::new().name("impatient").core(core).spawn(work);
        handles.push(session.spawned(id, spawned)?);
    }
    let mut given = 0;
    let mut is_stopped = Ok(());
    while given < rounds && is_stopped.is_ok() {
        shared.0.release();
        given += 1;
        if given % 16 == 0 {
            is_stopped = session.sleep(Duration::from_micros(100));
        }
    }
    shared.1.store(1, Ordering::Release);
    is_stopped?;
    let mut had = 0;
    for handle in handles {
        had += session.join(id, handle)?;
    }
    let left = core::iter::from_fn(|| shared.0.try_acquire().then_some(())).count() as u64;
    session.check(
        id,
        "permits had or left",
        Expect::Exactly(given),
        had + left,
    );
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
    let id = "sem.bound";
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
    session.returned_by_all(id, handles)?;
    session.sleep(Duration::ZERO)?;
    let (semaphore, inside) = &*shared;
    let most = inside.most.load(Ordering::Relaxed);
    session.check(id, "threads inside at once", Expect::Between(1, 2), most);
    let total = inside.total.load(Ordering::Relaxed);
    session.check("sem.rounds", "rounds", Expect::Exactly(expected), total);
    let left = (0..3).filter(|_| semaphore.try_acquire()).count() as u64;
    session.check("sem.left", "permits at the end", Expect::Exactly(2), left);
    Ok(())
}
