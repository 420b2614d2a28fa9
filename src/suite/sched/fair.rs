//! Equal threads: each gets as much as the others, also beside one that sleeps now and then. The loops of
//! `misc-scheduler`: the factor is how many times as long as alone one takes.

use core::time::Duration;

use ufmt::uwriteln;

use super::{
    super::{
        expect::Expect,
        hogs::Hogs,
        session::{Ended, Session},
        slices::factor_permille,
    },
    Stage,
};
use crate::{
    shell::{Cancel, pad},
    thread::{self, JoinHandle, ThreadInfo},
    time::Instant,
};

/// How long the thread that comes and goes computes, and how long it sleeps, in milliseconds; and what the
/// check is called.
static PERIODS: [(u64, &str); 6] = [
    (1, "sched.fair.1ms"),
    (2, "sched.fair.2ms"),
    (4, "sched.fair.4ms"),
    (8, "sched.fair.8ms"),
    (16, "sched.fair.16ms"),
    (32, "sched.fair.32ms"),
];

/// How long it takes until hardly anything is left of what the first had used before the last came: three times the
/// policy's time constant.
const SETTLE: Duration = Duration::from_millis(600);

pub(super) fn check(session: &mut Session<'_>, stage: &Stage, time: Duration) -> Result<(), Ended> {
    session.require("sched.fair.leave", "pinned", stage.leave().is_ok())?;
    equal(session, stage, time)?;
    PERIODS
        .iter()
        .try_for_each(|row| beside(session, stage, *row, time))
}

fn factor(before: &ThreadInfo, after: &ThreadInfo, elapsed: Duration) -> u64 {
    let cpu = after.cpu_time.saturating_sub(before.cpu_time);
    factor_permille(elapsed.as_micros() as u64, cpu.as_micros() as u64)
}

/// Four hogs on a core: each takes four times as long as alone.
fn equal(session: &mut Session<'_>, stage: &Stage, time: Duration) -> Result<(), Ended> {
    let id = "sched.fair.equal";
    let hogs = session.spawned(id, Hogs::spawn(&[Some(stage.test); 4]))?;
    session.wait(id, "all started", || hogs.all_advanced(&[0; 4]))?;
    session.sleep(SETTLE)?;
    let (rounds, before, start) = (hogs.rounds(), hogs.infos(), Instant::now());
    session.sleep(time)?;
    let (after, elapsed) = (hogs.infos(), start.elapsed());
    session.wait(id, "each advanced", || hogs.all_advanced(&rounds))?;
    session.is(id, "each advanced", true);
    for (old, new) in before.iter().zip(&after) {
        let factor = factor(old, new, elapsed);
        let what = "thousandths of the time that it takes alone";
        let expected = Expect::Between(3_700, 4_300);
        session.figure("sched.fair.equal.factor", what, expected, factor);
    }
    session.join_all(id, hogs.stop())
}

/// A thread that computes and sleeps by turns, until this is dropped.
struct Guest {
    stop: Cancel,
    handle: Option<JoinHandle<()>>,
}

impl Guest {
    fn spawn(
        session: &mut Session<'_>,
        stage: &Stage,
        id: &str,
        period: Duration,
    ) -> Result<Self, Ended> {
        let stop = Cancel::new();
        let is_over = stop.clone();
        let work = move || {
            while !is_over.is_requested() {
                let start = thread::cpu_time();
                while thread::cpu_time().saturating_sub(start) < period {
                    core::hint::spin_loop();
                }
                thread::sleep(period);
            }
        };
        let handle = session.spawned(id, stage.actor(0).spawn(work))?;
        let handle = Some(handle);
        Ok(Self { stop, handle })
    }

    fn info(&self) -> Option<ThreadInfo> {
        self.handle.as_ref().map(|handle| handle.thread().info())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.stop.request();
    }
}

/// A hog beside a thread that computes half of the time, in short runs or in long ones: the hog takes twice as
/// long as alone. What the other has slept is not held against the hog, and is not lost to the other.
fn beside(
    session: &mut Session<'_>,
    stage: &Stage,
    (period_ms, id): (u64, &'static str),
    time: Duration,
) -> Result<(), Ended> {
    let hogs = session.spawned(id, Hogs::spawn(&[Some(stage.test)]))?;
    session.wait(id, "it started", || hogs.all_advanced(&[0]))?;
    let period = Duration::from_millis(period_ms);
    let mut guest = Guest::spawn(session, stage, id, period)?;
    // The newcomer is ahead at first.
    session.sleep(Duration::from_millis(150))?;
    let (rounds, before, start) = (hogs.rounds(), hogs.infos(), Instant::now());
    let guest_before = guest.info();
    session.sleep(time)?;
    let (after, elapsed) = (hogs.infos(), start.elapsed());
    let has_run = || {
        let pair = guest.info().zip(guest_before.clone());
        pair.is_some_and(|(new, old)| new.cpu_time > old.cpu_time)
    };
    session.wait(id, "both ran", || hogs.all_advanced(&rounds) && has_run())?;
    session.is(id, "both ran", true);
    let factor = factor(&before[0], &after[0], elapsed);
    let (ms, times) = (pad::right(period_ms, 2), pad::fixed(factor, 3));
    let _ = uwriteln!(
        session.out(),
        "hog beside {} ms on, {} ms off: x{}",
        ms,
        ms,
        times
    );
    let what = "thousandths of the time that it takes alone";
    let expected = Expect::Between(1_800, 2_200);
    session.figure("sched.fair.factor", what, expected, factor);
    guest.stop.request();
    let handle = guest.handle.take();
    session.join_all(id, handle)?;
    session.join_all(id, hogs.stop())
}
