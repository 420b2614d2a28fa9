//! Deadlines so far away that a timer of 31 or 32 bits takes them for past ones.

use core::time::Duration;

use super::{
    super::{
        expect::Expect,
        session::{Ended, Session},
    },
    LATE_US,
};
use crate::{
    thread::{self, Builder, State},
    time::{self, Instant},
};

/// How long it is watched that a far deadline does not come.
const WHILE: Duration = Duration::from_millis(50);

pub(super) fn check(session: &mut Session<'_>, long: Option<Duration>) -> Result<(), Ended> {
    let second = Duration::from_secs(1);
    let past = |ticks: u64| time::duration(ticks) + second;
    for (id, timeout) in [
        ("timers.far.31-bits", past(1 << 31)),
        ("timers.far.32-bits", past(1 << 32)),
        ("timers.far.63-bits", past(1 << 63)),
        ("timers.far.never", Duration::MAX),
    ] {
        does_not_come(session, id, timeout)?;
    }
    long.map_or(Ok(()), |asked| really(session, asked))
}

/// A thread parked until then is still parked after a while, and `unpark` ends it.
fn does_not_come(session: &mut Session<'_>, id: &str, timeout: Duration) -> Result<(), Ended> {
    let work = move || thread::park_timeout(timeout);
    let handle = session.spawned(id, Builder::new().name("far").spawn(work))?;
    session.wait(id, "it is parked", || {
        handle.is_finished() || handle.thread().info().state == State::Parked
    })?;
    session.sleep(WHILE)?;
    let is_parked = handle.thread().info().state == State::Parked;
    session.is(id, "still parked", is_parked && !handle.is_finished());
    handle.thread().unpark();
    session.join(id, handle)
}

/// One sleep of that length: under `-icount` an idle machine's time costs nothing.
fn really(session: &mut Session<'_>, asked: Duration) -> Result<(), Ended> {
    let id = "timers.long";
    let start = Instant::now();
    session.sleep(asked)?;
    let (asked, took) = (asked.as_micros() as u64, start.elapsed().as_micros() as u64);
    let what = "microseconds";
    session.check(id, what, Expect::AtLeast(asked), took);
    let most = Expect::AtMost(asked + LATE_US);
    session.figure("timers.long.late", what, most, took);
    Ok(())
}
