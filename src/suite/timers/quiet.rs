//! A core that nothing runs on takes no timer interrupt: nothing ticks.

use core::time::Duration;

use super::super::{
    aside::Aside,
    expect::Expect,
    session::{Ended, Session},
};
use crate::{cores, thread};

/// Longer than the balance waits, so that what it set has fired.
const SETTLE: Duration = Duration::from_millis(200);

/// How long it is watched.
const WHILE: Duration = Duration::from_millis(500);

pub(super) fn check(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "timers.idle";
    if session.two_cores(id).is_none() {
        return Ok(());
    }
    let Some(aside) = Aside::step() else {
        return Ok(());
    };
    session.sleep(SETTLE)?;
    let timer_irqs = || cores::stats(aside.test).timer_irqs;
    let before = timer_irqs();
    session.sleep(WHILE)?;
    let after = timer_irqs();
    // Somebody else's thread may be there: a command in the background. Then the core is not idle.
    let is_used = thread::list()
        .iter()
        .any(|info| info.core == aside.test && info.state == thread::State::Running);
    if !is_used {
        let what = "timer interrupts of an idle core";
        session.check(id, what, Expect::Exactly(0), after - before);
    }
    Ok(())
}
