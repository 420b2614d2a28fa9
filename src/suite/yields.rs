//! `yield`: threads that give the core away over and over all come to their end. The work of `tst-yield`.

use alloc::{sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicU64, Ordering};

use ufmt::uwriteln;

use super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    bench, cores,
    report::Verdict,
    shell::{Arg, Cancel, Command, Context, Spec},
    thread::{self, Builder},
    time::Instant,
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "yield",
        summary: "Check that threads that yield to each other all get on",
        args: &[
            Arg::number("threads", 1, 1_000, "How many")
                .or_number(10)
                .option(),
            Arg::number("yields", 1, 1_000_000_000, "Yields of each")
                .or_number(20_000)
                .option(),
            bench::HIST,
            bench::JSON,
            bench::CSV,
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let (threads, yields) = (ctx.number("threads"), ctx.number("yields"));
    let mut session = Session::new(ctx);
    let _: Result<(), Ended> = one_core(&mut session, threads, yields)
        .and_then(|()| anywhere(&mut session, threads, yields));
    let verdict = session.finish();
    if verdict == Verdict::Passed && bench::wants_samples(ctx) {
        return bench::measure(ctx, &|id| id == "switch.yield.same_core");
    }
    verdict
}

/// Yields so often, once all `threads` have come; the switches that came of it, or `None` if it was asked to stop. Who
/// came first would else yield to nobody.
fn give_way(threads: u64, arrived: &AtomicU64, yields: u64, stop: &Cancel) -> Option<u64> {
    arrived.fetch_add(1, Ordering::Relaxed);
    while arrived.load(Ordering::Relaxed) < threads {
        thread::yield_now();
    }
    let switches = || thread::current().info().switches_voluntary;
    let before = switches();
    for _ in 0..yields {
        if stop.is_requested() {
            return None;
        }
        thread::yield_now();
    }
    Some(switches() - before)
}

/// Runs the threads of one check; the sum of their switches.
fn race(
    session: &mut Session<'_>,
    id: &str,
    threads: u64,
    yields: u64,
    builder: impl Fn() -> Builder,
) -> Result<u64, Ended> {
    let (start, stop) = (Instant::now(), session.cancel());
    let arrived = Arc::new(AtomicU64::new(0));
    let mut handles = Vec::new();
    for _ in 0..threads {
        let (here, stop) = (arrived.clone(), stop.clone());
        let spawned = builder()
            .name("yield")
            .spawn(move || give_way(threads, &here, yields, &stop));
        if spawned.is_err() {
            arrived.fetch_add(threads, Ordering::Relaxed);
        }
        handles.push(session.spawned(id, spawned)?);
    }
    let (mut done, mut switches) = (0, 0);
    for handle in handles {
        if let Ok(Some(count)) = handle.join() {
            done += 1;
            switches += count;
        }
    }
    if stop.is_requested() {
        return Err(Ended);
    }
    session.check(
        id,
        "threads that came to their end",
        Expect::Exactly(threads),
        done,
    );
    let ms = start.elapsed().as_millis() as u64;
    let _ = uwriteln!(
        session.out(),
        "{} yields, {} switches in {} ms",
        threads * yields,
        switches,
        ms
    );
    Ok(switches)
}

/// On one core a yield among several threads is a switch, as long as there are two left.
fn one_core(session: &mut Session<'_>, threads: u64, yields: u64) -> Result<(), Ended> {
    let Some(core) = cores::online().last() else {
        return Ok(());
    };
    let builder = || Builder::new().core(core);
    let switches = race(session, "yield.one-core", threads, yields, builder)?;
    // The last one alone may yield to nobody; each of the others gives way each time.
    let least = (threads - 1) * yields;
    session.check(
        "yield.one-core.switches",
        "switches",
        Expect::AtLeast(least),
        switches,
    );
    Ok(())
}

/// Without a pin the threads spread, and all come to their end just so.
fn anywhere(session: &mut Session<'_>, threads: u64, yields: u64) -> Result<(), Ended> {
    race(session, "yield.anywhere", threads, yields, Builder::new).map(drop)
}
