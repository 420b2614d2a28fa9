//! The mutex: one thread at a time, whatever the others do, and also across a yield.

use alloc::{sync::Arc, vec::Vec};

use super::super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores,
    shell::Cancel,
    sync::Mutex,
    thread::{self, Builder, JoinHandle},
};

pub(super) fn check(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    try_lock(session)?;
    exclusion(session, rounds)
}

/// `try_lock` takes what is free, and refuses what another thread holds.
fn try_lock(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "sync.mutex.try";
    let mutex = Arc::new(Mutex::new(()));
    let inside = mutex.clone();
    let held = mutex.lock();
    let handle = session.spawned(id, thread::spawn(move || inside.try_lock().is_some()))?;
    let while_held = session.join(id, handle)?;
    drop(held);
    session.is("sync.mutex.try-held", "refused while held", !while_held);
    session.is(
        "sync.mutex.try-free",
        "taken when free",
        mutex.try_lock().is_some(),
    );
    session.is(
        "sync.mutex.try-again",
        "taken when free again",
        mutex.try_lock().is_some(),
    );
    Ok(())
}

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
    let id = "sync.mutex.exclusion";
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
    // As long as there are rounds; the threads see the request to stop.
    let done: usize = handles.into_iter().map(JoinHandle::join).sum();
    session.sleep(core::time::Duration::ZERO)?;
    let guarded = guarded.lock();
    session.check(
        id,
        "marks of others seen inside",
        Expect::Exactly(0),
        guarded.intruders,
    );
    let what = "rounds counted under the lock";
    session.check(
        "sync.mutex.count",
        what,
        Expect::Exactly(done as u64),
        guarded.rounds,
    );
    let threads = cores::count_online() as u64 + 1;
    session.check(
        "sync.mutex.rounds",
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
