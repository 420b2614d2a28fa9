//! All threads' CPU time and the idle time of all cores are the time that the cores had.

use alloc::vec::Vec;
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
    cores::{self, CoreId},
    thread::{self, ThreadId},
    time::Instant,
};

/// What everybody had at about one moment: all of it was looked at between `before` and `after`.
struct Account {
    before: Instant,
    threads: Vec<(ThreadId, Duration)>,
    idle: Vec<(CoreId, Duration)>,
    after: Instant,
}

impl Account {
    fn take() -> Self {
        let before = Instant::now();
        let threads = thread::list();
        let threads = threads.iter().map(|info| (info.id, info.cpu_time));
        let threads = threads.collect();
        let idle = cores::online().map(|core| (core, cores::stats(core).idle));
        let idle = idle.collect();
        Self {
            before,
            threads,
            idle,
            after: Instant::now(),
        }
    }

    /// What was run and idled since `earlier`.
    fn since(&self, earlier: &Self) -> Duration {
        let grown =
            |new: Duration, old: Option<Duration>| new.saturating_sub(old.unwrap_or_default());
        let ran: Duration = self
            .threads
            .iter()
            .map(|(id, time)| {
                let old = earlier.threads.iter().find(|(known, _)| known == id);
                grown(*time, old.map(|(_, time)| *time))
            })
            .sum();
        let idled: Duration = self
            .idle
            .iter()
            .zip(&earlier.idle)
            .map(|((_, new), (_, old))| grown(*new, Some(*old)))
            .sum();
        ran + idled
    }
}

/// With a core that is used, a core that is shared and cores that are idle.
pub(super) fn check(session: &mut Session<'_>, aside: &Aside, time: Duration) -> Result<(), Ended> {
    let id = "cputime.sum";
    let hogs = session.spawned(id, Hogs::spawn(&[Some(aside.test), Some(aside.test)]))?;
    session.wait(id, "both started", || hogs.all_advanced(&[0, 0]))?;
    // Nobody of those who were counted may end in between; these hogs do not.
    let first = Account::take();
    session.sleep(time)?;
    let second = Account::take();
    let cores = cores::count_online() as u32;
    let least = second.before.duration_since(first.after) * cores;
    let most = second.after.duration_since(first.before) * cores;
    let sum = second.since(&first);
    // Each figure is rounded down to a nanosecond.
    let expected = Expect::Between(micros(least).saturating_sub(50), micros(most) + 50);
    session.check(id, "microseconds of all cores", expected, micros(sum));
    session.join_all(id, hogs.stop())?;
    idle(session, aside, time)
}

/// While nothing runs on a core, its idle time advances as the clock does.
fn idle(session: &mut Session<'_>, aside: &Aside, time: Duration) -> Result<(), Ended> {
    let id = "cputime.idle";
    if aside.is_alone {
        let _ = ufmt::uwriteln!(session.out(), "{}: the only core is not idle", id);
        return Ok(());
    }
    session.sleep(Duration::from_millis(20))?;
    let outer = Instant::now();
    let before = cores::stats(aside.test).idle;
    let inner = Instant::now();
    session.sleep(time)?;
    let least = inner.elapsed();
    let after = cores::stats(aside.test).idle;
    let most = outer.elapsed();
    let grown = micros(after.saturating_sub(before));
    let what = "microseconds without work";
    let at_most = Expect::AtMost(micros(most) + 1);
    session.check("cputime.idle.most", what, at_most, grown);
    let at_least = Expect::AtLeast(micros(least) * 9 / 10);
    session.figure(id, what, at_least, grown);
    Ok(())
}
