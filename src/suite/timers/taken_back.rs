//! Timers that somebody else was faster than: they are taken back, whoever wins, wherever the thread is then.

use alloc::sync::Arc;
use core::time::Duration;

use super::super::{
    expect::Expect,
    random::Random,
    session::{Ended, Session},
};
use crate::{
    cores::{self, CoreId},
    shell::Cancel,
    sync::Semaphore,
    thread::{self, Builder, State},
    time::Instant,
};

pub(super) fn check(session: &mut Session<'_>) -> Result<(), Ended> {
    stale(session)?;
    race(session)?;
    let Some(cores) = session.two_cores("timers.moved") else {
        return Ok(());
    };
    moved(session, cores)
}

/// How often a park is ended early.
const PARKS: u64 = 10;
/// How long it would have lasted.
const PARK: Duration = Duration::from_millis(150);

/// A timer that was not needed does not end a later sleep.
fn stale(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "timers.stale";
    let work = || {
        let (mut unparked, mut early) = (0, 0);
        for round in 0..=PARKS {
            let start = Instant::now();
            thread::park_timeout(PARK);
            unparked += u64::from(start.elapsed() < PARK);
            // At last one that lasts until all timers that were set would have fired.
            let asked = if round < PARKS { PARK / 15 } else { PARK };
            let start = Instant::now();
            thread::sleep(asked);
            early += u64::from(start.elapsed() < asked);
        }
        (unparked, early)
    };
    let handle = session.spawned(id, Builder::new().name("parked").spawn(work))?;
    let is_parked = || handle.is_finished() || handle.thread().info().state == State::Parked;
    for _ in 0..PARKS {
        session.wait(id, "it is parked", is_parked)?;
        handle.thread().unpark();
        session.sleep(Duration::from_millis(3))?;
    }
    let (unparked, early) = session.join(id, handle)?;
    let what = "parks that were ended early";
    session.check("timers.stale.parks", what, Expect::AtLeast(1), unparked);
    let what = "sleeps that a timer ended which was set before";
    session.check(id, what, Expect::Exactly(0), early);
    Ok(())
}

/// How often a timer and a waker race.
const RACES: u64 = 500;
/// Within this each of the two comes.
const RACE_US: u64 = 300;

/// The timer and a waker come at about the same moment, over and over: one of them has the thread, and no
/// permit is lost or given twice.
fn race(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "timers.race";
    let permits = Arc::new(Semaphore::new(0));
    let cancel = session.cancel();
    let (taker_permits, taker_cancel) = (permits.clone(), cancel.clone());
    let taker = move || take(&taker_permits, &taker_cancel);
    let mut cores = cores::online();
    let builder = |core: CoreId| Builder::new().name("race").core(core);
    let Some(here) = cores.next() else {
        return Ok(());
    };
    let there = cores.last().unwrap_or(here);
    let taker = session.spawned(id, builder(here).spawn(taker))?;
    let giver_permits = permits.clone();
    let giver = move || give(&giver_permits, &cancel);
    let giver = session.spawned(id, builder(there).spawn(giver))?;
    let given = session.join(id, giver)?;
    let (taken, timed_out) = session.join(id, taker)?;
    session.sleep(Duration::ZERO)?;
    let mut left = 0;
    while permits.try_acquire() {
        left += 1;
    }
    session.check(
        "timers.race.given",
        "permits",
        Expect::Exactly(RACES),
        given,
    );
    let what = "permits taken or left";
    session.check(id, what, Expect::Exactly(given), taken + left);
    let what = "rounds that ended";
    let all = Expect::Exactly(RACES);
    session.check("timers.race.rounds", what, all, taken + timed_out);
    Ok(())
}

fn take(permits: &Semaphore, cancel: &Cancel) -> (u64, u64) {
    let mut random = Random::new(1);
    let (mut taken, mut timed_out) = (0, 0);
    while taken + timed_out < RACES && !cancel.is_requested() {
        if permits.acquire_timeout(Duration::from_micros(random.below(RACE_US))) {
            taken += 1;
        } else {
            timed_out += 1;
        }
    }
    (taken, timed_out)
}

fn give(permits: &Semaphore, cancel: &Cancel) -> u64 {
    let mut random = Random::new(2);
    let mut given = 0;
    while given < RACES && !cancel.is_requested() {
        let (start, pause) = (Instant::now(), Duration::from_micros(random.below(RACE_US)));
        while start.elapsed() < pause {
            core::hint::spin_loop();
        }
        permits.release();
        given += 1;
    }
    given
}

/// A thread that sleeps on one core's timer and is pinned to another core meanwhile: it wakes there, and not
/// before its time.
fn moved(session: &mut Session<'_>, [one, other]: [CoreId; 2]) -> Result<(), Ended> {
    let id = "timers.moved";
    let asked = Duration::from_millis(100);
    for (from, to) in [(one, other), (other, one)] {
        let work = move || {
            let start = Instant::now();
            thread::sleep(asked);
            (start.elapsed() >= asked, cores::current())
        };
        let handle = session.spawned(id, Builder::new().core(from).spawn(work))?;
        session.wait(id, "it sleeps", || {
            handle.is_finished() || handle.thread().info().state == State::Sleeping
        })?;
        session.require(id, "pinned", handle.thread().pin(to).is_ok())?;
        let is_too_late = handle.is_finished();
        let (in_time, core) = session.join(id, handle)?;
        session.is("timers.moved.early", "not before its time", in_time);
        // The host may have let it sleep to the end before it was pinned.
        if !is_too_late {
            session.is(id, "it woke on the other core", core == to);
        }
    }
    Ok(())
}
