//! A core that nothing runs on takes no timer interrupt: nothing ticks.

use alloc::vec::Vec;
use core::time::Duration;

use super::super::{
    aside::Aside,
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores::{self, CoreId, CoreStats},
    thread::{self, Builder},
};

/// Longer than the balance waits, so that what it set has fired.
const SETTLE: Duration = Duration::from_millis(200);

/// How long it is watched.
const WHILE: Duration = Duration::from_millis(500);

/// After each core has had a timer, the ones that stay idle take no further interrupt of it.
pub(super) fn check(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "timers.idle";
    if session.two_cores(id).is_none() {
        return Ok(());
    }
    // This thread keeps to the first core.
    let Some(_aside) = Aside::step() else {
        return Ok(());
    };
    let others: Vec<CoreId> = cores::online().skip(1).collect();
    for core in &others {
        let work = || thread::sleep(Duration::from_millis(1));
        let handle = session.spawned(id, Builder::new().core(*core).spawn(work))?;
        session.join(id, handle)?;
    }
    session.sleep(SETTLE)?;
    let look = || -> Vec<CoreStats> { others.iter().map(|core| cores::stats(*core)).collect() };
    let before = look();
    session.sleep(WHILE)?;
    let after = look();
    let pairs = before.iter().zip(&after);
    let idle: Vec<_> = pairs.filter(|(old, new)| stayed_idle(old, new)).collect();
    let ticks = idle
        .iter()
        .map(|(old, new)| new.timer_irqs - old.timer_irqs)
        .sum();
    let what = "timer interrupts of idle cores";
    session.check(id, what, Expect::Exactly(0), ticks);
    let cores = idle.len() as u64;
    session.figure("timers.idle.cores", "idle cores", Expect::AtLeast(1), cores);
    Ok(())
}

/// Whether nothing ran on a core between two looks: a command in the background may have.
fn stayed_idle(old: &CoreStats, new: &CoreStats) -> bool {
    let switches = |stats: &CoreStats| stats.switches_voluntary + stats.switches_preempted;
    old.running.is_none() && new.running.is_none() && switches(old) == switches(new)
}
