//! `balance`: hogs spread over the cores, each core gets the same load, and a lone hog stays where it is.

use alloc::{vec, vec::Vec};
use core::time::Duration;

use ufmt::uwriteln;

use super::{
    expect::{Expect, spread_permille},
    hogs::Hogs,
    session::{Ended, Session},
};
use crate::{
    board::MAX_CORES,
    cores,
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    thread::ThreadInfo,
    time::Instant,
};

mod factors;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "balance",
        summary: "Check that load spreads over the cores, and that a lone thread stays",
        args: &[
            Arg::number("seconds", 1, 600, "How long each load is watched")
                .or_number(1)
                .option(),
            Arg::flag("strict", "Assert shares too (needs -icount or a board)"),
        ],
    },
    run,
};

/// One load, and what its checks are called.
struct Load {
    hogs: usize,
    spread: &'static str,
    stays: &'static str,
    shares: &'static str,
    used: &'static str,
}

/// The loads for so many cores: as many, one more, and twice as many.
fn loads(cores: usize) -> [Load; 3] {
    [
        Load {
            hogs: cores,
            spread: "balance.one-each",
            stays: "balance.one-each.migrations",
            shares: "balance.one-each.shares",
            used: "balance.one-each.used",
        },
        Load {
            hogs: cores + 1,
            spread: "balance.one-more",
            stays: "balance.one-more.migrations",
            shares: "balance.one-more.shares",
            used: "balance.one-more.used",
        },
        Load {
            hogs: 2 * cores,
            spread: "balance.two-each",
            stays: "balance.two-each.migrations",
            shares: "balance.two-each.shares",
            used: "balance.two-each.used",
        },
    ]
}

/// How long a load that is even is left alone before it is watched: several looks of the balancers, one of
/// which may have been under way.
const SETTLE: Duration = Duration::from_millis(500);

fn run(ctx: &mut Context) -> Verdict {
    let time = Duration::from_secs(ctx.number("seconds"));
    let mut session = Session::new(ctx);
    if session.two_cores("balance").is_none() {
        return Verdict::Passed;
    }
    let _: Result<(), Ended> = lone(&mut session, time).and_then(|()| {
        loads(cores::count_online())
            .iter()
            .try_for_each(|load| spread(&mut session, load, time))
            .and_then(|()| factors::check(&mut session, time / 2))
    });
    session.finish()
}

/// One hog, and cores enough: it has no reason to move, once it has found a core of its own.
fn lone(session: &mut Session<'_>, time: Duration) -> Result<(), Ended> {
    let id = "balance.lone";
    let hogs = session.spawned(id, Hogs::spawn(&[None]))?;
    session.sleep(Duration::from_millis(500))?;
    let before: u64 = hogs.infos().iter().map(|info| info.migrations).sum();
    session.sleep(time)?;
    let after: u64 = hogs.infos().iter().map(|info| info.migrations).sum();
    session.check(id, "migrations", Expect::Exactly(0), after - before);
    session.join_all(id, hogs.stop())
}

/// Hogs on each core, of those that `hogs` has.
fn on_each_core(hogs: &Hogs) -> [usize; MAX_CORES] {
    let mut each = [0; MAX_CORES];
    for info in hogs.infos() {
        each[info.core.index()] += 1;
    }
    each
}

/// Hogs that all begin on the core of this thread come to be spread as evenly as can be, and then stay.
fn spread(session: &mut Session<'_>, load: &Load, time: Duration) -> Result<(), Ended> {
    let id = load.spread;
    let hogs = session.spawned(id, Hogs::spawn(&vec![None; load.hogs]))?;
    let fair = load.hogs / cores::count_online();
    let most = load.hogs.div_ceil(cores::count_online());
    let is_even = || {
        let each = on_each_core(&hogs);
        cores::online().all(|core| (fair..=most).contains(&each[core.index()]))
    };
    session.wait(id, "as many on each core", is_even)?;
    session.sleep(SETTLE)?;
    let (rounds, before, start) = (hogs.rounds(), hogs.infos(), Instant::now());
    session.sleep(time)?;
    let (after, elapsed) = (hogs.infos(), start.elapsed());
    session.wait(id, "each advanced", || hogs.all_advanced(&rounds))?;
    session.is(id, "each advanced", true);
    judge(session, load, &before, &after);
    factors::judge(session, load.used, (&before, &after), elapsed);
    let each = on_each_core(&hogs);
    for core in cores::online() {
        let _ = uwriteln!(
            session.out(),
            "hogs on core {}: {}",
            core.index(),
            each[core.index()]
        );
    }
    session.join_all(id, hogs.stop())
}

/// A load that is spread as evenly as can be stays where it is; where it can be even, so are the shares.
fn judge(session: &mut Session<'_>, load: &Load, before: &[ThreadInfo], after: &[ThreadInfo]) {
    let pairs = || after.iter().zip(before);
    let moved: u64 = pairs()
        .map(|(new, old)| new.migrations - old.migrations)
        .sum();
    session.figure(
        load.stays,
        "migrations once spread",
        Expect::AtMost(2),
        moved,
    );
    let cpu_us = |(new, old): (&ThreadInfo, &ThreadInfo)| {
        new.cpu_time.saturating_sub(old.cpu_time).as_micros() as u64
    };
    let shares: Vec<u64> = pairs().map(cpu_us).collect();
    if load.hogs.is_multiple_of(cores::count_online()) {
        let what = "per mille between shares";
        session.figure(
            load.shares,
            what,
            Expect::AtMost(100),
            spread_permille(&shares),
        );
    }
}
