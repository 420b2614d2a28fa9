//! The command: its arguments, what it says, and its verdict.

use core::time::Duration;

use ufmt::{uwrite, uwriteln};

use super::{
    super::conditions,
    cause::{Cause, ENOUGH},
    director::{self, Ended, Outcome},
    file::Register,
    roster::{FEWEST, Kind, MOST, Selection, partner},
    shared::Mismatch,
};
use crate::{
    cores,
    report::{Value, Verdict},
    sched::per_core,
    shell::{Arg, Command, Context, Spec},
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "regs",
        summary: "Check that threads keep every register, whatever takes their core away",
        args: &[
            Arg::number("seconds", 1, 1_000_000, "For how long")
                .or_number(2)
                .option(),
            Arg::number("threads", FEWEST as u64, MOST as u64, "How many threads")
                .or_number(16)
                .option(),
            Arg::choice(
                "cause",
                &Selection::WORDS,
                "What they come through; only the threads that it takes",
            )
            .or_choice("all")
            .option(),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let selection = Selection::from_word(ctx.choice("cause"));
    // At most MOST, as the specification says.
    let threads = ctx.number("threads") as usize;
    let time = Duration::from_secs(ctx.number("seconds"));
    if cores::count_online() == 1 {
        say_what_one_core_cannot(ctx);
        // Somebody has asked for just that.
        if selection.required(1).is_empty() {
            return Verdict::Failed;
        }
    }
    let conditions = conditions::begin();
    let outcome = director::run(ctx, selection, threads, time);
    let ok = judge(ctx, selection, &outcome);
    summarise(ctx, &outcome);
    conditions.print(ctx);
    match outcome.ended {
        _ if !ok => Verdict::Failed,
        Some(_) => Verdict::Aborted,
        None => Verdict::Passed,
    }
}

fn say_what_one_core_cannot(ctx: &mut Context) {
    let _ = uwriteln!(
        ctx.out(),
        "regs: ipi and migration need two cores, one is online"
    );
    for id in ["regs.ipi", "regs.migration"] {
        let line = ctx.report("skipped").with("id", id);
        let Ok(()) = line.with("needs-cores", 2_u8).end();
    }
}

/// Says what is wrong; whether nothing is.
fn judge(ctx: &mut Context, selection: Selection, outcome: &Outcome) -> bool {
    let kept = outcome.shared.kept();
    for mismatch in &kept {
        tell(ctx, mismatch);
    }
    let found = outcome.shared.mismatches();
    let more = found.saturating_sub(kept.len() as u64);
    if more > 0 {
        let _ = uwriteln!(ctx.out(), "regs: and {} more", more);
    }
    let is_hung = match outcome.ended {
        Some(Ended::Stuck(which)) => {
            let subject = &outcome.shared.subjects[which];
            let kind = subject.kind.as_str();
            let _ = uwriteln!(
                ctx.out(),
                "regs: thread {} ({}) makes no progress",
                which,
                kind
            );
            let line = ctx.report("regs.stuck").with("thread", which);
            let Ok(()) = line.with("kind", kind).end();
            where_it_stands(ctx, outcome, which);
            if subject.kind == Kind::Block {
                where_it_stands(ctx, outcome, partner(which));
            }
            true
        }
        Some(Ended::StuckStart) => {
            let _ = uwriteln!(ctx.out(), "regs: a new thread makes no progress");
            let Ok(()) = ctx.report("regs.stuck").with("kind", "start").end();
            true
        }
        Some(Ended::NoRoom) => {
            let _ = uwriteln!(ctx.out(), "regs: no memory for the threads");
            true
        }
        Some(Ended::Cancelled) | None => false,
    };
    // What ended early had no time to let everything occur.
    let is_complete = found > 0 || outcome.ended.is_some() || has_all(ctx, selection, outcome);
    found == 0 && !is_hung && is_complete
}

/// Says what a thread that makes no progress is doing: one that is ready is starved, one that is parked with a token
/// has lost a wake-up.
fn where_it_stands(ctx: &mut Context, outcome: &Outcome, which: usize) {
    let subject = outcome.shared.subjects.get(which);
    let Some(thread) = subject.and_then(|subject| subject.thread.get()) else {
        return;
    };
    let info = thread.info();
    let line = ctx.report("regs.standing").with("thread", which);
    let line = line.with("state", info.state.as_str());
    let line = line.with("core", info.core.index());
    let line = line.with("pinned", info.pinned.map_or(-1, |core| core.index() as i64));
    let line = line.with("token", u8::from(thread.block().has_park_token()));
    let line = line.with("load", per_core::get(info.core).load());
    let Ok(()) = line.end();
}

/// Whether everything that must occur did; says what did not.
fn has_all(ctx: &mut Context, selection: Selection, outcome: &Outcome) -> bool {
    let mut ok = true;
    let mut require = |what: &str, count: u64| {
        if count >= ENOUGH {
            return;
        }
        ok = false;
        let _ = uwriteln!(
            ctx.out(),
            "regs: {}: {} checks, {} or more are needed",
            what,
            count,
            ENOUGH
        );
        let line = ctx.report("regs.missing").with("cause", what);
        let Ok(()) = line.with("count", count).end();
    };
    let counts = outcome.shared.counts();
    for cause in selection.required(cores::count_online()) {
        require(cause.as_str(), counts.of(*cause));
    }
    if selection == Selection::All {
        require("start", outcome.starts);
        require("handler", outcome.shared.rounds(Kind::Handler));
    }
    ok
}

/// Says which register was wrong, for people and for the host tool.
fn tell(ctx: &mut Context, mismatch: &Mismatch) {
    let Mismatch {
        thread,
        kind,
        core,
        cause,
        difference,
    } = *mismatch;
    let (register, half) = (difference.register, difference.register.half());
    let cause = cause.map_or("none", Cause::as_str);
    let out = ctx.out();
    let _ = uwrite!(
        out,
        "regs: thread {} ({}) on core {}: {}",
        thread,
        kind.as_str(),
        core.index(),
        register
    );
    if let Some(half) = half {
        let _ = uwrite!(out, " ({})", half.as_str());
    }
    let _ = uwriteln!(
        out,
        " expected 0x{:x}, got 0x{:x} after {}",
        difference.expected,
        difference.got,
        cause
    );
    let name = name(register);
    let mut line = ctx.report("regs.mismatch").with("register", name.as_str());
    if let Some(half) = half {
        line = line.with("half", half.as_str());
    }
    let line = line.with("thread", thread).with("kind", kind.as_str());
    let line = line.with("core", core.index()).with("cause", cause);
    let line = line.with("expected", Value::Hex(difference.expected));
    let Ok(()) = line.with("got", Value::Hex(difference.got)).end();
}

fn name(register: Register) -> heapless::String<16> {
    let mut name = heapless::String::new();
    // The longest is `tpidr_el0`.
    let _ = uwrite!(name, "{}", register);
    name
}

fn summarise(ctx: &mut Context, outcome: &Outcome) {
    let counts = outcome.shared.counts();
    let handler = outcome.shared.rounds(Kind::Handler);
    let mismatches = outcome.shared.mismatches();
    let _ = uwriteln!(
        ctx.out(),
        "regs: {} checks, {} mismatches; {} new threads, {} handlers",
        counts.sum(),
        mismatches,
        outcome.starts,
        handler
    );
    let checks = u32::try_from(counts.sum()).unwrap_or(u32::MAX);
    ctx.out().add_checks(checks);
    let _ = uwrite!(ctx.out(), "regs: after");
    for cause in Cause::ALL.into_iter().filter(|&cause| counts.of(cause) > 0) {
        let _ = uwrite!(ctx.out(), " {} {}", cause.as_str(), counts.of(cause));
    }
    let _ = uwriteln!(ctx.out(), "");
    let mut line = ctx.report("regs").with("checks", counts.sum());
    for cause in Cause::ALL {
        line = line.with(cause.as_str(), counts.of(cause));
    }
    let line = line.with("start", outcome.starts).with("handler", handler);
    let Ok(()) = line.with("mismatches", mismatches).end();
}
