//! `timers`: thousands of random deadlines, past ones too; timers that are taken back, raced, moved, or far
//! away; and an idle core that takes none. The stress of `tst-timer`, and what it does not look at.

use core::time::Duration;

use super::session::{Ended, Session};
use crate::{
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
};

mod far;
mod quiet;
mod storm;
mod taken_back;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "timers",
        summary: "Check timers: random and past deadlines, races, far ones, quiet cores",
        args: &[
            Arg::number("threads", 1, 5_000, "How many sleep at once")
                .or_number(300)
                .option(),
            Arg::number("sleeps", 1, 1_000_000, "How often each sleeps")
                .or_number(7)
                .option(),
            Arg::number("long", 1, 1_000_000, "Sleep for so many seconds too").option(),
            Arg::flag(
                "strict",
                "Assert upper bounds too (needs -icount or a board)",
            ),
        ],
    },
    run,
};

/// How much later than its deadline a thread may run, in microseconds, under `--strict`: a slice of another
/// one, and those that are due at the same moment.
const LATE_US: u64 = 15_000;

fn run(ctx: &mut Context) -> Verdict {
    let (threads, sleeps) = (ctx.number("threads"), ctx.number("sleeps"));
    let long = ctx.number_if_given("long").map(Duration::from_secs);
    let mut session = Session::new(ctx);
    let _: Result<(), Ended> = storm::check(&mut session, threads, sleeps)
        .and_then(|()| storm::same_moment(&mut session, threads))
        .and_then(|()| taken_back::check(&mut session))
        .and_then(|()| far::check(&mut session, long))
        .and_then(|()| quiet::check(&mut session));
    session.finish()
}
