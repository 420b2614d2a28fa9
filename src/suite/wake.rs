//! `wake`: a thread that is woken runs soon, wherever it is and whatever runs there; no wake-up is lost; and
//! what one costs. `misc-wake`, and what OSv's scheduler gets wrong.

use super::{
    aside::Aside,
    conditions,
    session::{Ended, Session},
};
use crate::{
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
};

mod cost;
mod lost;
mod prompt;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "wake",
        summary: "Check that woken threads run soon and no wake-up is lost; what one costs",
        args: &[
            Arg::number("rounds", 1, 1_000_000, "Wake-ups of each kind")
                .or_number(50)
                .option(),
            Arg::flag("strict", "Assert delays too (needs -icount or a board)"),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let rounds = ctx.number("rounds");
    let conditions = conditions::begin();
    let mut session = Session::new(ctx);
    let Some(aside) = Aside::step() else {
        return Verdict::Failed;
    };
    let _: Result<(), Ended> = prompt::here(&mut session, &aside)
        .and_then(|()| prompt::elsewhere(&mut session, &aside, rounds))
        .and_then(|()| lost::check(&mut session, rounds))
        .and_then(|()| cost::check(&mut session));
    drop(aside);
    let verdict = session.finish();
    conditions.print(ctx);
    verdict
}
