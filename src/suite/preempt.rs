//! `preempt`: threads that never yield share a core, a core with one of them takes no timer interrupt, and a
//! guard holds the switch off.

use core::time::Duration;

use ufmt::uwriteln;

use super::{
    expect::{Expect, spread_permille},
    hogs::Hogs,
    session::{Ended, Session},
};
use crate::{
    cores::{self, CoreId},
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    thread::{self, ThreadInfo},
    time::Instant,
};

mod guard;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "preempt",
        summary: "Check preemption: shares of a core, quiet timer, the guard that holds it off",
        args: &[
            Arg::number("seconds", 1, 600, "How long two threads share a core")
                .or_number(2)
                .option(),
            Arg::flag(
                "strict",
                "Assert shares and slices too (needs -icount or a board)",
            ),
        ],
    },
    run,
};

/// The core for the threads under test: the last that is online. Where there are others, this thread keeps
/// to the first, so that its own timers are not counted.
struct Place {
    test: CoreId,
    is_alone: bool,
}

fn run(ctx: &mut Context) -> Verdict {
    let seconds = Duration::from_secs(ctx.number("seconds"));
    let mut session = Session::new(ctx);
    let Some(place) = Place::take() else {
        return Verdict::Failed;
    };
    // An end before its time is counted already, or makes the verdict "aborted".
    let _: Result<(), Ended> = counts(&mut session)
        .and_then(|()| shares(&mut session, &place, seconds))
        .and_then(|()| quiet_timer(&mut session, &place))
        .and_then(|()| guard::check(&mut session, place.test));
    thread::unpin();
    session.finish()
}

impl Place {
    fn take() -> Option<Self> {
        let first = cores::online().next()?;
        let test = cores::online().last()?;
        thread::pin(first).ok()?;
        Some(Self {
            test,
            is_alone: first != test,
        })
    }
}

/// The preemption count is 0 wherever no guard is held.
fn counts(session: &mut Session<'_>) -> Result<(), Ended> {
    let what = "preemption count";
    session.check(
        "preempt.count.here",
        what,
        Expect::Exactly(0),
        preempt_count(),
    );
    let handle = session.spawned("preempt.count.new", thread::spawn(preempt_count))?;
    let got = session.join("preempt.count.new", handle)?;
    session.check("preempt.count.new", what, Expect::Exactly(0), got);
    let outer = thread::preempt_disable();
    let inner = thread::preempt_disable();
    let got = preempt_count();
    drop(inner);
    let left = preempt_count();
    drop(outer);
    session.check("preempt.count.nested", what, Expect::Exactly(2), got);
    session.check("preempt.count.released", what, Expect::Exactly(1), left);
    session.check(
        "preempt.count.after",
        what,
        Expect::Exactly(0),
        preempt_count(),
    );
    Ok(())
}

fn preempt_count() -> u64 {
    u64::from(thread::preempt_count())
}

/// What two threads on one core got of it.
struct Shares {
    elapsed: Duration,
    /// CPU time of each in microseconds.
    cpu_us: [u64; 2],
    preempted: u64,
    /// How many were not on their core at the end.
    elsewhere: u64,
}

impl Shares {
    fn between(
        before: &[ThreadInfo],
        after: &[ThreadInfo],
        core: CoreId,
        elapsed: Duration,
    ) -> Self {
        let mut shares = Self {
            elapsed,
            cpu_us: [0; 2],
            preempted: 0,
            elsewhere: 0,
        };
        for ((us, old), new) in shares.cpu_us.iter_mut().zip(before).zip(after) {
            *us = new.cpu_time.saturating_sub(old.cpu_time).as_micros() as u64;
            shares.preempted += new.switches_preempted - old.switches_preempted;
            shares.elsewhere += u64::from(new.core != core);
        }
        shares
    }
}

/// Two threads that never yield, on one core: both advance, evenly, in slices of about 10 ms.
fn shares(session: &mut Session<'_>, place: &Place, time: Duration) -> Result<(), Ended> {
    let hogs = session.spawned("preempt.share", Hogs::spawn(&[Some(place.test); 2]))?;
    session.wait("preempt.share.start", "both started", || {
        hogs.all_advanced(&[0, 0])
    })?;
    let (rounds, before, start) = (hogs.rounds(), hogs.infos(), Instant::now());
    session.sleep(time)?;
    let shares = Shares::between(&before, &hogs.infos(), place.test, start.elapsed());
    let id = "preempt.share.advance";
    session.wait(id, "both advanced", || hogs.all_advanced(&rounds))?;
    session.is(id, "both advanced", true);
    judge(session, &shares);
    session.join_all("preempt.share.end", hogs.stop())
}

fn judge(session: &mut Session<'_>, shares: &Shares) {
    let Shares {
        elapsed,
        cpu_us,
        preempted,
        elsewhere,
    } = *shares;
    session.check(
        "preempt.share.place",
        "threads off their core",
        Expect::Exactly(0),
        elsewhere,
    );
    session.check(
        "preempt.share.switches",
        "preemptions",
        Expect::AtLeast(2),
        preempted,
    );
    let spread = spread_permille(&cpu_us);
    session.figure(
        "preempt.share.spread",
        "per mille between shares",
        Expect::AtMost(50),
        spread,
    );
    let slice_us = (elapsed.as_micros() as u64)
        .checked_div(preempted)
        .unwrap_or(u64::MAX);
    let expected = Expect::Between(8_000, 12_000);
    session.figure(
        "preempt.share.slice",
        "microseconds a slice",
        expected,
        slice_us,
    );
    let [a, b] = cpu_us;
    let _ = uwriteln!(
        session.out(),
        "cpu time: {} us and {} us; {} preemptions",
        a,
        b,
        preempted
    );
}

/// A core on which one thread runs takes no timer interrupts, but for one that was armed before.
fn quiet_timer(session: &mut Session<'_>, place: &Place) -> Result<(), Ended> {
    let second = Duration::from_secs(1);
    let timer_irqs = || cores::stats(place.test).timer_irqs;
    let (before, after);
    if place.is_alone {
        let hogs = session.spawned("preempt.timer.quiet", Hogs::spawn(&[Some(place.test)]))?;
        session.wait("preempt.timer.start", "it started", || {
            hogs.all_advanced(&[0])
        })?;
        before = timer_irqs();
        session.sleep(second)?;
        after = timer_irqs();
        session.join_all("preempt.timer.end", hogs.stop())?;
    } else {
        // The one core runs this thread, and nothing else wants it.
        let (cancel, start) = (session.cancel(), Instant::now());
        before = timer_irqs();
        while start.elapsed() < second && !cancel.is_requested() {
            core::hint::spin_loop();
        }
        after = timer_irqs();
    }
    session.check(
        "preempt.timer.quiet",
        "timer interrupts in a second with one thread",
        Expect::AtMost(1),
        after - before,
    );
    Ok(())
}
