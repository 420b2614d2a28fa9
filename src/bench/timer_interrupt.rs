//! `irq.timer`: a timer interrupt after which the same thread goes on, from the vector to the return.

use super::{
    NoFigure, Outcome,
    run::Run,
    solo::{Counted, measure as solo},
};
use crate::{
    arch::{cpu, timer},
    cores::CoreId,
    irq,
};

/// Lets the timer's interrupt look at what is armed, however the thread ends.
#[derive(Clone)]
struct ArmAgain;

impl Drop for ArmAgain {
    fn drop(&mut self) {
        timer::set_deadline(0);
    }
}

/// Measures a deadline that has passed already, less one that never comes.
#[expect(
    clippy::large_stack_frames,
    reason = "results of both rounds; a command has a stack of 32 KiB"
)]
pub(crate) fn measure(run: &Run) -> Result<Outcome, NoFigure> {
    let core = run.cores.0;
    let arm_again = ArmAgain;
    let without = solo(run, Counted::Here, move || {
        let _ = &arm_again;
        arm(core, timer::NEVER, 0);
    })?;
    // What the other way takes off its mean, this one takes off its samples: they have a reading of the clock and the
    // rest of the operation in them.
    let empty = without
        .plain
        .map_or(0, |plain| plain.hundredths(plain.ns) / 100);
    let run = Run {
        clock: run.clock.with_cost(run.clock.cost_ns + empty),
        ..run.clone()
    };
    let with = solo(&run, Counted::Here, move || arm(core, 0, 1))?;
    Ok(with.without(&without))
}

/// Sets the deadline and waits until so many interrupts have come of it: from the timer to the core takes a while on
/// silicon, and two deadlines within it would be one interrupt.
#[inline(always)]
fn arm(core: CoreId, deadline_ticks: u64, interrupts: u64) {
    let end = irq::timer_count(core) + interrupts;
    timer::set_deadline(deadline_ticks);
    while irq::timer_count(core) < end {
        cpu::relax();
    }
}
