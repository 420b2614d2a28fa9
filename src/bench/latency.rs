//! `latency`: on each core a realtime thread that sleeps until a moment, over and over, and says how late it woke. The
//! method of `cyclictest`: the moments are fixed before, whatever came of those before them.

use alloc::vec::Vec;
use core::time::Duration;

use super::{
    clock::Clock,
    command::{CSV, HIST, JSON, Turn, finish, form},
    crew, cyclic, figure,
    wakes::URGENT,
};
use crate::{
    board::MAX_CORES,
    cores::{self, CoreId},
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    suite::conditions,
    thread::Builder,
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "latency",
        summary: "Measure how late a sleeping thread wakes, on each core",
        args: &[
            Arg::number("interval-us", 50, 1_000_000, "How long it sleeps")
                .or_number(1_000)
                .option(),
            Arg::number("seconds", 1, 3600, "How long in all")
                .or_number(1)
                .option(),
            HIST,
            JSON,
            CSV,
        ],
    },
    run,
};

const IDS: [&str; MAX_CORES] = [
    "latency.core0",
    "latency.core1",
    "latency.core2",
    "latency.core3",
    "latency.core4",
    "latency.core5",
    "latency.core6",
    "latency.core7",
];

#[expect(
    clippy::large_stack_frames,
    reason = "results of both rounds; a command has a stack of 32 KiB"
)]
fn run(ctx: &mut Context) -> Verdict {
    let Some(_turn) = Turn::take(ctx) else {
        return Verdict::Failed;
    };
    let conditions = conditions::begin();
    let interval = Duration::from_micros(ctx.number("interval-us"));
    let count = ctx.number("seconds") * 1_000_000 / ctx.number("interval-us");
    let clock = Clock::new();
    let online: Vec<CoreId> = cores::online().collect();
    let threads = online.iter().map(|core| {
        let builder = Builder::new().name("latency").core(*core).realtime(URGENT);
        (builder, cyclic::work(clock, interval, count))
    });
    let form = form(ctx);
    figure::heading(ctx.out(), form);
    let all = match crew::run(&ctx.cancel(), &mut { threads }) {
        Ok(all) => all,
        Err(why) => return finish(ctx, COMMAND.spec.name, Err(why), form),
    };
    let mut verdict = Verdict::Passed;
    for (core, late) in online.into_iter().zip(all) {
        let outcome = cyclic::outcome(late, count);
        verdict = verdict.combine(finish(ctx, IDS[core.index()], outcome, form));
    }
    conditions.print(ctx);
    verdict
}
