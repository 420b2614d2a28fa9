//! What waits behind a realtime thread that never stops gets away to another core.

use alloc::sync::Arc;
use core::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{
    super::{
        expect::Expect,
        session::{Ended, Session},
    },
    LOW, Stage,
};
use crate::{
    cores::{self, CoreId},
    shell::Cancel,
    thread::{self, JoinHandle, State, Thread},
    time::Instant,
};

/// How long the sleeper sleeps.
const SLEEP: Duration = Duration::from_millis(50);

/// Within what both run elsewhere, in microseconds: a look of the balance for each, and a half.
const SOON: Expect = Expect::AtMost(300_000);

/// Where a thread ran after it had waited, and when.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    core: CoreId,
    at: Instant,
}

impl Arrival {
    fn here() -> Self {
        Self {
            core: cores::current(),
            at: Instant::now(),
        }
    }
}

/// A realtime thread on the core under test that, once unparked, computes until this is dropped. Not pinned.
struct Obstacle {
    stop: Cancel,
    /// Counter value at which it began; 0 before.
    began_ticks: Arc<AtomicU64>,
    handle: Option<JoinHandle<()>>,
}

impl Obstacle {
    fn spawn(session: &mut Session<'_>, stage: &Stage, id: &str) -> Result<Self, Ended> {
        let (stop, began_ticks) = (Cancel::new(), Arc::new(AtomicU64::new(0)));
        let (is_over, began) = (stop.clone(), began_ticks.clone());
        let work = move || {
            thread::park();
            began.store(Instant::now().ticks(), Ordering::Relaxed);
            while !is_over.is_requested() {
                core::hint::spin_loop();
            }
        };
        let handle = session.spawned(id, stage.actor(LOW).spawn(work))?;
        let obstacle = Self {
            stop,
            began_ticks,
            handle: Some(handle),
        };
        let thread = obstacle.thread();
        session.wait(id, "the realtime one is parked", || {
            thread.is_some_and(|thread| thread.info().state == State::Parked)
        })?;
        if let Some(thread) = thread {
            thread.unpin();
        }
        Ok(obstacle)
    }

    fn thread(&self) -> Option<&Thread> {
        self.handle.as_ref().map(JoinHandle::thread)
    }

    fn begin(&self, session: &mut Session<'_>, id: &str) -> Result<(), Ended> {
        if let Some(thread) = self.thread() {
            thread.unpark();
        }
        session.wait(id, "the realtime one runs", || self.began() != 0)
    }

    fn began(&self) -> u64 {
        self.began_ticks.load(Ordering::Relaxed)
    }
}

impl Drop for Obstacle {
    fn drop(&mut self) {
        self.stop.request();
        if let Some(thread) = self.thread() {
            thread.unpark();
        }
    }
}

pub(super) fn check(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    let id = "sched.behind";
    session.require(id, "pinned", stage.leave().is_ok())?;
    let mut obstacle = Obstacle::spawn(session, stage, id)?;
    let parked = || {
        thread::unpin();
        thread::park();
        Arrival::here()
    };
    let ready = session.spawned(id, stage.actor(0).spawn(parked))?;
    let state = |handle: &JoinHandle<Arrival>| handle.thread().info().state;
    session.wait(id, "one is parked", || state(&ready) == State::Parked)?;
    let asleep = || {
        thread::unpin();
        let until = Instant::now() + SLEEP;
        thread::sleep_until(until);
        (until, Arrival::here())
    };
    let sleeper = session.spawned(id, stage.actor(0).spawn(asleep))?;
    // It may even have slept by now: the host's time does not wait.
    session.wait(id, "one sleeps", || {
        sleeper.is_finished() || sleeper.thread().info().state == State::Sleeping
    })?;
    obstacle.begin(session, id)?;
    let woken = Instant::now();
    ready.thread().unpark();

    let arrival = session.join("sched.behind.ready", ready)?;
    let ids = ["sched.behind.ready", "sched.behind.ready.delay"];
    judge(session, stage, ids, (woken, arrival));
    let (until, arrival) = session.join("sched.behind.sleeper", sleeper)?;
    if arrival.at.ticks() > obstacle.began() {
        let ids = ["sched.behind.sleeper", "sched.behind.sleeper.delay"];
        judge(session, stage, ids, (until, arrival));
    } else {
        super::say(
            session,
            "sched.behind.sleeper",
            "woke before the realtime thread began",
        );
    }
    let home = obstacle.thread().map(|thread| thread.info().core);
    session.is(
        "sched.behind.obstacle",
        "the realtime one stayed",
        home == Some(stage.test),
    );
    obstacle.stop.request();
    let handle = obstacle.handle.take();
    session.join_all("sched.behind.end", handle)
}

/// It ran on another core, and soon.
fn judge(
    session: &mut Session<'_>,
    stage: &Stage,
    [place, delay]: [&str; 2],
    (since, arrival): (Instant, Arrival),
) {
    session.is(place, "it ran on another core", arrival.core != stage.test);
    let delay_us = arrival.at.duration_since(since).as_micros() as u64;
    session.figure(delay, "microseconds until it ran", SOON, delay_us);
}
