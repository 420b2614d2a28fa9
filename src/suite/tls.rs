//! `tls`: thread-local values: each thread has its own, they end with it, and what they cost. The work of
//! `tst-thread-local`, `tst-pthread-tsd` and `misc-tls`.

use super::session::{Ended, Session};
use crate::{
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    sync::Mutex,
};

mod cost;
mod ends;
mod own;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "tls",
        summary: "Check thread-local values: each thread's own, their ends, their cost",
        args: &[
            Arg::number("rounds", 1, 1_000_000_000, "Increments that are timed")
                .or_number(300_000)
                .option(),
        ],
    },
    run,
};

/// What is counted is counted in statics: one run at a time.
static TURN: Mutex<()> = Mutex::new(());

fn run(ctx: &mut Context) -> Verdict {
    let rounds = ctx.number("rounds");
    let _turn = TURN.lock();
    let mut session = Session::new(ctx);
    let _: Result<(), Ended> = own::check(&mut session)
        .and_then(|()| ends::check(&mut session))
        .and_then(|()| cost::check(&mut session, rounds));
    session.finish()
}
