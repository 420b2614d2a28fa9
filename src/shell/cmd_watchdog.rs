//! `watchdog`: hangs are reported; and the board resets itself when a core runs no threads any more.

use core::time::Duration;

use ufmt::uwriteln;

use super::{Arg, Command, Context, Spec};
use crate::{
    hangs::said,
    kernel,
    report::Verdict,
    watchdog::{self, LONGEST, SHORTEST, Settings, StartError},
};

pub(super) static WATCHDOG: Command = Command {
    spec: Spec {
        name: "watchdog",
        summary: "Report hangs, and let the board reset itself when a core runs no threads any more",
        args: &[
            Arg::choice("state", &["show", "on", "off"], "What to do").or_choice("show"),
            Arg::number(
                "seconds",
                SHORTEST as u64,
                LONGEST as u64,
                "How long a core may run none",
            )
            .or_number(10),
            Arg::number("after", 100, 60_000, "What stays for so many ms hangs")
                .or_number(2_000)
                .option(),
            Arg::flag(
                "anyway",
                "The board's own also under an emulator, which resets at once",
            ),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let result = match ctx.choice("state") {
        "on" => watchdog::start(Settings {
            patience: Duration::from_millis(ctx.number("after")),
            reset_seconds: why_no_reset(ctx)
                .is_none()
                .then_some(ctx.number("seconds") as u32),
        }),
        "off" => {
            watchdog::stop();
            Ok(())
        }
        _ => Ok(()),
    };
    if let Err(error) = result {
        let why = match error {
            StartError::Absent => "this machine's device tree names none",
            StartError::NoThread => "no memory for its threads",
            StartError::NoHandler => "no line left for its interrupt",
        };
        let Ok(()) = uwriteln!(ctx.out(), "watchdog: {}", why);
        return Verdict::Failed;
    }
    let Some(Settings {
        patience,
        reset_seconds,
    }) = watchdog::running()
    else {
        let Ok(()) = uwriteln!(ctx.out(), "the watchdog is off");
        return Verdict::Passed;
    };
    let patience = patience.as_millis() as u64;
    let Ok(()) = uwriteln!(
        ctx.out(),
        "hangs are reported after {} ms; {} were, {} last",
        patience,
        said::total(),
        said::open()
    );
    let Ok(()) = match (reset_seconds, why_no_reset(ctx)) {
        (Some(seconds), _) => uwriteln!(
            ctx.out(),
            "the board resets when a core has run no threads for {} s",
            seconds
        ),
        (None, Some(why)) => uwriteln!(ctx.out(), "nothing resets the board: {}", why),
        (None, None) => uwriteln!(ctx.out(), "nothing resets the board"),
    };
    let line = ctx.report("watchdog").with("after_ms", patience);
    let line = line.with("reset_s", reset_seconds.unwrap_or(0));
    let line = line.with("hangs", said::total()).with("open", said::open());
    let Ok(()) = line.end();
    Verdict::Passed
}

/// Why the board's own watchdog is left off, if it is.
fn why_no_reset(ctx: &Context) -> Option<&'static str> {
    if !watchdog::has_hardware() {
        Some("this machine's device tree names no watchdog")
    } else if (kernel::board().is_emulated)() && !ctx.flag("anyway") {
        Some("the emulator's resets at once, whatever its time (`--anyway` lets it)")
    } else {
        None
    }
}
