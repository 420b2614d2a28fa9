//! A thread's share of a core is proportional to 1/priority, from the start and after each change.

use alloc::vec::Vec;
use core::time::Duration;

use ufmt::uwriteln;

use super::{
    super::{
        expect::Expect,
        hogs::Hogs,
        parts::deviation_permille,
        session::{Ended, Session},
    },
    Stage, say,
};
use crate::thread::{Priority, State};

/// How far a share may be off, in tenths of a percent.
const TOLERANCE: Expect = Expect::AtMost(50);

pub(super) fn check(session: &mut Session<'_>, stage: &Stage, time: Duration) -> Result<(), Ended> {
    session.require("sched.share.leave", "pinned", stage.leave().is_ok())?;
    pair(session, stage, time)?;
    mixed(session, stage, time)
}

fn start(
    session: &mut Session<'_>,
    stage: &Stage,
    id: &str,
    percents: &[u32],
) -> Result<Hogs, Ended> {
    let builders = percents
        .iter()
        .map(|percent| stage.actor(0).priority(Priority::from_percent(*percent)));
    let hogs = session.spawned(id, Hogs::spawn_each(builders))?;
    let nowhere: Vec<u64> = percents.iter().map(|_| 0).collect();
    session.wait(id, "all started", || hogs.all_advanced(&nowhere))?;
    Ok(hogs)
}

/// Two hogs, 4 to 1; then the lesser is made equal while it waits; then the other is halved while it runs.
fn pair(session: &mut Session<'_>, stage: &Stage, time: Duration) -> Result<(), Ended> {
    let hogs = start(session, stage, "sched.share.start", &[100, 400])?;
    watch(session, "sched.share.start", &hogs, &[4, 1], time)?;

    let id = "sched.share.queued";
    change(session, id, &hogs, (1, State::Ready), 100)?;
    watch(session, id, &hogs, &[1, 1], time)?;

    let id = "sched.share.running";
    if stage.is_alone() {
        say(
            session,
            id,
            "on the only core, a thread that changes another one has preempted it",
        );
    } else {
        change(session, id, &hogs, (0, State::Running), 200)?;
        watch(session, id, &hogs, &[1, 2], time)?;
    }
    session.join_all("sched.share.end", hogs.stop())
}

/// Two normal ones, one that may have twice as much, one that may have half.
fn mixed(session: &mut Session<'_>, stage: &Stage, time: Duration) -> Result<(), Ended> {
    let id = "sched.share.mixed";
    let hogs = start(session, stage, id, &[100, 100, 50, 200])?;
    watch(session, id, &hogs, &[2, 2, 4, 1], time)?;
    session.join_all(id, hogs.stop())
}

/// Changes the priority of one when it is seen in a state.
fn change(
    session: &mut Session<'_>,
    id: &str,
    hogs: &Hogs,
    (which, state): (usize, State),
    percent: u32,
) -> Result<(), Ended> {
    let thread = hogs.thread(which);
    session.wait(id, "it was seen in that state", || {
        thread.info().state == state
    })?;
    let priority = Priority::from_percent(percent);
    thread.set_priority(priority);
    session.require(id, "priority kept", thread.info().priority == priority)
}

/// All advance; under `--strict`, in these parts.
fn watch(
    session: &mut Session<'_>,
    id: &str,
    hogs: &Hogs,
    parts: &[u64],
    time: Duration,
) -> Result<(), Ended> {
    let (rounds, before) = (hogs.rounds(), hogs.infos());
    session.sleep(time)?;
    let after = hogs.infos();
    session.wait(id, "all advanced", || hogs.all_advanced(&rounds))?;
    let cpu_us = |(new, old): (&crate::thread::ThreadInfo, &crate::thread::ThreadInfo)| {
        new.cpu_time.saturating_sub(old.cpu_time).as_micros() as u64
    };
    let shares: Vec<u64> = after.iter().zip(&before).map(cpu_us).collect();
    for (share, part) in shares.iter().zip(parts) {
        let _ = uwriteln!(session.out(), "{}: {} us for {} parts", id, share, part);
    }
    let off = deviation_permille(&shares, parts);
    session.figure(id, "per mille off its part", TOLERANCE, off);
    Ok(())
}
