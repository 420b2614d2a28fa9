//! CPU time of a thread that runs, that sleeps, that waits for its turn, and that has ended.

use core::time::Duration;

use super::{
    super::{
        aside::Aside,
        expect::Expect,
        hogs::Hogs,
        session::{Ended, Session},
    },
    micros,
};
use crate::{
    thread::{self, State},
    time::Instant,
};

/// Realtime class of the thread that keeps another one waiting.
const OBSTACLE: u8 = 10;

pub(super) fn check(session: &mut Session<'_>, aside: &Aside, time: Duration) -> Result<(), Ended> {
    running(session)?;
    asleep(session, aside, time)?;
    waiting(session, aside, time)?;
    ended(session, aside)
}

/// While a thread runs and nobody may take its core, its time advances as the clock does.
fn running(session: &mut Session<'_>) -> Result<(), Ended> {
    let held = thread::preempt_disable();
    let (outer, before) = (Instant::now(), thread::cpu_time());
    let inner = Instant::now();
    while inner.elapsed() < Duration::from_millis(20) {
        core::hint::spin_loop();
    }
    let least = inner.elapsed();
    let cpu = thread::cpu_time().saturating_sub(before);
    let most = outer.elapsed();
    drop(held);
    // What is rounded down on either side is less than a microsecond.
    let expected = Expect::Between(micros(least) - 1, micros(most) + 1);
    session.check("cputime.running", "microseconds", expected, micros(cpu));
    session.sleep(Duration::ZERO)
}

/// While a thread sleeps, its time stands still.
fn asleep(session: &mut Session<'_>, aside: &Aside, time: Duration) -> Result<(), Ended> {
    let id = "cputime.asleep";
    let handle = session.spawned(id, aside.builder().spawn(thread::park))?;
    session.wait(id, "it is parked", || {
        handle.thread().info().state == State::Parked
    })?;
    // It has declared to wait; it has left its core when that has been through its scheduler.
    session.sleep(Duration::from_millis(10))?;
    let before = handle.thread().info();
    session.sleep(time)?;
    let after = handle.thread().info();
    let grown = (after.cpu_time.saturating_sub(before.cpu_time)).as_nanos() as u64;
    session.check(id, "nanoseconds of a sleeper", Expect::Exactly(0), grown);
    let is_some = !before.cpu_time.is_zero();
    session.is("cputime.asleep.some", "it ran before", is_some);
    handle.thread().unpark();
    session.join(id, handle)
}

/// While a thread waits for its turn, its time stands still; that of the one which runs does not.
fn waiting(session: &mut Session<'_>, aside: &Aside, time: Duration) -> Result<(), Ended> {
    let id = "cputime.waiting";
    let hogs = session.spawned(id, Hogs::spawn(&[Some(aside.test); 2]))?;
    session.wait(id, "both started", || hogs.all_advanced(&[0, 0]))?;
    hogs.thread(0).set_realtime(OBSTACLE);
    let rounds = hogs.rounds();
    session.wait(id, "one runs and one waits", || {
        hogs.rounds()[0] > rounds[0] && hogs.thread(1).info().state == State::Ready
    })?;
    session.sleep(Duration::from_millis(10))?;
    let (outer, before) = (Instant::now(), hogs.infos());
    let inner = Instant::now();
    session.sleep(time)?;
    let least = inner.elapsed();
    let after = hogs.infos();
    let most = outer.elapsed();
    let grown = |which: usize| {
        let (new, old) = (after[which].cpu_time, before[which].cpu_time);
        new.saturating_sub(old)
    };
    let what = "nanoseconds of one that waits";
    let waited = grown(1).as_nanos() as u64;
    session.check(id, what, Expect::Exactly(0), waited);
    let what = "microseconds of the one that runs";
    let ran = micros(grown(0));
    let at_most = Expect::AtMost(micros(most) + 1);
    session.check("cputime.alone.most", what, at_most, ran);
    // This thread and the console's are on the same core, if there is one only.
    let at_least = Expect::AtLeast(micros(least) * 9 / 10);
    session.figure("cputime.alone.least", what, at_least, ran);
    session.join_all(id, hogs.stop())
}

/// The time of a thread that has ended stays what it was, and is at least what it knows to have run.
fn ended(session: &mut Session<'_>, aside: &Aside) -> Result<(), Ended> {
    let id = "cputime.ended";
    let work = || {
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(5) {
            core::hint::spin_loop();
        }
        thread::cpu_time()
    };
    let handle = session.spawned(id, aside.builder().spawn(work))?;
    let thread = handle.thread().clone();
    let own = session.join(id, handle)?;
    let first = thread.info().cpu_time;
    session.sleep(Duration::from_millis(20))?;
    let second = thread.info().cpu_time;
    session.is(id, "no less than it saw itself", first >= own);
    let grown = second.saturating_sub(first).as_nanos() as u64;
    let what = "nanoseconds since it ended";
    session.check("cputime.ended.still", what, Expect::Exactly(0), grown);
    Ok(())
}
