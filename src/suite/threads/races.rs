//! Joining, detaching and looking at a thread at every moment of its end, and the end of a thread after which
//! a new one runs for the first time.

use alloc::sync::Arc;
use core::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use super::super::{
    aside::Aside,
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    thread::{self, Builder, JoinHandle, State},
    time::Instant,
};

pub(super) fn check(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    ends(session, rounds)?;
    first_run(session)?;
    joiner_beside_hog(session)
}

/// How far the moment at which a thread is joined is shifted from round to round, in turns of an empty loop.
const SHIFT: u64 = 7;

/// The longest delay, in turns of an empty loop.
const LONGEST: u64 = 3_000;

/// A thread ends on one core while another core joins it, lets it go, or looks whether it has ended: a little
/// later each time, so that it happens before, during and after the end.
fn ends(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let id = "threads.ends";
    let Some(aside) = Aside::step() else {
        return Ok(());
    };
    let ended = Arc::new(AtomicU64::new(0));
    let (mut wrong, mut early, mut found_running) = (0, 0, 0_u64);
    for round in 0..rounds {
        let count = ended.clone();
        let work = move || {
            count.fetch_add(1, Ordering::Release);
            round
        };
        let handle = session.spawned(id, aside.builder().spawn(work))?;
        for _ in 0..round * SHIFT % LONGEST {
            core::hint::spin_loop();
        }
        found_running += u64::from(!handle.is_finished());
        match round % 3 {
            0 => wrong += u64::from(handle.join() != Ok(round)),
            1 => drop(handle),
            _ => {
                let (of_round, is_early) = look(session, id, handle)?;
                wrong += u64::from(of_round != round);
                early += u64::from(is_early);
            }
        }
        session.sleep(Duration::ZERO)?;
    }
    session.wait(id, "all ended", || ended.load(Ordering::Acquire) == rounds)?;
    session.check(id, "wrong results", Expect::Exactly(0), wrong);
    let what = "threads that had ended and were not gone";
    session.check("threads.ends.gone", what, Expect::Exactly(0), early);
    let _ = ufmt::uwriteln!(
        session.out(),
        "{}: {} of {} were still alive when they were joined or let go",
        id,
        found_running,
        rounds
    );
    Ok(())
}

/// Joins a thread that says that it has ended: that must not wait, and it must be off the list of threads.
fn look(
    session: &mut Session<'_>,
    id: &str,
    handle: JoinHandle<u64>,
) -> Result<(u64, bool), Ended> {
    session.wait(id, "it ended", || handle.is_finished())?;
    let number = handle.thread().id();
    let is_listed = thread::list().iter().any(|info| info.id == number);
    Ok((session.returned(id, handle.join())?, is_listed))
}

/// How long the new thread waits for the old one to be gone. It needs none.
const PATIENCE: Duration = Duration::from_secs(2);

/// A thread ends, and what runs next on its core is one that never ran before: that one frees it, before its
/// function begins. (In OSv it stays until the next switch.)
fn first_run(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "threads.first-run";
    let Some(aside) = Aside::step() else {
        return Ok(());
    };
    let is_pinned = thread::pin(aside.test).is_ok();
    session.require(id, "pinned", is_pinned)?;
    // Both stand in the queue before the first runs, because this thread goes first.
    let builder = || Builder::new().core(aside.test).realtime(10);
    let ends = session.spawned(id, builder().spawn(|| ()))?;
    let ending = ends.thread().id();
    let work = move || {
        // Nothing else runs on this core until the guard is dropped.
        let _held = thread::preempt_disable();
        let start = Instant::now();
        let is_there = || thread::list().iter().any(|info| info.id == ending);
        while is_there() && start.elapsed() < PATIENCE {
            core::hint::spin_loop();
        }
        !is_there()
    };
    let next = session.spawned(id, builder().spawn(work))?;
    let is_gone = session.join(id, next)?;
    session.is(id, "the one before it was gone", is_gone);
    session.join(id, ends)
}

/// A thread ends, what runs next on its core would never give it up, and who waits for the end is more urgent: it comes
/// into the queue when that is already decided, and must not wait until something else happens on that core.
fn joiner_beside_hog(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "threads.joiner";
    let Some(aside) = Aside::step() else {
        return Ok(());
    };
    let ends = aside.builder().realtime(1).spawn(thread::park);
    let ends = session.spawned(id, ends)?;
    let ending = ends.thread().clone();
    let joins = aside.builder().realtime(2).spawn(move || _ = ends.join());
    let joins = session.spawned(id, joins)?;
    let joiner = joins.thread().clone();
    session.wait(id, "both wait", || {
        ending.info().state == State::Parked && joiner.info().state == State::Waiting
    })?;
    let (runs, is_over) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let (begins, stop) = (runs.clone(), is_over.clone());
    let hog = aside.builder().spawn(move || {
        begins.store(true, Ordering::Relaxed);
        while !stop.load(Ordering::Relaxed) {
            core::hint::spin_loop();
        }
    });
    let hog = session.spawned(id, hog)?;
    session.wait(id, "the hog runs", || runs.load(Ordering::Relaxed))?;
    ending.unpark();
    let has_joined = session.join(id, joins);
    is_over.store(true, Ordering::Relaxed);
    has_joined?;
    session.join(id, hog)
}
