//! `hog`: threads that only compute, to see that the shell answers beside them.

use alloc::vec;
use core::time::Duration;

use ufmt::uwriteln;

use super::{foremost::Foremost, hogs::Hogs};
use crate::{
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "hog",
        summary: "Run threads that only compute (try `hog 4 &`)",
        args: &[
            Arg::number("threads", 1, 10_000, "How many").or_number(1),
            Arg::number(
                "seconds",
                1,
                86_400,
                "For how long; until it is stopped if left out",
            )
            .option(),
        ],
    },
    run,
};

/// Of so many hogs it is said how far they came.
const SHOWN: usize = 16;

fn run(ctx: &mut Context) -> Verdict {
    let threads = ctx.number("threads") as usize;
    let seconds = ctx.number_if_given("seconds");
    let Ok(hogs) = Hogs::spawn(&vec![None; threads]) else {
        let _ = uwriteln!(ctx.out(), "hog: no memory for {} threads", threads);
        return Verdict::Failed;
    };
    // Without an end, the end is the request to stop.
    let time = Duration::from_secs(seconds.unwrap_or(u64::from(u32::MAX)));
    let stopped = ctx.sleep(time).is_err();
    // An equal among so many would be at it for long.
    let _foremost = Foremost::new();
    for (i, (info, rounds)) in hogs
        .infos()
        .iter()
        .zip(hogs.rounds())
        .take(SHOWN)
        .enumerate()
    {
        let (ms, core) = (info.cpu_time.as_millis() as u64, info.core.index());
        let _ = uwriteln!(
            ctx.out(),
            "hog {}: {} ms on core {}, {} rounds",
            i,
            ms,
            core,
            rounds
        );
    }
    if threads > SHOWN {
        let _ = uwriteln!(ctx.out(), "and {} more", threads - SHOWN);
    }
    let mut has_crashed = false;
    for thread in hogs.stop() {
        has_crashed |= thread.join().is_err();
    }
    if has_crashed {
        return Verdict::Failed;
    }
    // Stopping hogs that have no end of their own is how they are used.
    if stopped && seconds.is_some() {
        Verdict::Aborted
    } else {
        Verdict::Passed
    }
}
