//! `affinity`: on which cores threads may run, who says so, and what a new thread gets. The work of
//! `tst-pthread-affinity`, on every core.

use alloc::{sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{
    expect::Expect,
    random::Random,
    session::{Ended, Session},
};
use crate::{
    board::MAX_CORES,
    cores::{self, CoreId},
    report::Verdict,
    shell::{Arg, Cancel, Command, Context, Spec},
    thread::{self, Builder, SpawnError},
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "affinity",
        summary: "Check on which cores threads may run, and what a new one gets",
        args: &[
            Arg::number("rounds", 1, 1_000_000, "Moves of each thread in the storm")
                .or_number(200)
                .option(),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let rounds = ctx.number("rounds");
    let mut session = Session::new(ctx);
    let _: Result<(), Ended> = born(&mut session)
        .and_then(|()| everywhere(&mut session))
        .and_then(|()| nowhere(&mut session))
        .and_then(|()| lasting(&mut session))
        .and_then(|()| over(&mut session))
        .and_then(|()| storm(&mut session, rounds));
    thread::unpin();
    session.finish()
}

fn index(core: CoreId) -> u64 {
    core.index() as u64
}

/// A new thread begins where its parent is and may go anywhere: that the parent is pinned, or holds off
/// preemption, is the parent's.
fn born(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "affinity.born";
    for core in cores::online() {
        session.require(id, "pinned", thread::pin(core).is_ok())?;
        let held = thread::preempt_disable();
        let born = thread::spawn(|| (thread::current().info().pinned, thread::preempt_count()));
        let begins = match &born {
            Ok(handle) => index(handle.thread().info().core),
            Err(_) => u64::MAX,
        };
        drop(held);
        let handle = session.spawned(id, born)?;
        let (pinned, count) = session.join(id, handle)?;
        session.is(id, "not pinned", pinned.is_none());
        let (what, count) = ("preemption count", u64::from(count));
        session.check("affinity.born.count", what, Expect::Exactly(0), count);
        let what = "core where it begins";
        let expected = Expect::Exactly(index(core));
        session.check("affinity.born.core", what, expected, begins);
    }
    thread::unpin();
    Ok(())
}

/// A thread that is born pinned is there from its first instruction on, whatever core that is; and one that
/// pins itself is there when the call returns.
fn everywhere(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "affinity.everywhere";
    for core in cores::online() {
        let work = move || {
            let first = cores::current();
            let pinned = thread::current().info().pinned;
            let tour = cores::online().filter(|to| {
                let is_pinned = thread::pin(*to).is_ok();
                is_pinned && cores::current() == *to && thread::current_core() == *to
            });
            (first, pinned, tour.count() as u64)
        };
        let handle = session.spawned(id, Builder::new().core(core).spawn(work))?;
        let (first, pinned, tour) = session.join(id, handle)?;
        let expected = Expect::Exactly(index(core));
        session.check(id, "core", expected, index(first));
        let is_pinned = pinned == Some(core);
        session.is("affinity.everywhere.pinned", "pinned there", is_pinned);
        let all = Expect::Exactly(cores::count_online() as u64);
        session.check("affinity.tour", "cores reached", all, tour);
    }
    Ok(())
}

/// A core that is not there: no thread is made, and one that is pinned stays so.
fn nowhere(session: &mut Session<'_>) -> Result<(), Ended> {
    let is_absent = |core: &CoreId| cores::online().all(|present| present != *core);
    let absent = (0..MAX_CORES).filter_map(CoreId::new).find(is_absent);
    let (Some(absent), Some(first)) = (absent, cores::online().next()) else {
        return Ok(());
    };
    let spawned = Builder::new().core(absent).spawn(|| ());
    let is_refused = matches!(spawned, Err(SpawnError::NoSuchCore(core)) if core == absent);
    session.is("affinity.absent.spawn", "refused", is_refused);
    let id = "affinity.absent";
    session.require(id, "pinned", thread::pin(first).is_ok())?;
    session.is(id, "refused", thread::pin(absent).is_err());
    let is_pinned = thread::current().info().pinned == Some(first);
    session.is("affinity.absent.unchanged", "pinned as before", is_pinned);
    thread::unpin();
    Ok(())
}

/// A pinning outlasts sleeping, waiting, yielding and a change of class.
fn lasting(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "affinity.lasting";
    let Some(core) = cores::online().last() else {
        return Ok(());
    };
    let work = move || {
        let me = thread::current();
        let acts: [fn(); 6] = [
            || thread::sleep(Duration::from_millis(2)),
            || thread::park_timeout(Duration::from_millis(2)),
            thread::yield_now,
            || thread::current().set_realtime(5),
            || thread::current().set_realtime(0),
            thread::yield_now,
        ];
        let is_there = |act: &&fn()| {
            act();
            cores::current() == core && me.info().pinned == Some(core)
        };
        (acts.len() - acts.iter().filter(is_there).count()) as u64
    };
    let handle = session.spawned(id, Builder::new().core(core).spawn(work))?;
    let lost = session.join(id, handle)?;
    let what = "acts after which it was elsewhere, or not pinned";
    session.check(id, what, Expect::Exactly(0), lost);
    Ok(())
}

/// A thread that has ended can be pinned and unpinned: nothing comes of it.
fn over(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "affinity.over";
    let handle = session.spawned(id, thread::spawn(|| ()))?;
    let thread = handle.thread().clone();
    session.join(id, handle)?;
    for core in cores::online() {
        session.is(id, "accepted", thread.pin(core).is_ok());
    }
    thread.unpin();
    thread.set_realtime(1);
    let is_over = thread.info().state == thread::State::Exited;
    session.is("affinity.over.state", "still ended", is_over);
    Ok(())
}

/// Threads on all cores send themselves to random cores as fast as they can, and another one sends them about
/// meanwhile: each is on its core, or was sent on.
#[expect(
    clippy::large_stack_frames,
    reason = "the handles of its threads; a command has a stack of 32 KiB"
)]
fn storm(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let id = "affinity.storm";
    let cores: Vec<CoreId> = cores::online().collect();
    let moves = Arc::new(AtomicU64::new(0));
    let mut movers = Vec::new();
    let mut sent = Vec::new();
    for me in 0..2 * cores.len() as u64 {
        let (of_mover, moves, cancel) = (cores.clone(), moves.clone(), session.cancel());
        let work = move || wander((me, rounds), &of_mover, &moves, &cancel);
        let spawned = Builder::new().name("mover").spawn(work);
        movers.push(session.spawned(id, spawned)?);
        let cancel = session.cancel();
        let work = move || {
            for _ in 0..rounds {
                if cancel.is_requested() {
                    break;
                }
                thread::yield_now();
            }
        };
        let spawned = Builder::new().name("sent").spawn(work);
        sent.push(session.spawned(id, spawned)?);
    }
    let mut random = Random::new(0);
    for _ in 0..rounds {
        for handle in &sent {
            let core = cores[random.below(cores.len() as u64) as usize];
            session.require(id, "pinned", handle.thread().pin(core).is_ok())?;
        }
        session.sleep(Duration::ZERO)?;
    }
    let wrong = session.join_busy(id, movers, &moves)?.iter().sum();
    session.join_all(id, sent)?;
    let done = moves.load(Ordering::Relaxed);
    let what = "moves after which a thread was elsewhere";
    session.check(id, what, Expect::Exactly(0), wrong);
    let all = Expect::Exactly(2 * cores.len() as u64 * rounds);
    session.check("affinity.storm.moves", "moves", all, done);
    Ok(())
}

/// Goes to random cores, and counts how often; how often it was not there.
fn wander((seed, rounds): (u64, u64), cores: &[CoreId], moves: &AtomicU64, cancel: &Cancel) -> u64 {
    let mut random = Random::new(seed);
    let (mut wrong, mut done) = (0, 0);
    while done < rounds && !cancel.is_requested() {
        let core = cores[random.below(cores.len() as u64) as usize];
        let is_pinned = thread::pin(core).is_ok();
        wrong += u64::from(!is_pinned || cores::current() != core);
        done += 1;
        moves.fetch_add(1, Ordering::Relaxed);
    }
    wrong
}
