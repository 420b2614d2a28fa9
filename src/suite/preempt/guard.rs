//! The guard that holds preemption off: nothing else runs on the core, and what waited runs when it is dropped.

use alloc::sync::Arc;
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use super::super::{
    expect::Expect,
    hogs::Hogs,
    session::{Ended, Session},
};
use crate::{
    cores::CoreId,
    thread::{self, Builder},
    time::Instant,
};

/// While a guard is held, no other thread runs on this core; afterwards the other does.
pub(super) fn check(session: &mut Session<'_>, core: CoreId) -> Result<(), Ended> {
    session.require("preempt.guard.pin", "pinned", thread::pin(core).is_ok())?;
    let hogs = session.spawned("preempt.guard.held", Hogs::spawn(&[Some(core)]))?;
    session.wait("preempt.guard.start", "the other started", || {
        hogs.all_advanced(&[0])
    })?;
    let held = thread::preempt_disable();
    let before = hogs.rounds();
    // Several slices: without the guard the other would have had half of this.
    spin(Duration::from_millis(100));
    let after = hogs.rounds();
    drop(held);
    let moved = after[0] - before[0];
    session.check(
        "preempt.guard.held",
        "rounds of the other meanwhile",
        Expect::Exactly(0),
        moved,
    );
    session.wait("preempt.guard.after", "the other ran again", || {
        hogs.all_advanced(&after)
    })?;
    session.is("preempt.guard.after", "the other ran again", true);
    session.join_all("preempt.guard.end", hogs.stop())?;
    wake_under_guard(session, core)
}

/// A thread that is woken while a guard is held runs as soon as it is dropped, and no sooner.
fn wake_under_guard(session: &mut Session<'_>, core: CoreId) -> Result<(), Ended> {
    let ran = Arc::new(AtomicBool::new(false));
    let woken = ran.clone();
    let builder = Builder::new().name("urgent").core(core).realtime(1);
    let spawned = {
        let _held = thread::preempt_disable();
        let spawned = builder.spawn(move || woken.store(true, Ordering::Relaxed));
        spin(Duration::from_millis(5));
        let early = ran.load(Ordering::Relaxed);
        (spawned, early)
    };
    let now = ran.load(Ordering::Relaxed);
    let (spawned, early) = spawned;
    let handle = session.spawned("preempt.guard.wake", spawned)?;
    session.is(
        "preempt.guard.wake",
        "the realtime thread waited for the guard",
        !early,
    );
    session.is(
        "preempt.guard.drop",
        "it ran when the guard was dropped",
        now,
    );
    session.join("preempt.guard.wake", handle)
}

fn spin(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        core::hint::spin_loop();
    }
}
