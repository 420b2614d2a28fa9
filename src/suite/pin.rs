//! `pin`: a thread runs where it was pinned to, whatever it did when it was pinned. The list of `tst-pin`.

use core::time::Duration;

use self::subjects::{Chase, Waiter};
use super::{
    expect::Expect,
    hogs::Hogs,
    session::{Ended, Session},
};
use crate::{
    board::MAX_CORES,
    cores::{self, CoreId},
    report::Verdict,
    shell::{Command, Context, Spec},
    thread::{self, Builder},
    time::Instant,
};

mod subjects;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "pin",
        summary: "Check that threads run on the core they are pinned to",
        args: &[],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let mut session = Session::new(ctx);
    let Some(cores) = session.two_cores("pin") else {
        return Verdict::Passed;
    };
    let _: Result<(), Ended> = oneself(&mut session, cores)
        .and_then(|()| nowhere(&mut session))
        .and_then(|()| sleeper(&mut session, cores))
        .and_then(|()| runnable(&mut session, cores))
        .and_then(|()| running(&mut session, cores))
        .and_then(|()| in_place(&mut session, cores))
        .and_then(|()| again_and_again(&mut session, cores))
        .and_then(|()| stays(&mut session, cores));
    thread::unpin();
    session.finish()
}

fn exactly(core: CoreId) -> Expect {
    Expect::Exactly(core.index() as u64)
}

/// A thread pins itself: when the call returns, it is there.
fn oneself(session: &mut Session<'_>, [one, other]: [CoreId; 2]) -> Result<(), Ended> {
    for (id, core) in [
        ("pin.self.0", one),
        ("pin.self.1", other),
        ("pin.self.back", one),
    ] {
        let pinned = thread::pin(core);
        let got = cores::current();
        session.require(id, "pinned", pinned.is_ok())?;
        session.check(id, "core", exactly(core), got.index() as u64);
    }
    thread::unpin();
    let is_free = thread::current().info().pinned.is_none();
    session.is("pin.self.unpin", "not pinned", is_free);
    Ok(())
}

/// A core that is not there is refused, and nothing changes.
fn nowhere(session: &mut Session<'_>) -> Result<(), Ended> {
    let is_absent = |core: &CoreId| cores::online().all(|present| present != *core);
    if let Some(absent) = (0..MAX_CORES).filter_map(CoreId::new).find(is_absent) {
        session.is(
            "pin.absent.refused",
            "refused",
            thread::pin(absent).is_err(),
        );
        let is_free = thread::current().info().pinned.is_none();
        session.is("pin.absent.unchanged", "not pinned", is_free);
    }
    Ok(())
}

/// A thread that sleeps is pinned: it wakes there.
fn sleeper(session: &mut Session<'_>, cores: [CoreId; 2]) -> Result<(), Ended> {
    for (id, core) in ["pin.sleeper.1", "pin.sleeper.0"]
        .into_iter()
        .zip([cores[1], cores[0]])
    {
        let waiter = Waiter::spawn(session, id)?;
        session.require(id, "pinned", waiter.handle.thread().pin(core).is_ok())?;
        waiter.runs_on(session, id, core)?;
    }
    Ok(())
}

/// A thread that is ready, behind this one, is sent to the other core: it goes.
fn runnable(session: &mut Session<'_>, [one, other]: [CoreId; 2]) -> Result<(), Ended> {
    let id = "pin.runnable";
    session.require(id, "pinned", thread::pin(one).is_ok())?;
    for _ in 0..20 {
        let chase = Chase {
            id,
            target: other,
            holds_off: false,
        };
        let seeker = chase.spawn(session, Builder::new())?;
        chase.send(session, seeker)?;
    }
    session.is(id, "all went", true);
    Ok(())
}

/// A thread that runs, with or without preemption held off, is sent here: it comes.
fn running(session: &mut Session<'_>, [one, other]: [CoreId; 2]) -> Result<(), Ended> {
    session.require("pin.running", "pinned", thread::pin(one).is_ok())?;
    for (id, holds_off) in [("pin.running.plain", false), ("pin.running.guarded", true)] {
        let chase = Chase {
            id,
            target: one,
            holds_off,
        };
        let seeker = chase.spawn(session, Builder::new().core(other))?;
        let state = || seeker.handle.thread().info().state;
        session.wait(id, "it runs", || state() == thread::State::Running)?;
        chase.send(session, seeker)?;
        session.is(id, "it came", true);
    }
    Ok(())
}

/// A thread is pinned to where it already is: it stays, and is pinned from then on.
fn in_place(session: &mut Session<'_>, [_, other]: [CoreId; 2]) -> Result<(), Ended> {
    let id = "pin.in-place";
    let waiter = Waiter::spawn(session, id)?;
    let thread = waiter.handle.thread().clone();
    session.is(
        "pin.in-place.before",
        "not pinned",
        thread.info().pinned.is_none(),
    );
    let core = thread.info().core;
    session.is(id, "pinned", thread.pin(core).is_ok());
    session.is(
        "pin.in-place.pinned",
        "pinned there",
        thread.info().pinned == Some(core),
    );
    session.check(
        "pin.in-place.core",
        "core",
        exactly(core),
        thread.info().core.index() as u64,
    );
    thread.unpin();
    session.is(
        "pin.in-place.unpin",
        "not pinned",
        thread.info().pinned.is_none(),
    );
    session.require(id, "pinned", thread.pin(other).is_ok())?;
    waiter.runs_on(session, "pin.in-place.sent", other)
}

/// A thread is pinned to one core after another: the last one counts.
fn again_and_again(session: &mut Session<'_>, [one, other]: [CoreId; 2]) -> Result<(), Ended> {
    let id = "pin.again";
    let waiter = Waiter::spawn(session, id)?;
    let mut ok = true;
    for core in [one, other, other, one, other] {
        ok &= waiter.handle.thread().pin(core).is_ok();
    }
    session.require(id, "pinned every time", ok)?;
    let is_pinned = waiter.handle.thread().info().pinned == Some(other);
    session.is("pin.again.last", "pinned to the last", is_pinned);
    waiter.runs_on(session, id, other)
}

/// Two pinned threads share a core while the other is idle: neither is taken away.
fn stays(session: &mut Session<'_>, [_, other]: [CoreId; 2]) -> Result<(), Ended> {
    let hogs = session.spawned("pin.stays", Hogs::spawn(&[Some(other); 2]))?;
    session.wait("pin.stays.start", "both started", || {
        hogs.all_advanced(&[0, 0])
    })?;
    let (mut elsewhere, start) = (0, Instant::now());
    while start.elapsed() < Duration::from_millis(500) {
        session.sleep(Duration::from_millis(5))?;
        elsewhere += hogs
            .infos()
            .iter()
            .filter(|info| info.core != other)
            .count() as u64;
    }
    let moved = hogs.infos().iter().map(|info| info.migrations).sum();
    session.check(
        "pin.stays.core",
        "looks at which one was elsewhere",
        Expect::Exactly(0),
        elsewhere,
    );
    session.check(
        "pin.stays.migrations",
        "migrations",
        Expect::Exactly(0),
        moved,
    );
    session.join_all("pin.stays.end", hogs.stop())
}
