//! Normal threads do not run while a realtime one can, and a change of class takes effect at once.

use core::time::Duration;

use super::{
    super::{
        expect::Expect,
        hogs::Hogs,
        session::{Ended, Session},
    },
    DIRECTOR, LOW, Stage,
};
use crate::{
    thread::{self, Priority, State},
    time::Instant,
};

/// Long enough for several slices of the normal class.
const WHILE: Duration = Duration::from_millis(50);

/// Within what a change from another core is seen, in microseconds: it must not wait for the next look of the
/// balance, which is every 100 ms. (With `-icount` the cores take turns, which delays it.)
const AT_ONCE: Expect = Expect::AtMost(20_000);

pub(super) fn check(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    session.require("sched.class.enter", "pinned", stage.enter().is_ok())?;
    normal_waits(session, stage).and_then(|()| queued(session, stage))
}

/// A thread of the lowest realtime class computes and yields: a normal one with the largest share does not run.
fn normal_waits(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    let id = "sched.class.normal";
    let favoured = stage
        .actor(0)
        .priority(Priority::from_percent(Priority::MIN_PERCENT));
    let hogs = session.spawned(id, Hogs::spawn_each([favoured]))?;
    session.wait(id, "the normal one started", || hogs.all_advanced(&[0]))?;
    let (me, start) = (thread::current(), Instant::now());
    let before = hogs.rounds();
    me.set_realtime(1);
    while start.elapsed() < 2 * WHILE {
        thread::yield_now();
    }
    me.set_realtime(DIRECTOR);
    let after = hogs.rounds();
    let moved = after[0] - before[0];
    session.check(id, "rounds of the normal one", Expect::Exactly(0), moved);
    session.wait(id, "the normal one went on", || hogs.all_advanced(&after))?;
    session.join_all(id, hogs.stop())
}

/// One of two normal hogs that wait becomes a realtime one: from then on it alone runs, until it is a normal one
/// again.
fn queued(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    let id = "sched.class.queued";
    let hogs = session.spawned(id, Hogs::spawn(&[Some(stage.test); 2]))?;
    session.wait(id, "both started", || hogs.all_advanced(&[0, 0]))?;
    for chosen in [0, 1, 0] {
        hogs.thread(chosen).set_realtime(LOW);
        only(session, id, &hogs, chosen)?;
        hogs.thread(chosen).set_realtime(0);
        both(session, id, &hogs)?;
    }
    session.join_all(id, hogs.stop())
}

/// The same from another core, which does not disturb the hogs: what waits, what runs, and back.
pub(super) fn from_elsewhere(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    session.require("sched.class.leave", "pinned", stage.leave().is_ok())?;
    let id = "sched.class.remote";
    // The second has so small a share that its turn does not come by itself.
    let percents = [
        Priority::NORMAL,
        Priority::from_percent(Priority::MAX_PERCENT),
    ];
    let builders = percents.map(|percent| stage.actor(0).priority(percent));
    let hogs = session.spawned(id, Hogs::spawn_each(builders))?;
    session.wait(id, "both started", || hogs.all_advanced(&[0, 0]))?;

    let id = "sched.class.remote.queued";
    session.wait(id, "it waits", || {
        hogs.thread(1).info().state == State::Ready
    })?;
    let start = (hogs.rounds(), Instant::now());
    hogs.thread(1).set_realtime(LOW);
    delay(
        session,
        "sched.class.remote.queued.delay",
        &hogs,
        (1, start),
    )?;
    stage.pass(session, id)?;
    only(session, id, &hogs, 1)?;

    let start = (hogs.rounds(), Instant::now());
    hogs.thread(1).set_realtime(0);
    delay(session, "sched.class.remote.back.delay", &hogs, (0, start))?;
    hogs.thread(1).set_priority(Priority::NORMAL);
    both(session, "sched.class.remote.back", &hogs)?;

    let id = "sched.class.remote.running";
    for chosen in [0, 1] {
        let thread = hogs.thread(chosen);
        session.wait(id, "it runs", || thread.info().state == State::Running)?;
        thread.set_realtime(LOW);
        stage.pass(session, id)?;
        only(session, id, &hogs, chosen)?;
        thread.set_realtime(0);
        both(session, id, &hogs)?;
    }
    session.join_all(id, hogs.stop())
}

/// One hog advances, the other does not.
fn only(session: &mut Session<'_>, id: &str, hogs: &Hogs, chosen: usize) -> Result<(), Ended> {
    let before = hogs.rounds();
    let has_advanced = || hogs.rounds()[chosen] > before[chosen];
    session.wait(id, "the realtime one advanced", has_advanced)?;
    session.sleep(WHILE)?;
    let other = 1 - chosen;
    let moved = hogs.rounds()[other] - before[other];
    session.check(id, "rounds of the normal one", Expect::Exactly(0), moved);
    Ok(())
}

/// Both advance again.
fn both(session: &mut Session<'_>, id: &str, hogs: &Hogs) -> Result<(), Ended> {
    let before = hogs.rounds();
    session.wait(id, "both advanced", || hogs.all_advanced(&before))
}

/// How long it takes until one hog advances.
fn delay(
    session: &mut Session<'_>,
    id: &str,
    hogs: &Hogs,
    (which, (before, start)): (usize, (alloc::vec::Vec<u64>, Instant)),
) -> Result<(), Ended> {
    let has_advanced = || hogs.rounds()[which] > before[which];
    session.wait(id, "it advanced", has_advanced)?;
    let delay_us = start.elapsed().as_micros() as u64;
    session.figure(id, "microseconds until it ran", AT_ONCE, delay_us);
    Ok(())
}
