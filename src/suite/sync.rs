//! `sync`: a mutex lets one in, a condition variable loses no wake-up and keeps its order, a semaphore counts.

use super::session::{Ended, Session};
use crate::{
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
};

mod condvar;
mod mutex;
mod semaphore;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "sync",
        summary: "Check mutex, condition variable and semaphore",
        args: &[
            Arg::number(
                "rounds",
                1,
                1_000_000_000,
                "Critical sections of each thread",
            )
            .or_number(2_000)
            .option(),
            Arg::flag("full", "100,000 rounds"),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let rounds = if ctx.flag("full") {
        100_000
    } else {
        ctx.number("rounds")
    };
    let mut session = Session::new(ctx);
    let _: Result<(), Ended> = mutex::check(&mut session, rounds)
        .and_then(|()| condvar::check(&mut session, rounds))
        .and_then(|()| semaphore::check(&mut session, rounds));
    session.finish()
}
