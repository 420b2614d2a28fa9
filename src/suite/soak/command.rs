//! The command `soak`: for how long, and what it came to.

use core::time::Duration;

use ufmt::{uwrite, uwriteln};

use super::{
    super::{
        crash::held_bytes,
        expect::Expect,
        session::{Ended, Session},
    },
    director::Director,
    draw::{Operation, SLOTS},
    stage::{FAULTS, STAGE},
    worker::NAME,
};
use crate::{
    fault::{self, Detail},
    report::{Value, Verdict},
    shell::{Arg, Command, Context, Spec, pad},
    sync::Semaphore,
    thread::{self, Builder},
    time::Instant,
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "soak",
        summary: "Threads that work, move and crash, as a seed says; nothing may be lost",
        args: &[
            Arg::number("seed", 0, u64::MAX, "What everything is drawn from")
                .or_number(1)
                .option(),
            Arg::number("faults", 1, 1_000_000_000, "How many threads are to crash")
                .or_number(500)
                .option(),
            Arg::number("seconds", 1, 86_400, "For how long, however many that is").option(),
        ],
    },
    run,
};

/// How often what was freed is looked for, before it counts as lost.
const LOOKS: usize = 40;

/// When it is over.
#[derive(Clone, Copy)]
enum End {
    Faults(u64),
    Time(Duration),
}

/// What is left when all is over.
#[derive(Default)]
struct Left {
    bytes: u64,
    threads: u64,
}

fn run(ctx: &mut Context) -> Verdict {
    let seed = ctx.number("seed");
    let end = match ctx.number_if_given("seconds") {
        Some(seconds) => End::Time(Duration::from_secs(seconds)),
        None => End::Faults(ctx.number("faults")),
    };
    if !STAGE.take() {
        let Ok(()) = uwriteln!(ctx.out(), "soak runs already, or has left hung threads");
        return Verdict::Failed;
    }
    // Before memory is counted: the first line takes room for lines, which is kept.
    let Ok(()) = uwriteln!(
        ctx.out(),
        "seed {}: what is to come is drawn from it, and from the number of cores",
        seed
    );
    let mut director = Director::new(seed);
    let mut left = Left::default();
    let mut session = Session::new(ctx);
    fault::set_detail(Detail::None);
    // An end before its time is counted already, or makes the verdict "aborted".
    let _: Result<(), Ended> = soak(&mut session, &mut director, end, &mut left);
    fault::set_detail(Detail::Full);
    let verdict = session.finish();
    show(ctx, seed, &director, &left);
    if director.is_dismissed() {
        STAGE.give_back();
    }
    verdict
}

#[expect(
    clippy::large_stack_frames,
    reason = "once in a command, which has a stack of 32 KiB"
)]
fn soak(
    session: &mut Session<'_>,
    director: &mut Director,
    end: End,
    left: &mut Left,
) -> Result<(), Ended> {
    make_ready(session)?;
    let before = held_bytes(session)?;
    let (crashed, start) = (fault::crashed(), Instant::now());
    let is_over = |director: &Director| match end {
        End::Faults(faults) => director.faults() >= faults,
        End::Time(time) => start.elapsed() >= time,
    };
    while !is_over(director) && STAGE.wrong().is_none() {
        let next = session.sleep(Duration::ZERO);
        let next = next.and_then(|()| director.step(session));
        if next.is_err() && session.cancel().is_requested() {
            break;
        }
        // Who hangs is left alone, and so is the stage.
        next?;
    }
    director.dismiss();
    let counted = fault::crashed() - crashed;
    *left = whats_left(session, before)?;
    let injected = director.faults();
    let survived = (0..FAULTS).map(|fault| STAGE.survived(fault)).sum();
    let (work, expected, got) = match STAGE.wrong() {
        None => ("right", 0, 0),
        Some(wrong) => (wrong.what, wrong.expected, wrong.got),
    };
    let ([poisoned, found], [due, sum]) = (director.poisons(), director.sums());
    let told = "threads that ended by what was raised";
    // As in `crash`: a page for the console, and fewer bytes than crashes.
    let most = injected.min(4_096);
    let checks = [
        ("work", work, Expect::Exactly(expected), got),
        ("faults", told, Expect::Exactly(injected), survived),
        (
            "counted",
            "threads in `mem`",
            Expect::Exactly(injected),
            counted,
        ),
        (
            "poison",
            "mutexes found poisoned",
            Expect::Exactly(poisoned),
            found,
        ),
        ("sum", "changes under mutexes", Expect::Exactly(due), sum),
        (
            "memory",
            "bytes more than before",
            Expect::AtMost(most),
            left.bytes,
        ),
        (
            "threads",
            "threads that are left",
            Expect::Exactly(0),
            left.threads,
        ),
    ];
    for (name, what, expected, got) in checks {
        let mut id = heapless::String::<16>::new();
        // No name is too long.
        let _ = uwrite!(id, "soak.{}", name);
        session.check(&id, what, expected, got);
    }
    Ok(())
}

/// Has as many threads at once as there will ever be: their blocks are kept, and are no loss later.
fn make_ready(session: &mut Session<'_>) -> Result<(), Ended> {
    static GATE: Semaphore = Semaphore::new(0);
    let mut handles = alloc::vec::Vec::new();
    let spawn = || Builder::new().name(NAME).spawn(|| GATE.acquire());
    let spawned: Result<(), _> = (0..SLOTS * 5).try_for_each(|_| {
        handles.push(spawn()?);
        Ok(())
    });
    handles.iter().for_each(|_| GATE.release());
    session.spawned("soak.ready", spawned)?;
    session.join_all("soak.ready", handles)
}

/// What is held more than before, when what was freed late is free too.
fn whats_left(session: &Session<'_>, before: u64) -> Result<Left, Ended> {
    let mut left = Left::default();
    for _ in 0..LOOKS {
        let threads = thread::list().into_iter().filter(|info| info.name == NAME);
        left.threads = threads.count() as u64;
        left.bytes = held_bytes(session)?.saturating_sub(before);
        if left.threads == 0 && left.bytes == 0 {
            break;
        }
    }
    Ok(left)
}

/// The table: how often each operation, and how often each fault, of which so many survived.
#[expect(
    clippy::large_stack_frames,
    reason = "once in a command, which has a stack of 32 KiB"
)]
fn show(ctx: &mut Context, seed: u64, director: &Director, left: &Left) {
    let operations: u64 = director.operations.iter().sum();
    let names = director.kinds.iter().map(|kind| kind.name);
    let names = names.chain(["poison"]).enumerate();
    let row = |name, injected: u64, survived: u64| {
        (
            pad::left(name, 20),
            pad::right(injected, 9),
            pad::right(survived, 9),
            pad::right(injected.saturating_sub(survived), 6),
        )
    };
    let Ok(()) = uwriteln!(ctx.out(), "OPERATION  COUNT");
    for (name, count) in Operation::NAMES.into_iter().zip(director.operations) {
        let Ok(()) = uwriteln!(ctx.out(), "{}{}", pad::left(name, 8), pad::right(count, 8));
    }
    let Ok(()) = uwriteln!(ctx.out(), "FAULT                INJECTED SURVIVED  LOST");
    let mut total = 0;
    for (fault, name) in names {
        let survived = STAGE.survived(fault);
        total += survived;
        let (name, injected, survived, lost) = row(name, director.injected[fault], survived);
        let Ok(()) = uwriteln!(ctx.out(), "{}{}{}{}", name, injected, survived, lost);
    }
    let (name, injected, survived, lost) = row("all", director.faults(), total);
    let Ok(()) = uwriteln!(ctx.out(), "{}{}{}{}", name, injected, survived, lost);
    let line = ctx.report("soak").with("seed", seed);
    let line = line.with("operations", operations);
    let line = line.with("injected", director.faults());
    let line = line.with("survived", total);
    let line = line.with("lost", director.faults().saturating_sub(total));
    let line = line.with("leaked", left.bytes);
    let line = line.with("threads", left.threads);
    let Ok(()) = line.with("digest", Value::Hex(director.digest())).end();
}
