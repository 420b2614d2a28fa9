//! Pinning realtime threads: themselves, one that runs, one that waits; and unpinned, one that runs stays.

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
};

/// Several looks of the balance.
const WHILE: Duration = Duration::from_millis(300);

/// A realtime thread that computes, and says where it is, until this is dropped.
struct Roamer {
    stop: Cancel,
    /// The core it is on, plus one; 0: it has not run yet.
    place: Arc<AtomicU64>,
    handle: JoinHandle<()>,
}

impl Roamer {
    fn spawn(session: &mut Session<'_>, stage: &Stage, id: &str) -> Result<Self, Ended> {
        let (stop, place) = (Cancel::new(), Arc::new(AtomicU64::new(0)));
        let (is_over, here) = (stop.clone(), place.clone());
        let work = move || {
            while !is_over.is_requested() {
                here.store(place_of(cores::current()), Ordering::Relaxed);
            }
        };
        let handle = session.spawned(id, stage.actor(LOW).spawn(work))?;
        Ok(Self {
            stop,
            place,
            handle,
        })
    }

    fn thread(&self) -> &Thread {
        self.handle.thread()
    }

    /// Pins it; it must come to run there.
    fn send(&self, session: &mut Session<'_>, id: &str, core: CoreId) -> Result<(), Ended> {
        session.require(id, "pinned", self.thread().pin(core).is_ok())?;
        self.arrives(session, id, core)
    }

    fn arrives(&self, session: &mut Session<'_>, id: &str, core: CoreId) -> Result<(), Ended> {
        let is_there = || self.place.load(Ordering::Relaxed) == place_of(core);
        session.wait(id, "it runs there", is_there)
    }
}

impl Drop for Roamer {
    fn drop(&mut self) {
        self.stop.request();
    }
}

fn place_of(core: CoreId) -> u64 {
    core.index() as u64 + 1
}

pub(super) fn check(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    session.require("sched.pin.leave", "pinned", stage.leave().is_ok())?;
    oneself(session, stage)
        .and_then(|()| running(session, stage))
        .and_then(|()| queued(session, stage))
}

/// It pins itself: when the call returns, it is there.
fn oneself(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    let id = "sched.pin.self";
    let route = [stage.first, stage.test, stage.first];
    let work = move || {
        route
            .iter()
            .filter(|core| thread::pin(**core).is_ok() && cores::current() == **core)
            .count() as u64
    };
    let handle = session.spawned(id, stage.actor(LOW).spawn(work))?;
    let arrived = session.join(id, handle)?;
    session.check(id, "cores reached", Expect::Exactly(3), arrived);
    Ok(())
}

/// One that runs is sent to and fro; unpinned, it stays where it is, in its class.
fn running(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    let id = "sched.pin.running";
    let roamer = Roamer::spawn(session, stage, id)?;
    roamer.arrives(session, id, stage.test)?;
    for core in [stage.first, stage.test, stage.first, stage.test] {
        roamer.send(session, id, core)?;
    }
    session.is(id, "it went", true);

    let id = "sched.pin.unpin";
    roamer.thread().unpin();
    let before = roamer.thread().info();
    session.sleep(WHILE)?;
    let after = roamer.thread().info();
    let moved = after.migrations - before.migrations;
    session.is(id, "not pinned", before.pinned.is_none());
    session.check(
        "sched.pin.unpin.stays",
        "migrations",
        Expect::Exactly(0),
        moved,
    );
    session.check(
        "sched.pin.unpin.class",
        "realtime class",
        Expect::Exactly(LOW.into()),
        after.realtime.into(),
    );
    end(session, id, roamer)
}

/// One that waits behind its equal is sent to another core: it runs there.
fn queued(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    let id = "sched.pin.queued";
    let ahead = Roamer::spawn(session, stage, id)?;
    ahead.arrives(session, id, stage.test)?;
    let behind = Roamer::spawn(session, stage, id)?;
    session.sleep(Duration::from_millis(50))?;
    let is_ready = behind.thread().info().state == State::Ready;
    session.is(
        "sched.pin.queued.waits",
        "it waits behind its equal",
        is_ready,
    );
    let place = behind.place.load(Ordering::Relaxed);
    session.check(
        "sched.pin.queued.still",
        "place where it ran",
        Expect::Exactly(0),
        place,
    );
    behind.send(session, id, stage.first)?;
    session.is(id, "it went", true);
    end(session, id, behind)?;
    end(session, id, ahead)
}

fn end(session: &mut Session<'_>, id: &str, roamer: Roamer) -> Result<(), Ended> {
    roamer.stop.request();
    session.wait(id, "it ended", || roamer.handle.is_finished())
}
