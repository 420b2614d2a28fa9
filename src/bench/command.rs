//! The command `bench`.

use alloc::vec::Vec;
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use ufmt::uwriteln;

use super::{
    BENCHMARKS, Benchmark, NoFigure, Outcome,
    clock::Clock,
    figure::{self, Form},
    run::Run,
};
use crate::{
    cores,
    report::Verdict,
    shell::{Arg, Command, Context, Spec, pad},
    suite::{aside::Aside, conditions},
    time::Instant,
};

const LIST: &str = "list";
const ALL: &str = "all";

/// What can be chosen: the two words, and the name of each benchmark.
static CHOICES: [&str; BENCHMARKS.len() + 2] = {
    let mut choices = [LIST; BENCHMARKS.len() + 2];
    choices[1] = ALL;
    let mut i = 0;
    while i < BENCHMARKS.len() {
        choices[i + 2] = BENCHMARKS[i].id;
        i += 1;
    }
    choices
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "bench",
        summary: "Measure operations one by one: `bench all`, `bench mutex.uncontended --hist`",
        args: &[
            Arg::choices(
                "what",
                &CHOICES,
                "list, all, or names that `bench list` shows",
                "What to measure",
            ),
            Arg::number("seconds", 1, 3600, "Repeat each for so long").option(),
            Arg::number("iterations", 2, 1_000_000_000, "Operations of a round").option(),
            HIST,
            JSON,
            CSV,
        ],
    },
    run,
};

/// The options of all commands that have distributions.
pub(crate) const HIST: Arg = Arg::flag("hist", "Draw the distribution");
pub(crate) const JSON: Arg = Arg::flag("json", "Print a JSON object for each");
pub(crate) const CSV: Arg = Arg::flag("csv", "Print a table of comma-separated values");

/// Whether a command that has a distribution only on demand is to show it.
pub(crate) fn wants_samples(ctx: &Context) -> bool {
    ["hist", "json", "csv"].iter().any(|flag| ctx.flag(flag))
}

/// Which form was asked for.
pub(crate) fn form(ctx: &Context) -> Form {
    match (ctx.flag("json"), ctx.flag("csv")) {
        (true, _) => Form::Json,
        (_, true) => Form::Csv,
        _ => Form::Text,
    }
}

/// One at a time: two would measure each other, and share counters and an interrupt.
static IS_BUSY: AtomicBool = AtomicBool::new(false);

/// The right to measure.
pub(crate) struct Turn(());

impl Turn {
    /// `None`, and says so: somebody measures.
    pub(crate) fn take(ctx: &mut Context) -> Option<Self> {
        if IS_BUSY.swap(true, Ordering::Acquire) {
            let _ = uwriteln!(ctx.out(), "another command is measuring: see `jobs`");
            return None;
        }
        Some(Self(()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        IS_BUSY.store(false, Ordering::Release);
    }
}

fn run(ctx: &mut Context) -> Verdict {
    let chosen: Vec<&str> = ctx.choices("what").collect();
    if chosen.contains(&LIST) {
        for benchmark in BENCHMARKS {
            let id = pad::left(benchmark.id, 28);
            let _ = uwriteln!(ctx.out(), "{}{}", id, benchmark.what);
        }
        return Verdict::Passed;
    }
    let is_all = chosen.contains(&ALL);
    measure(ctx, &|id| is_all || chosen.contains(&id))
}

/// Measures those benchmarks that are `chosen`, with the options of the command that asks, and shows what they came to and
/// under which conditions.
pub(crate) fn measure(ctx: &mut Context, chosen: &dyn Fn(&str) -> bool) -> Verdict {
    let Some(_turn) = Turn::take(ctx) else {
        return Verdict::Failed;
    };
    let conditions = conditions::begin();
    let Some(aside) = Aside::step() else {
        return Verdict::Failed;
    };
    let other = cores::online().filter(|core| *core != aside.test).last();
    let form = form(ctx);
    figure::heading(ctx.out(), form);
    let mut verdict = Verdict::Passed;
    for benchmark in BENCHMARKS.iter().filter(|one| chosen(one.id)) {
        let run = Run {
            // Anew for each: the core's clock may have changed.
            clock: Clock::new(),
            iterations: ctx
                .number_if_given("iterations")
                .unwrap_or(benchmark.iterations),
            cancel: ctx.cancel(),
            cores: (aside.test, other),
        };
        let of_one = one(ctx, benchmark, &run, form);
        verdict = verdict.combine(of_one);
        if of_one == Verdict::Aborted {
            break;
        }
    }
    conditions.print(ctx);
    verdict
}

/// Measures one, as long as was asked for, and shows what it came to.
fn one(ctx: &mut Context, benchmark: &Benchmark, run: &Run, form: Form) -> Verdict {
    let target = Duration::from_secs(ctx.number_if_given("seconds").unwrap_or(0));
    let start = Instant::now();
    let mut outcome = (benchmark.run)(run);
    while let Ok(sum) = &mut outcome
        && start.elapsed() < target
    {
        match (benchmark.run)(run) {
            Ok(next) => sum.merge(&next),
            Err(why) => outcome = Err(why),
        }
    }
    finish(ctx, benchmark.id, outcome, form)
}

/// Shows what a measurement came to, and judges it.
pub(crate) fn finish(
    ctx: &mut Context,
    id: &str,
    outcome: Result<Outcome, NoFigure>,
    form: Form,
) -> Verdict {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(why) => return no_figure(ctx, id, why),
    };
    ctx.out().add_checks(1);
    figure::show(ctx.out(), form, id, &outcome);
    if ctx.flag("hist") {
        figure::draw_samples(ctx.out(), id, &outcome);
    }
    figure::report(ctx.out(), id, &outcome);
    let is_complete = outcome.samples.count() == outcome.expected;
    if !is_complete {
        let (count, expected) = (outcome.samples.count(), outcome.expected);
        let _ = uwriteln!(ctx.out(), "{}: {} samples of {}", id, count, expected);
    }
    Verdict::from_check(is_complete && outcome.expected > 0)
}

fn no_figure(ctx: &mut Context, id: &str, why: NoFigure) -> Verdict {
    let (verdict, what) = match why {
        NoFigure::Cancelled => (Verdict::Aborted, "stopped"),
        NoFigure::Cores => (Verdict::Passed, "needs two cores, one is online"),
        NoFigure::Spawn => (Verdict::Failed, "no memory for its threads"),
        NoFigure::Stuck => (Verdict::Failed, "stuck"),
        NoFigure::Wrong(what) => (Verdict::Failed, what),
    };
    let _ = uwriteln!(ctx.out(), "{}: {}", id, what);
    if why == NoFigure::Cores {
        let line = ctx.report("skipped").with("id", id);
        let Ok(()) = line.with("needs-cores", 2_u8).end();
    }
    verdict
}
