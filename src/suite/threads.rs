//! `threads`: they start, end, are joined and detached in every order, by the thousand, and leave nothing
//! behind. The races of `tst-threadcomplete`, and what it does not look at.

use alloc::{sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ufmt::uwriteln;

use super::{
    expect::Expect,
    gate::Keeper,
    session::{Ended, Session},
};
use crate::{
    cores, mem,
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    thread::{self, Builder},
};

mod fates;
mod races;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "threads",
        summary: "Check spawn, join and detach: races, many at once, nothing left behind",
        args: &[
            Arg::number("at-once", 1, 100_000, "How many live at the same time")
                .or_number(1_000)
                .option(),
            Arg::number(
                "rounds",
                1,
                10_000_000,
                "Spawn-and-join rounds (full: 10,000)",
            )
            .or_number(1_000)
            .option(),
            Arg::flag("full", "10,000 rounds"),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let at_once = ctx.number("at-once");
    let rounds = if ctx.flag("full") {
        10_000
    } else {
        ctx.number("rounds")
    };
    let mut session = Session::new(ctx);
    let _: Result<(), Ended> = values(&mut session)
        .and_then(|()| names(&mut session))
        .and_then(|()| late_join(&mut session))
        .and_then(|()| detached(&mut session))
        .and_then(|()| fates::check(&mut session))
        .and_then(|()| races::check(&mut session, rounds))
        .and_then(|()| storm(&mut session, rounds))
        .and_then(|()| many(&mut session, at_once))
        .and_then(|()| no_leak(&mut session, rounds));
    session.finish()
}

/// What a thread returns reaches the one that joins it; what it captured is dropped once.
fn values(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "threads.value";
    let shared = Arc::new(7_u64);
    let inside = shared.clone();
    let handle = session.spawned(id, thread::spawn(move || [*inside, 2, 3, 4, 5, 6, 7, 8, 9]))?;
    let got: [u64; 9] = session.join(id, handle)?;
    session.check(
        id,
        "sum of what came back",
        Expect::Exactly(51),
        got.iter().sum(),
    );
    let held = Arc::strong_count(&shared) as u64;
    session.check(
        "threads.captured",
        "owners of what was captured",
        Expect::Exactly(1),
        held,
    );
    Ok(())
}

/// Each thread has the name that it was given, inside and outside, and an ID of its own.
fn names(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "threads.name";
    let builder = Builder::new().name("a name");
    let spawned = builder.spawn(|| (thread::current().name() == "a name", thread::current().id()));
    let handle = session.spawned(id, spawned)?;
    let outside = handle.thread().name() == "a name";
    let expected = handle.thread().id();
    let (inside, got) = session.join(id, handle)?;
    session.is(id, "the same name inside and outside", inside && outside);
    session.is(
        "threads.id",
        "the same ID inside and outside",
        got == expected,
    );
    session.is(
        "threads.id.own",
        "another ID than this thread's",
        got != thread::current().id(),
    );
    // Longer than what is kept, and not at a boundary of a character: cut, not refused.
    let long = Builder::new()
        .name("a name far longer than sixteen bytes \u{e9}")
        .spawn(|| ());
    let handle = session.spawned("threads.name.long", long)?;
    session.join("threads.name.long", handle)
}

/// A thread that ended long ago can still be joined.
fn late_join(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "threads.late-join";
    let handle = session.spawned(id, thread::spawn(|| 42_u64))?;
    session.wait(id, "it ended", || handle.is_finished())?;
    session.sleep(Duration::from_millis(20))?;
    let got = session.join(id, handle)?;
    session.check(id, "what it returned", Expect::Exactly(42), got);
    Ok(())
}

/// Detached threads run to their end: dropped before they start, while they run, and after they ended.
fn detached(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "threads.detached";
    let ended = Arc::new(AtomicU64::new(0));
    let count = 300;
    for i in 0..count {
        let ended = ended.clone();
        let work = move || {
            if i % 3 == 1 {
                thread::yield_now();
            }
            ended.fetch_add(1, Ordering::Relaxed);
        };
        let handle = session.spawned(id, thread::spawn(work))?;
        match i % 3 {
            0 => drop(handle),
            1 => {
                thread::yield_now();
                drop(handle);
            }
            _ => session.wait(id, "it ended", || handle.is_finished())?,
        }
    }
    session.wait(id, "all ended", || ended.load(Ordering::Relaxed) == count)?;
    let got = ended.load(Ordering::Relaxed);
    session.check(
        id,
        "threads that ran to their end",
        Expect::Exactly(count),
        got,
    );
    Ok(())
}

/// Threads on every core spawn, join and detach others as fast as they can.
fn storm(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let id = "threads.storm";
    let cancel = session.cancel();
    let mut handles = Vec::new();
    for core in cores::online() {
        let cancel = cancel.clone();
        let work = move || {
            let mut wrong = 0;
            for i in 0..rounds {
                if cancel.is_requested() {
                    break;
                }
                match thread::spawn(move || i) {
                    Ok(handle) if i % 4 == 0 => drop(handle),
                    Ok(handle) => wrong += u64::from(handle.join() != Ok(i)),
                    Err(_) => wrong += 1,
                }
            }
            wrong
        };
        handles.push(session.spawned(id, Builder::new().name("storm").core(core).spawn(work))?);
    }
    let wrong = session.returned_by_all(id, handles)?.into_iter().sum();
    session.check(id, "wrong or missing results", Expect::Exactly(0), wrong);
    session.sleep(Duration::ZERO)
}

/// So many live at the same time, and each comes to its end.
fn many(session: &mut Session<'_>, count: u64) -> Result<(), Ended> {
    const NAME: &str = "one of many";
    let id = "threads.at-once";
    let keeper = Keeper::new();
    let alive = Arc::new(AtomicU64::new(0));
    let mut handles = Vec::new();
    for i in 0..count {
        let (gate, alive) = (keeper.gate(), alive.clone());
        let work = move || {
            alive.fetch_add(1, Ordering::Relaxed);
            gate.pass();
            i
        };
        // Where memory ends, it ends for the list of threads and for the report too: let go first.
        let Ok(handle) = Builder::new().name(NAME).spawn(work) else {
            break;
        };
        handles.push(handle);
        session.sleep(Duration::ZERO)?;
    }
    let spawned = handles.len() as u64;
    // By their name: others come and go meanwhile.
    let is_one = |thread: &thread::ThreadInfo| thread.name == NAME;
    let listed = if spawned == count {
        thread::list().into_iter().filter(is_one).count()
    } else {
        0
    };
    let all = session.wait(id, "all run", || alive.load(Ordering::Relaxed) == spawned);
    keeper.open();
    all?;
    let mut sum = 0;
    for handle in handles {
        sum += session.join(id, handle)?;
    }
    session.check(id, "threads alive at once", Expect::Exactly(count), spawned);
    let (listed, what) = (listed as u64, "of them in the list");
    session.check(
        "threads.at-once.listed",
        what,
        Expect::Exactly(count),
        listed,
    );
    let (expected, what) = (count * (count - 1) / 2, "sum of what they returned");
    session.check(
        "threads.at-once.values",
        what,
        Expect::Exactly(expected),
        sum,
    );
    Ok(())
}

/// Rounds of spawn and join leave the memory as it was.
fn no_leak(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let id = "threads.memory";
    let round = |session: &mut Session<'_>| {
        let handle = session.spawned(id, thread::spawn(|| ()))?;
        session.returned(id, handle.join())?;
        session.sleep(Duration::ZERO)
    };
    // What is kept for later use is there after some; what is lost grows with every one.
    (0..rounds.min(100)).try_for_each(|_| round(session))?;
    let before = held_bytes(session)?;
    (0..rounds).try_for_each(|_| round(session))?;
    let after = held_bytes(session)?;
    let grown = after.saturating_sub(before);
    // A page: what the thread that reads the console may take meanwhile. Fewer bytes than rounds: nothing was
    // lost in each.
    session.check(
        id,
        "bytes more than before",
        Expect::AtMost(4_096.min(rounds)),
        grown,
    );
    let _ = uwriteln!(
        session.out(),
        "held: {} bytes before, {} after {} rounds",
        before,
        after,
        rounds
    );
    Ok(())
}

/// Bytes of the heap and of stacks that somebody has, when the last threads that ended have been freed.
fn held_bytes(session: &Session<'_>) -> Result<u64, Ended> {
    session.sleep(Duration::from_millis(50))?;
    let mem = mem::stats();
    Ok((mem.heap_used_bytes + mem.stacks_mapped_bytes - mem.stacks_cached_bytes) as u64)
}
