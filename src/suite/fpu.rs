//! `fpu`: no thread sees another's floating-point state. The work of OSv's `tst-fpu`, but a mismatch is
//! told, not waited upon.

use alloc::vec::Vec;

use ufmt::uwriteln;

use self::work::{Outcome, Part};
use super::{
    conditions,
    foremost::Foremost,
    rounding::Rounding,
    sines::{Mismatch, Sines, write_fraction},
};
use crate::{
    arch::fp::fpcr,
    cores,
    report::{Value, Verdict},
    shell::{Arg, Command, Context, Spec},
    thread::{Builder, JoinHandle, SpawnError},
};

mod work;

/// Iterations for each rounding mode; the sines take a tenth as many rounds. What an emulator on two host
/// cores does in a few seconds.
const DEFAULT_ITERATIONS: u64 = 20_000;
/// The counts of OSv: 100,000 rounds of sines, 1,000,000 iterations.
const FULL_ITERATIONS: u64 = 1_000_000;
/// Rounds of sines are this many times fewer than iterations.
const ITERATIONS_PER_ROUND: u64 = 10;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "fpu",
        summary: "Check that threads keep their floating-point state: sines and rounding modes",
        args: &[
            Arg::number(
                "threads",
                1,
                10_000,
                "How many threads in each part (default 16)",
            )
            .or_number(16)
            .option(),
            Arg::number(
                "iterations",
                1,
                u64::MAX,
                "Checks of each rounding mode; sines take a tenth",
            )
            .or_number(DEFAULT_ITERATIONS)
            .option(),
            Arg::flag(
                "full",
                "The counts of OSv: 100,000 rounds of sines, 1,000,000 iterations",
            ),
        ],
    },
    run,
};

/// How many tests were made, and how many failed.
#[derive(Clone, Copy, Default)]
struct Count {
    tests: u64,
    fails: u64,
}

impl Count {
    fn add(&mut self, ok: bool) {
        self.tests += 1;
        self.fails += u64::from(!ok);
    }
}

fn run(ctx: &mut Context) -> Verdict {
    // At most 1,000, as the specification says.
    let threads = ctx.number("threads") as usize;
    let iterations = if ctx.flag("full") {
        FULL_ITERATIONS
    } else {
        ctx.number("iterations")
    };
    let conditions = conditions::begin();
    let mut count = Count::default();
    let parts = sines(
        ctx,
        threads,
        iterations.div_ceil(ITERATIONS_PER_ROUND),
        &mut count,
    )
    .and_then(|()| rounding(ctx, threads, iterations, false, &mut count))
    .and_then(|()| rounding(ctx, threads, iterations, true, &mut count));
    if parts.is_err() {
        let _ = uwriteln!(ctx.out(), "fpu: no memory for {} threads", threads);
        return Verdict::Failed;
    }
    if ctx.is_cancelled() {
        let _ = uwriteln!(ctx.out(), "fpu: stopped");
        return Verdict::Aborted;
    }
    let Count { tests, fails } = count;
    let _ = uwriteln!(ctx.out(), "fpu test done, {}/{} fails/tests", fails, tests);
    conditions.print(ctx);
    ctx.out()
        .add_checks(u32::try_from(tests).unwrap_or(u32::MAX));
    let line = ctx.report("fpu").with("fails", fails).with("tests", tests);
    let Ok(()) = line
        .with("threads", threads)
        .with("iterations", iterations)
        .end();
    Verdict::from_check(fails == 0)
}

/// Starts `threads` threads. If one cannot be had, those before it end by themselves: the part is cancelled.
fn spawn<F>(
    threads: usize,
    part: &Part,
    builder: impl Fn() -> Builder,
    work: impl Fn(usize) -> F,
) -> Result<Vec<JoinHandle<Outcome>>, SpawnError>
where
    F: FnOnce() -> Outcome + Send + 'static,
{
    let _foremost = Foremost::new();
    let handles: Result<Vec<_>, _> = (0..threads).map(|me| builder().spawn(work(me))).collect();
    handles.inspect_err(|_| part.give_up())
}

/// The first part: sines on all cores, one test for each thread.
fn sines(
    ctx: &mut Context,
    threads: usize,
    rounds: u64,
    count: &mut Count,
) -> Result<(), SpawnError> {
    let part = Part::new(threads, ctx.cancel());
    let expected = Sines::compute();
    let work = |_| {
        let part = part.clone();
        move || part.sines(rounds)
    };
    let handles = spawn(threads, &part, || Builder::new().name("fpu sine"), work)?;
    for (me, handle) in handles.into_iter().enumerate() {
        let Ok(outcome) = handle.join() else {
            count.add(false);
            continue;
        };
        let differs = || {
            outcome
                .sines
                .as_ref()
                .and_then(|sines| expected.difference(sines))
        };
        let wrong = outcome
            .wrong
            .or_else(|| differs().map(|mismatch| ("first sine", mismatch)));
        complain(ctx, "sines", me, wrong);
        count.add(wrong.is_none());
    }
    let _ = write_three(ctx, &expected, threads);
    Ok(())
}

/// Says what the sine of 3 is, as the original does.
fn write_three(
    ctx: &mut Context,
    sines: &Sines,
    threads: usize,
) -> Result<(), core::convert::Infallible> {
    ufmt::uwrite!(ctx.out(), "3 -> ")?;
    write_fraction(ctx.out(), sines.sine(3))?;
    uwriteln!(ctx.out(), " ({} threads)", threads)
}

/// The second and third part: rounding modes that alternate on one core; one test for each thread, and one
/// for the part as a whole: every thread did all of its work, the core really went from one to the other,
/// and the thread that waited for them kept its own mode.
fn rounding(
    ctx: &mut Context,
    threads: usize,
    iterations: u64,
    yields: bool,
    count: &mut Count,
) -> Result<(), SpawnError> {
    let part = Part::new(threads, ctx.cancel());
    let builder = || {
        let builder = Builder::new().name("fpu round");
        match cores::online().next() {
            Some(core) => builder.core(core),
            None => builder,
        }
    };
    let work = |me| {
        let part = part.clone();
        move || part.rounding(Rounding::of_thread(me), yields, iterations)
    };
    let name = if yields {
        "rounding with yield"
    } else {
        "rounding without yield"
    };
    let before = fpcr();
    let (mut complete, mut switches) = (0, 0);
    for (me, handle) in spawn(threads, &part, builder, work)?
        .into_iter()
        .enumerate()
    {
        let Ok(outcome) = handle.join() else {
            count.add(false);
            continue;
        };
        complain(ctx, name, me, outcome.wrong);
        count.add(outcome.wrong.is_none());
        complete += usize::from(outcome.is_complete);
        switches += outcome.switches;
    }
    let after = fpcr();
    let others = threads as u64 - 1;
    let whole = complete == threads && switches >= others && after == before;
    let _ = uwriteln!(
        ctx.out(),
        "{}: {} threads, {} iterations each, {} switches",
        name,
        threads,
        iterations,
        switches
    );
    if !whole && !ctx.is_cancelled() {
        let _ = uwriteln!(
            ctx.out(),
            "fpu: {}: expected {} complete threads, {} or more switches, FPCR {:#x}; got {}, {}, {:#x}",
            name,
            threads,
            others,
            before,
            complete,
            switches,
            after
        );
    }
    count.add(whole);
    Ok(())
}

/// Says what was wrong in a thread, for people and for the host tool.
fn complain(ctx: &mut Context, part: &str, thread: usize, wrong: Option<(&'static str, Mismatch)>) {
    let Some((what, Mismatch { at, expected, got })) = wrong else {
        return;
    };
    let _ = uwriteln!(
        ctx.out(),
        "fpu: {}: thread {}: {} at {}: expected {:#x}, got {:#x}",
        part,
        thread,
        what,
        at,
        expected,
        got
    );
    let line = ctx
        .report("fpu.mismatch")
        .with("part", part)
        .with("thread", thread)
        .with("what", what);
    let line = line.with("at", at).with("expected", Value::Hex(expected));
    let Ok(()) = line.with("got", Value::Hex(got)).end();
}
