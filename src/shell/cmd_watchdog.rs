//! `watchdog`: the board resets itself when a core runs no threads any more.

use ufmt::uwriteln;

use super::{Arg, Command, Context, Spec};
use crate::{
    kernel,
    report::Verdict,
    watchdog::{self, LONGEST, SHORTEST, StartError},
};

pub(super) static WATCHDOG: Command = Command {
    spec: Spec {
        name: "watchdog",
        summary: "Let the board reset itself when a core runs no threads any more",
        args: &[
            Arg::choice("state", &["show", "on", "off"], "What to do").or_choice("show"),
            Arg::number(
                "seconds",
                SHORTEST as u64,
                LONGEST as u64,
                "How long a core may run none",
            )
            .or_number(10),
            Arg::flag("anyway", "Also under an emulator, which resets at once"),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let refusal = match ctx.choice("state") {
        _ if !watchdog::is_there() => Some("this machine's device tree names none"),
        "on" => start(ctx),
        "off" => {
            watchdog::stop();
            None
        }
        _ => None,
    };
    match (refusal, watchdog::seconds()) {
        (Some(why), _) => {
            let Ok(()) = uwriteln!(ctx.out(), "watchdog: {}", why);
        }
        (None, Some(seconds)) => {
            let Ok(()) = uwriteln!(
                ctx.out(),
                "the board resets when a core has run no threads for {} s",
                seconds
            );
        }
        (None, None) => {
            let Ok(()) = uwriteln!(ctx.out(), "the watchdog is off");
        }
    }
    Verdict::from_check(refusal.is_none())
}

/// Starts it; or says why not.
fn start(ctx: &mut Context) -> Option<&'static str> {
    if (kernel::board().is_emulated)() && !ctx.flag("anyway") {
        return Some("the emulator's resets at once, whatever its time (`--anyway` lets it)");
    }
    match watchdog::start(ctx.number("seconds") as u32) {
        Ok(()) => None,
        Err(StartError::Absent) => Some("this machine's device tree names none"),
        Err(StartError::NoThread) => Some("no memory for its thread"),
    }
}
