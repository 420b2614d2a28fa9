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
};

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

/// What the checks of one load are called.
struct Ids {
    spread: &'static str,
    stays: &'static str,
    shares: &'static str,
}

const ONE_EACH: Ids = Ids {
    spread: "balance.one-each",
    stays: "balance.one-each.migrations",
    shares: "balance.one-each.shares",
};

const TWO_EACH: Ids = Ids {
    spread: "balance.two-each",
    stays: "balance.two-each.migrations",
    shares: "balance.two-each.shares",
};

/// How long a load that is even is left alone before it is watched: several looks of the balancers, one of
/// which may have been under way.
const SETTLE: Duration = Duration::from_millis(500);

fn run(ctx: &mut Context) -> Verdict {
    let time = Duration::from_secs(ctx.number("seconds"));
    let mut session = Session::new(ctx);
    if session.two_cores("balance").is_none() {
        return Verdict::Passed;
    }
    let cores = cores::count_online();
    let _: Result<(), Ended> = lone(&mut session, time)
        .and_then(|()| spread(&mut session, &ONE_EACH, cores, time))
        .and_then(|()| spread(&mut session, &TWO_EACH, 2 * cores, time));
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

/// So many hogs, all begun on the core of this thread, come to be spread evenly, and then stay.
fn spread(session: &mut Session<'_>, ids: &Ids, count: usize, time: Duration) -> Result<(), Ended> {
    let hogs = session.spawned(ids.spread, Hogs::spawn(&vec![None; count]))?;
    let fair = count / cores::count_online();
    let is_even = || {
        let each = on_each_core(&hogs);
        cores::online().all(|core| each[core.index()] == fair)
    };
    session.wait(ids.spread, "as many on each core", is_even)?;
    session.sleep(SETTLE)?;
    let (rounds, before) = (hogs.rounds(), hogs.infos());
    session.sleep(time)?;
    let after = hogs.infos();
    session.is(ids.spread, "each advanced", hogs.all_advanced(&rounds));
    let cpu: Vec<u64> = after
        .iter()
        .zip(&before)
        .map(|(new, old)| new.cpu_time.saturating_sub(old.cpu_time).as_micros() as u64)
        .collect();
    let moved: u64 = after
        .iter()
        .zip(&before)
        .map(|(new, old)| new.migrations - old.migrations)
        .sum();
    session.figure(
        ids.stays,
        "migrations once spread",
        Expect::AtMost(2),
        moved,
    );
    session.figure(
        ids.shares,
        "per mille between shares",
        Expect::AtMost(100),
        spread_permille(&cpu),
    );
    let each = on_each_core(&hogs);
    for core in cores::online() {
        let hogs = each[core.index()];
        let _ = uwriteln!(session.out(), "hogs on core {}: {}", core.index(), hogs);
    }
    session.join_all(ids.spread, hogs.stop())
}
