//! `cputime`: a thread's time advances while it runs, as the clock does, and not otherwise; it never goes back,
//! whoever looks; and all times together are what the cores had. The work of `tst-pthread-clock`.

use core::time::Duration;

use super::{
    aside::Aside,
    session::{Ended, Session},
};
use crate::{
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
};

mod running;
mod seen;
mod sum;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "cputime",
        summary: "Check that CPU time is what a thread ran, and adds up",
        args: &[
            Arg::number("ms", 10, 600_000, "How long each thread is watched")
                .or_number(200)
                .option(),
            Arg::flag(
                "strict",
                "Assert lower bounds too (needs -icount or a board)",
            ),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let time = Duration::from_millis(ctx.number("ms"));
    let mut session = Session::new(ctx);
    let Some(aside) = Aside::step() else {
        return Verdict::Failed;
    };
    let _: Result<(), Ended> = running::check(&mut session, &aside, time)
        .and_then(|()| seen::check(&mut session, &aside, time))
        .and_then(|()| sum::check(&mut session, &aside, time));
    drop(aside);
    session.finish()
}

/// Microseconds.
fn micros(duration: Duration) -> u64 {
    duration.as_micros() as u64
}
