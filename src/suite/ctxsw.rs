//! `ctxsw`: what one handoff between two threads costs, on one core, on two, and anywhere.

use alloc::vec::Vec;
use core::time::Duration;

use ufmt::uwriteln;

use self::handoff::{Measured, NoFigure, measure, nanoseconds};
use super::{
    conditions,
    doubling::{classic_line, ns_per_handoff},
};
use crate::{
    bench,
    cores::{self, CoreId},
    report::Verdict,
    shell::{Arg, Command, Context, Spec, pad},
};

mod handoff;
mod samples;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "ctxsw",
        summary: "Measure the context switch: nanoseconds per handoff between two threads",
        args: &[
            Arg::choice(
                "mode",
                &["colocated", "apart", "nopin", "all"],
                "Where the threads run",
            )
            .or_choice("all"),
            Arg::number(
                "seconds",
                1,
                3600,
                "How long the measured round of each mode lasts",
            )
            .or_number(1)
            .option(),
            bench::HIST,
            bench::JSON,
            bench::CSV,
        ],
    },
    run,
};

/// Where the two threads run.
#[derive(Clone, Copy)]
struct Mode {
    name: &'static str,
    /// The ID of its report line.
    id: &'static str,
    /// Which of the cores each is pinned to; `None` is not pinned.
    cores: Option<[usize; 2]>,
}

const MODES: [Mode; 3] = [
    Mode {
        name: "colocated",
        id: "ctxsw.colocated",
        cores: Some([0, 0]),
    },
    Mode {
        name: "apart",
        id: "ctxsw.apart",
        cores: Some([0, 1]),
    },
    Mode {
        name: "nopin",
        id: "ctxsw.nopin",
        cores: None,
    },
];

impl Mode {
    /// Where each thread goes among the cores that are online; `None` when there are too few.
    fn placement(self, online: &[CoreId]) -> Option<[Option<CoreId>; 2]> {
        match self.cores {
            None => Some([None, None]),
            Some([a, b]) => Some([Some(*online.get(a)?), Some(*online.get(b)?)]),
        }
    }

    /// What is wrong with the figure, if anything: it must come from as many handoffs as were asked for, from
    /// both threads in turn, and on one core from at least as many switches, on the cores that were asked for.
    fn complaint(self, measured: &Measured, online: &[CoreId]) -> Option<&'static str> {
        let [a, b] = measured.turns;
        if a + b != measured.iterations {
            return Some("handoffs were lost");
        }
        if a.abs_diff(b) > 1 {
            return Some("the threads did not take turns");
        }
        let Some([Some(one), Some(other)]) = self.placement(online) else {
            return None;
        };
        if measured.cores != [one, other] || measured.migrations != 0 {
            return Some("a pinned thread was not on its core");
        }
        if one == other && measured.voluntary + measured.preempted < measured.iterations {
            return Some("there were fewer switches than handoffs");
        }
        None
    }
}

/// What the modes came to, as far as they were asked for and could be had.
type Results = Vec<(Mode, Measured)>;

fn run(ctx: &mut Context) -> Verdict {
    let Some(_turn) = bench::Turn::take(ctx) else {
        return Verdict::Failed;
    };
    let online: Vec<CoreId> = cores::online().collect();
    let conditions = conditions::begin();
    match measure_all(ctx, &online) {
        Ok(results) => {
            let verdict = show(ctx, &results, &online);
            let verdict = verdict.combine(samples::show(ctx, &results, &online));
            conditions.print(ctx);
            for (mode, measured) in &results {
                report(ctx, *mode, measured);
            }
            verdict
        }
        Err(verdict) => verdict,
    }
}

/// Measures the modes that were asked for, and prints the classic line of each as soon as it is known.
fn measure_all(ctx: &mut Context, online: &[CoreId]) -> Result<Results, Verdict> {
    let chosen = ctx.choice("mode");
    let target = Duration::from_secs(ctx.number("seconds"));
    let mut results = Vec::new();
    for mode in MODES
        .into_iter()
        .filter(|mode| chosen == "all" || chosen == mode.name)
    {
        match mode.placement(online) {
            Some(placement) => results.push((mode, measure_one(ctx, mode, placement, target)?)),
            None => {
                let _ = uwriteln!(ctx.out(), "{}: needs two cores, one is online", mode.name);
                let Ok(()) = ctx
                    .report("skipped")
                    .with("id", mode.id)
                    .with("needs-cores", 2_u8)
                    .end();
            }
        }
    }
    Ok(results)
}

fn measure_one(
    ctx: &mut Context,
    mode: Mode,
    placement: [Option<CoreId>; 2],
    target: Duration,
) -> Result<Measured, Verdict> {
    let measured = measure(placement, target, &ctx.cancel());
    let measured = measured.map_err(|why| no_figure(ctx, mode, why))?;
    let _ = classic_line(ctx.out(), mean_ns(&measured), mode.name);
    Ok(measured)
}

/// Prints what the figures are made of, and whether they can be true.
fn show(ctx: &mut Context, results: &Results, online: &[CoreId]) -> Verdict {
    let mut verdict = Verdict::Passed;
    ctx.out().add_checks(results.len() as u32);
    for (mode, measured) in results {
        details(ctx, *mode, measured);
        if let Some(complaint) = mode.complaint(measured, online) {
            let _ = uwriteln!(ctx.out(), "ctxsw: {}: {}", mode.name, complaint);
            verdict = Verdict::Failed;
        }
    }
    verdict
}

fn mean_ns(measured: &Measured) -> u64 {
    ns_per_handoff(nanoseconds(measured.elapsed), handoffs(measured))
}

fn handoffs(measured: &Measured) -> u64 {
    measured.turns.iter().sum()
}

fn no_figure(ctx: &mut Context, mode: Mode, why: NoFigure) -> Verdict {
    let name = mode.name;
    match why {
        NoFigure::Cancelled => {
            let _ = uwriteln!(ctx.out(), "ctxsw: {}: stopped", name);
            Verdict::Aborted
        }
        NoFigure::Spawn => {
            let _ = uwriteln!(ctx.out(), "ctxsw: {}: no memory for its threads", name);
            Verdict::Failed
        }
        NoFigure::Stuck(left) => {
            let _ = uwriteln!(ctx.out(), "ctxsw: {}: stuck, {} handoffs left", name, left);
            Verdict::Failed
        }
    }
}

fn details(ctx: &mut Context, mode: Mode, measured: &Measured) {
    let Measured {
        iterations,
        voluntary,
        preempted,
        migrations,
        cores: [a, b],
        ..
    } = *measured;
    let _ = uwriteln!(
        ctx.out(),
        "{} {} iterations, {} handoffs in {} s; switches: {} voluntary, {} preempted; {} migrations; cores {} and {}",
        pad::left(mode.name, 10),
        iterations,
        handoffs(measured),
        pad::seconds(measured.elapsed),
        voluntary,
        preempted,
        migrations,
        a.index(),
        b.index()
    );
}

fn report(ctx: &mut Context, mode: Mode, measured: &Measured) {
    let line = ctx.report(mode.id);
    let line = line
        .with("ns", mean_ns(measured))
        .with("iterations", measured.iterations);
    let line = line.with("handoffs", handoffs(measured));
    let line = line.with("elapsed_ns", nanoseconds(measured.elapsed));
    let line = line
        .with("voluntary", measured.voluntary)
        .with("preempted", measured.preempted);
    let line = line.with("migrations", measured.migrations);
    let line = line.with("core0", measured.cores[0].index());
    let Ok(()) = line.with("core1", measured.cores[1].index()).end();
}
