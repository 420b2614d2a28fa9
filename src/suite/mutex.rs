//! `mutex`: one thread at a time, whatever the others do, also across a yield; and nobody less urgent comes
//! between a thread and the owner of what it waits for. The checks of `misc-mutex`, and of inversion.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores,
    report::Verdict,
    shell::{Arg, Cancel, Command, Context, Spec},
    sync::Mutex,
    thread::{self, Builder},
    time::Instant,
};

mod counts;
mod holder;
mod inherit;
mod inversion;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "mutex",
        summary: "Check that a mutex excludes, and that its owner inherits from who waits",
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
            Arg::flag(
                "strict",
                "Assert how long a waiter waits too (needs -icount or a board)",
            ),
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
    let _: Result<(), Ended> = try_lock(&mut session)
        .and_then(|()| timeout(&mut session))
        .and_then(|()| exclusion(&mut session, rounds))
        .and_then(|()| counts::check(&mut session, rounds))
        .and_then(|()| inversion::check(&mut session))
        .and_then(|()| inherit::check(&mut session));
    session.finish()
}

/// `try_lock` takes what is free, and refuses what another thread holds.
fn try_lock(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "mutex.try";
    let mutex = Arc::new(Mutex::new(()));
    let inside = mutex.clone();
    let held = mutex.lock();
    let handle = session.spawned(id, thread::spawn(move || inside.try_lock().is_some()))?;
    let while_held = session.join(id, handle)?;
    drop(held);
    session.is("mutex.try-held", "refused while held", !while_held);
    session.is(
        "mutex.try-free",
        "taken when free",
        mutex.try_lock().is_some(),
    );
    session.is(
        "mutex.try-again",
        "taken when free again",
        mutex.try_lock().is_some(),
    );
    Ok(())
}

/// A wait for what another thread holds ends in its time; what comes in time is had.
fn timeout(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "mutex.timeout";
    let mutex = Arc::new(Mutex::new(()));
    let inside = mutex.clone();
    let held = mutex.lock();
    let work = move || {
        let start = Instant::now();
        let early = inside.lock_timeout(Duration::from_millis(20)).is_some();
        let took = start.elapsed();
        (early, took, inside.lock_timeout(PATIENT).is_some())
    };
    let handle = session.spawned(id, thread::spawn(work))?;
    session.sleep(Duration::from_millis(100))?;
    drop(held);
    let (early, took, late) = session.join(id, handle)?;
    session.is(id, "not taken while held", !early);
    let (least, took) = (Expect::AtLeast(20_000), took.as_micros() as u64);
    session.check("mutex.timeout.us", "microseconds", least, took);
    session.is("mutex.timeout.late", "taken in time", late);
    let is_free = mutex.try_lock().is_some();
    session.is("mutex.timeout.after", "free when all are gone", is_free);
    Ok(())
}

/// Longer than a check waits for anything.
const PATIENT: Duration = Duration::from_secs(60);

/// What the mutex of this check protects.
#[derive(Default)]
struct Guarded {
    owner: usize,
    rounds: u64,
    /// How often a thread saw another's mark while it held the lock.
    intruders: u64,
}

/// How often a thread looks whether its mark still stands, before and after it yields inside.
const LOOKS: u32 = 50;

/// Threads on every core, and two on the first: each marks what is protected as its own, looks at the mark,
/// yields with the lock held, and looks again.
fn exclusion(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let id = "mutex.exclusion";
    let guarded = Arc::new(Mutex::new(Guarded::default()));
    let cancel = session.cancel();
    let mut handles = Vec::new();
    for (me, core) in cores::online().chain(cores::online().next()).enumerate() {
        let (guarded, cancel) = (guarded.clone(), cancel.clone());
        let work = move || {
            (0..rounds)
                .take_while(|_| enter(&guarded, me + 1, &cancel))
                .count()
        };
        let spawned = Builder::new().name("mutex").core(core).spawn(work);
        handles.push(session.spawned(id, spawned)?);
    }
    let done: usize = session.returned_by_all(id, handles)?.into_iter().sum();
    session.sleep(Duration::ZERO)?;
    let guarded = guarded.lock();
    session.check(
        id,
        "marks of others seen inside",
        Expect::Exactly(0),
        guarded.intruders,
    );
    let what = "rounds counted under the lock";
    session.check(
        "mutex.count",
        what,
        Expect::Exactly(done as u64),
        guarded.rounds,
    );
    let threads = cores::count_online() as u64 + 1;
    session.check(
        "mutex.rounds",
        "rounds",
        Expect::Exactly(threads * rounds),
        done as u64,
    );
    Ok(())
}

/// One critical section; `false` when the command is asked to stop.
fn enter(guarded: &Mutex<Guarded>, me: usize, cancel: &Cancel) -> bool {
    let mut inside = guarded.lock();
    inside.intruders += u64::from(inside.owner != 0);
    inside.owner = me;
    for look in 0..2 * LOOKS {
        if look == LOOKS {
            thread::yield_now();
        }
        inside.intruders += u64::from(core::hint::black_box(&inside.owner) != &me);
    }
    inside.rounds += 1;
    inside.owner = 0;
    !cancel.is_requested()
}
