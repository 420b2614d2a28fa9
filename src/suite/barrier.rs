//! `barrier`: nobody goes on before all have come, in each round, and one of each round leads. The check of
//! `tst-pthread-barrier`.

use alloc::{sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicU64, Ordering};

use super::{
    expect::Expect,
    order::Order,
    session::{Ended, Session},
};
use crate::{
    cores,
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    sync::Barrier,
    thread::{self, Builder},
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "barrier",
        summary: "Check that a barrier lets nobody go before all have come",
        args: &[
            Arg::number("rounds", 1, 1_000_000, "Rounds of the long run")
                .or_number(500)
                .option(),
            Arg::flag("full", "20,000 rounds"),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let rounds = if ctx.flag("full") {
        20_000
    } else {
        ctx.number("rounds")
    };
    let mut session = Session::new(ctx);
    let leads = [0, 1]
        .iter()
        .all(|&size| Barrier::new(size).wait().is_leader());
    session.is("barrier.alone", "one alone goes through and leads", leads);
    let _: Result<(), Ended> = meet(&mut session, "barrier.classic", 10, 4)
        .and_then(|()| meet(&mut session, "barrier.two", 2, rounds))
        .and_then(|()| meet(&mut session, "barrier.many", 16, rounds))
        .and_then(|()| urgent(&mut session));
    session.finish()
}

/// What the threads of a check share.
struct Meeting {
    barrier: Barrier,
    /// How many have come, in all rounds.
    came: AtomicU64,
    /// How often a thread went on when not all had come, or when some were a round ahead.
    early: AtomicU64,
    leaders: AtomicU64,
}

fn meet(session: &mut Session<'_>, id: &str, threads: u64, rounds: u64) -> Result<(), Ended> {
    let meeting = Arc::new(Meeting {
        barrier: Barrier::new(threads as usize),
        came: AtomicU64::new(0),
        early: AtomicU64::new(0),
        leaders: AtomicU64::new(0),
    });
    let mut handles = Vec::new();
    for _ in 0..threads {
        let shared = meeting.clone();
        let work = move || {
            for round in 0..rounds {
                shared.came.fetch_add(1, Ordering::Relaxed);
                let result = shared.barrier.wait();
                let came = shared.came.load(Ordering::Relaxed);
                // All of this round, and of the next at most all but this one.
                let is_right = (threads * (round + 1)..threads * (round + 2)).contains(&came);
                shared
                    .early
                    .fetch_add(u64::from(!is_right), Ordering::Relaxed);
                let leads = u64::from(result.is_leader());
                shared.leaders.fetch_add(leads, Ordering::Relaxed);
            }
        };
        let spawned = Builder::new().name("barrier").spawn(work);
        handles.push(session.spawned(id, spawned)?);
    }
    // As long as there are rounds: what goes on is no hang.
    let came = || meeting.came.load(Ordering::Relaxed);
    let mut last = 0;
    while came() < threads * rounds {
        session.wait(id, "some have come", || came() > last)?;
        last = came();
    }
    session.join_all(id, handles)?;
    let early = meeting.early.load(Ordering::Relaxed);
    session.check(
        id,
        "times that one went too early",
        Expect::Exactly(0),
        early,
    );
    let leaders = meeting.leaders.load(Ordering::Relaxed);
    session.check(id, "leaders", Expect::Exactly(rounds), leaders);
    Ok(())
}

/// Of those who are let go the most urgent is the first, though it came last.
fn urgent(session: &mut Session<'_>) -> Result<(), Ended> {
    const CLASSES: u8 = 3;
    let id = "barrier.urgent";
    let shared = Arc::new((Barrier::new(usize::from(CLASSES) + 1), Order::new()));
    let here = cores::current();
    let is_pinned = thread::pin(here).is_ok();
    let mut handles = Vec::new();
    for class in 1..=CLASSES {
        let theirs = shared.clone();
        let work = move || {
            theirs.0.wait();
            theirs.1.leave(class);
        };
        // Each is more urgent than this thread, and so waits before the next one is made.
        let thread = Builder::new().name("urgent").realtime(class).core(here);
        handles.push(session.spawned(id, thread.spawn(work))?);
    }
    shared.0.wait();
    session.join_all(id, handles)?;
    thread::unpin();
    session.is(id, "stayed on its core", is_pinned);
    let came = shared.1.text();
    session.is(id, "went in the order of their urgency", came == "321");
    Ok(())
}
