//! `timeslice`: how long hogs run in turns, and how long one that comes after a long time. The figures of
//! `misc-timeslice`, judged.

use alloc::{vec, vec::Vec};
use core::time::Duration;

use ufmt::uwriteln;

use super::{
    aside::Aside,
    expect::{Expect, spread_permille},
    hogs::Hogs,
    session::{Ended, Session},
    slices::{HYSTERESIS_US, mean_slice_us},
};
use crate::{
    report::Verdict,
    shell::{Arg, Command, Context, Spec, pad},
    thread::{self, ThreadInfo},
    time::Instant,
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "timeslice",
        summary: "Check how long threads that never yield run in turns",
        args: &[
            Arg::number("seconds", 1, 600, "How long each set of turns is watched")
                .or_number(1)
                .option(),
            Arg::number(
                "lone",
                1,
                86_400,
                "Seconds that one runs alone before another comes",
            )
            .or_number(1)
            .option(),
            Arg::flag(
                "strict",
                "Assert slices and shares too (needs -icount or a board)",
            ),
        ],
    },
    run,
};

/// The hogs of one check, and what its figures are called.
struct Turns {
    hogs: usize,
    id: &'static str,
    advance: &'static str,
    most: &'static str,
    voluntary: &'static str,
    mean: &'static str,
    spread: &'static str,
}

macro_rules! turns {
    ($hogs:literal) => {
        Turns {
            hogs: $hogs,
            id: concat!("timeslice.", $hogs),
            advance: concat!("timeslice.", $hogs, ".advance"),
            most: concat!("timeslice.", $hogs, ".switches"),
            voluntary: concat!("timeslice.", $hogs, ".voluntary"),
            mean: concat!("timeslice.", $hogs, ".mean"),
            spread: concat!("timeslice.", $hogs, ".shares"),
        }
    };
}

fn run(ctx: &mut Context) -> Verdict {
    let time = Duration::from_secs(ctx.number("seconds"));
    let lone = Duration::from_secs(ctx.number("lone"));
    let mut session = Session::new(ctx);
    let Some(aside) = Aside::step() else {
        return Verdict::Failed;
    };
    // An end before its time is counted already, or makes the verdict "aborted".
    let _: Result<(), Ended> = turns(&mut session, &aside, &turns!(2), time)
        .and_then(|()| turns(&mut session, &aside, &turns!(3), time))
        .and_then(|()| newcomer(&mut session, &aside, lone));
    drop(aside);
    session.finish()
}

/// Equal hogs on one core: nobody gives it up, each comes to run, and not in slices too short.
fn turns(
    session: &mut Session<'_>,
    aside: &Aside,
    turns: &Turns,
    time: Duration,
) -> Result<(), Ended> {
    let id = turns.id;
    let placement = vec![Some(aside.test); turns.hogs];
    let hogs = session.spawned(id, Hogs::spawn(&placement))?;
    let nowhere: Vec<u64> = placement.iter().map(|_| 0).collect();
    session.wait(id, "all started", || hogs.all_advanced(&nowhere))?;
    let (rounds, before, start) = (hogs.rounds(), hogs.infos(), Instant::now());
    session.sleep(time)?;
    // On a busy host a core may stand still for that long.
    session.wait(turns.advance, "each advanced, and lost the core", || {
        let infos = hogs.infos();
        let lost = |(new, old): (&ThreadInfo, &ThreadInfo)| {
            new.switches_preempted > old.switches_preempted
        };
        hogs.all_advanced(&rounds) && infos.iter().zip(&before).all(lost)
    })?;
    let (after, elapsed) = (hogs.infos(), start.elapsed());
    session.is(turns.advance, "each advanced, and lost the core", true);
    judge(session, turns, (&before, &after), elapsed);
    session.join_all(id, hogs.stop())
}

fn judge(
    session: &mut Session<'_>,
    turns: &Turns,
    (before, after): (&[ThreadInfo], &[ThreadInfo]),
    elapsed: Duration,
) {
    let grown = |of: fn(&ThreadInfo) -> u64| -> Vec<u64> {
        let pairs = after.iter().zip(before);
        pairs.map(|(new, old)| of(new) - of(old)).collect()
    };
    let preempted: u64 = grown(|info| info.switches_preempted).iter().sum();
    let voluntary = grown(|info| info.switches_voluntary).iter().sum();
    let cpu_us = grown(|info| info.cpu_time.as_micros() as u64);
    let elapsed_us = elapsed.as_micros() as u64;
    let mean_us = elapsed_us.checked_div(preempted).unwrap_or(u64::MAX);
    let _ = uwriteln!(
        session.out(),
        "{}: {} switches in {} s; average slice {} ms",
        turns.id,
        preempted,
        pad::seconds(elapsed),
        pad::fixed(mean_us, 3)
    );
    session.check(
        turns.voluntary,
        "times that one gave up the core",
        Expect::Exactly(0),
        voluntary,
    );
    // Nobody loses before it is 5 ms ahead, however late the timer comes. What comes in between is this
    // thread, where there is one core, and the console's.
    let most = elapsed_us / HYSTERESIS_US + 20;
    session.check(turns.most, "preemptions", Expect::AtMost(most), preempted);
    if let Some(expected) = mean_slice_us(turns.hogs as u64) {
        let tolerated = Expect::Between(expected * 85 / 100, expected * 115 / 100);
        session.figure(turns.mean, "microseconds a slice", tolerated, mean_us);
    }
    let (what, spread) = ("per mille between shares", spread_permille(&cpu_us));
    session.figure(turns.spread, what, Expect::AtMost(50), spread);
}

/// A thread that comes when another one has had the core for long runs until what that one used is as old as
/// its own is much: the half-life of 138.6 ms, and the hysteresis. A run that was not charged, for being too
/// long, would leave it no more than a slice.
fn newcomer(session: &mut Session<'_>, aside: &Aside, lone: Duration) -> Result<(), Ended> {
    let id = "timeslice.newcomer";
    let hogs = session.spawned(id, Hogs::spawn(&[Some(aside.test)]))?;
    session.wait(id, "the first started", || hogs.all_advanced(&[0]))?;
    session.sleep(lone)?;
    let (rounds, cancel) = (hogs.counter(0), session.cancel());
    let work = move || {
        let (before, start) = (rounds.get(), thread::cpu_time());
        while rounds.get() == before && !cancel.is_requested() {
            core::hint::spin_loop();
        }
        thread::cpu_time().saturating_sub(start)
    };
    let spawned = aside.builder().name("newcomer").spawn(work);
    let handle = session.spawned(id, spawned)?;
    let first_run = session.join(id, handle)?.as_micros() as u64;
    let what = "microseconds until the other ran again";
    session.check(id, what, Expect::AtLeast(100_000), first_run);
    let expected = Expect::Between(130_000, 165_000);
    session.figure("timeslice.newcomer.length", what, expected, first_run);
    session.join_all(id, hogs.stop())
}
