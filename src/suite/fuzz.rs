//! `fuzz`: threads that use everything that the scheduler and the locks offer, while a seeded generator interrupts
//! them and takes their core away at moments of its choosing.

use alloc::sync::Arc;
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use ufmt::uwriteln;

use super::{
    conditions,
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores,
    report::{Value, Verdict},
    sched::forced::{Counts, Forced, Walk},
    shell::{Arg, Command, Context, Spec},
    thread,
};

mod crew;
mod groups;
mod shared;
mod work;

use crew::Crew;
use shared::Shared;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "fuzz",
        summary: "Interrupt and preempt threads at random instructions; repeats by its seed under -icount",
        args: &[
            Arg::number("seed", 0, u64::MAX, "What the moments are drawn from")
                .or_number(1)
                .option(),
            Arg::number("interrupts", 1, 1_000_000_000, "How many, on each core")
                .or_number(20_000)
                .option(),
            Arg::number(
                "walk",
                1,
                u64::MAX,
                "From which interrupt on each comes an instruction later",
            )
            .or_number(u64::MAX)
            .option(),
            Arg::number(
                "ahead",
                0,
                1_000_000,
                "How many ticks later the first of those comes",
            )
            .or_number(0)
            .option(),
            Arg::flag(
                "coverage",
                "Report where interrupts were taken (for the host tool)",
            ),
        ],
    },
    run,
};

/// How often the end is looked for.
const POLL: Duration = Duration::from_micros(20);

/// What is asked for.
#[derive(Clone, Copy)]
struct Plan {
    seed: u64,
    /// On each core.
    interrupts: u64,
    walk: Walk,
}

/// The right to force interrupts: one command at a time.
struct Turn(&'static Forced);

impl Turn {
    fn take() -> Option<Self> {
        static FORCED: spin::Once<&'static Forced> = spin::Once::new();
        IS_TAKEN
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .ok()
            .map(|_| Self(FORCED.call_once(Forced::new)))
    }
}

static IS_TAKEN: AtomicBool = AtomicBool::new(false);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.close();
        IS_TAKEN.store(false, Ordering::Release);
    }
}

fn run(ctx: &mut Context) -> Verdict {
    let plan = Plan {
        seed: ctx.number("seed"),
        interrupts: ctx.number("interrupts"),
        walk: Walk {
            from: ctx.number("walk"),
            ahead: ctx.number("ahead"),
        },
    };
    let with_coverage = ctx.flag("coverage");
    let Some(turn) = Turn::take() else {
        let _ = uwriteln!(ctx.out(), "fuzz runs already: one at a time");
        return Verdict::Failed;
    };
    let _ = uwriteln!(ctx.out(), "seed {}", plan.seed);
    let mut session = Session::new(ctx);
    // An end before its time is counted already, or makes the verdict "aborted".
    let _: Result<(), Ended> = fuzz(&mut session, turn.0, plan);
    let verdict = session.finish();
    report(ctx, turn.0, plan.seed, with_coverage);
    conditions::print(ctx);
    verdict
}

/// The crew at work, interrupted; then whether each of them still goes on, and what they came to.
#[expect(
    clippy::large_stack_frames,
    reason = "what its threads share; a command has a stack of 32 KiB"
)]
fn fuzz(session: &mut Session<'_>, forced: &'static Forced, plan: Plan) -> Result<(), Ended> {
    let Some(shared) = Shared::new() else {
        return session.require("fuzz.memory", "memory", false);
    };
    let shared = Arc::new(shared);
    let mut crew = Crew::spawn(session, &shared)?;
    forced.open(plan.seed, plan.walk);
    for core in cores::online() {
        session.require("fuzz.pin", "pinned", thread::pin(core).is_ok())?;
        forced.join();
    }
    thread::unpin();
    // First all have their first round behind them: what is done once in a run cannot be met everywhere.
    crew.come_round(session, "fuzz.start", forced)?;
    forced.count(plan.interrupts);
    while cores::online().any(|core| forced.left(core) > 0) && !shared.has_failed() {
        session.sleep(POLL)?;
    }
    if !shared.has_failed() {
        // A thread that nobody will wake again would be woken by the end.
        crew.come_round(session, "fuzz.advance", forced)?;
    }
    let dismissed = crew.dismiss(session);
    forced.close();
    dismissed?;
    for core in cores::online() {
        let Counts {
            interrupts: got, ..
        } = forced.counts(core);
        session.check(
            "fuzz.interrupts",
            "interrupts",
            Expect::Exactly(plan.interrupts),
            got,
        );
    }
    Ok(())
}

fn report(ctx: &mut Context, forced: &Forced, seed: u64, with_coverage: bool) {
    if with_coverage {
        for (address, bits) in forced.taken_at() {
            let line = ctx
                .report("fuzz.covered")
                .with("at", Value::Hex(address as u64));
            let Ok(()) = line.with("bits", Value::Hex(bits)).end();
        }
    }
    for core in cores::online() {
        let counts = forced.counts(core);
        let line = ctx
            .report("fuzz")
            .with("core", core.index())
            .with("seed", seed);
        let line = line.with("interrupts", counts.interrupts);
        let line = line.with("rotations", counts.rotations);
        let Ok(()) = line.with("digest", Value::Hex(counts.digest)).end();
    }
}
