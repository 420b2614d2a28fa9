//! `uart`: the console's line: its rate, and what went wrong on it.

use ufmt::uwriteln;

use super::{Arg, Command, Context, Spec, pad};
use crate::{
    console::{self, Line},
    drivers::baud::Rate,
    report::Verdict,
};

pub(super) static UART: Command = Command {
    spec: Spec {
        name: "uart",
        summary: "Show the console's line and its errors, or go on at another rate",
        args: &[Arg::number("baud", 1, 10_000_000, "Bits per second from now on").optional()],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    match ctx.number_if_given("baud") {
        None => show(ctx),
        // In range, so it has 32 bits.
        Some(baud) => change(ctx, baud as u32),
    }
}

/// What is counted: a key for programs, and words for people.
const COUNTS: [(&str, &str); 7] = [
    ("received", "bytes received"),
    ("sent", "bytes sent"),
    ("dropped", "lost unread"),
    ("overruns", "overruns"),
    ("framing", "framing errors"),
    ("parity", "parity errors"),
    ("breaks", "breaks"),
];

#[expect(
    clippy::large_stack_frames,
    reason = "many values are printed; the compiler overlaps them"
)]
fn show(ctx: &mut Context) -> Verdict {
    let Line { clock_hz, baud } = console::line();
    show_rate(ctx, clock_hz, baud);
    let stats = console::stats();
    let counts = [
        stats.received,
        stats.sent,
        stats.dropped,
        stats.overruns,
        stats.framing,
        stats.parity,
        stats.breaks,
    ];
    for ((_, what), count) in COUNTS.into_iter().zip(counts) {
        let Ok(()) = uwriteln!(ctx.out(), "{}{}", pad::left(what, 16), count);
    }
    let mut line = ctx.report("uart").with("baud", baud);
    for ((key, _), count) in COUNTS.into_iter().zip(counts) {
        line = line.with(key, count);
    }
    let Ok(()) = line.end();
    Verdict::Passed
}

fn show_rate(ctx: &mut Context, clock_hz: u32, baud: u32) {
    let rate = Rate::nearest(clock_hz, baud);
    let Ok(()) = uwriteln!(
        ctx.out(),
        "{} baud 8N1: {} from a clock of {} Hz, {} % off",
        baud,
        rate.actual,
        clock_hz,
        pad::fixed(rate.error, 2)
    );
}

fn change(ctx: &mut Context, baud: u32) -> Verdict {
    let clock_hz = console::line().clock_hz;
    let rate = Rate::nearest(clock_hz, baud);
    if !rate.is_good() {
        let Ok(()) = uwriteln!(
            ctx.out(),
            "the clock of {} Hz does not make {} baud: the nearest is {}, {} % off",
            clock_hz,
            baud,
            rate.actual,
            pad::fixed(rate.error, 2)
        );
        return Verdict::Failed;
    }
    let Ok(()) = uwriteln!(
        ctx.out(),
        "{} baud 8N1 from the next line on ({} % off); set your terminal to it",
        baud,
        pad::fixed(rate.error, 2)
    );
    if console::set_baud(baud) {
        return Verdict::Passed;
    }
    let Ok(()) = uwriteln!(ctx.out(), "the line is not quiet; the rate stays");
    Verdict::Failed
}
