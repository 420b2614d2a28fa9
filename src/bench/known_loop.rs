//! `clock.known_loop`: a loop whose length is known, to see that all else is right.

#![expect(unsafe_code, reason = "a loop of so many instructions")]

use core::arch::asm;

use super::{
    NoFigure, Outcome, Plain,
    run::Run,
    solo::{Counted, measure as solo},
};
use crate::{suite::conditions, time};

/// Instructions of the loop whose length is known.
const KNOWN: u64 = 1_000;

/// The most that there are beside it: the loop around it, and the two ends of the stretch. What checks its own arithmetic
/// has more.
const AROUND: u64 = if cfg!(debug_assertions) { 60 } else { 6 };

/// `clock.known_loop`: [`KNOWN`] instructions that are nothing but that. Where instructions are counted, the figures
/// must say so; where the counter goes with them (`-icount`), so must the times.
pub(crate) fn measure(run: &Run) -> Result<Outcome, NoFigure> {
    let outcome = solo(run, Counted::Here, || {
        // 1 + 2 * 499 + 1.
        // SAFETY: counts down in a register of its own.
        unsafe {
            asm!(
                "mov {count}, #499",
                "2:",
                "subs {count}, {count}, #1",
                "b.ne 2b",
                "nop",
                count = out(reg) _,
                options(nomem, nostack),
            );
        }
    })?;
    match verdict(&outcome) {
        None => Ok(outcome),
        Some(what) => Err(NoFigure::Wrong(what)),
    }
}

/// What is wrong with the figures of the loop.
fn verdict(outcome: &Outcome) -> Option<&'static str> {
    let plain = outcome.plain?;
    if (crate::kernel::board().is_emulated)() {
        in_an_emulator(outcome, plain)
    } else {
        on_a_board(outcome, plain)
    }
}

/// Whether the instructions are the loop's; nothing can be said where none are counted.
fn are_instructions_wrong(plain: Plain) -> Option<bool> {
    let counted = plain.hundredths(plain.instructions?);
    Some(!(KNOWN * 100..=(KNOWN + AROUND) * 100).contains(&counted))
}

const NOT_THE_LOOPS: &str = "the instructions are not those of the loop";

/// Three percent, because QEMU makes a tick whole nanoseconds, 18 of them at 54 MHz; and a little for what lies around.
fn is_near(ns: u64, of: u64, slack: u64) -> bool {
    ns.abs_diff(of) <= slack + of / 25
}

/// One instruction is a power of two of nanoseconds, whatever power the emulator was given.
fn in_an_emulator(outcome: &Outcome, plain: Plain) -> Option<&'static str> {
    if are_instructions_wrong(plain)? {
        return Some(NOT_THE_LOOPS);
    }
    let instructions = plain.instructions?;
    let Some(shift) = (0..=10).find(|shift| is_near(plain.ns, instructions << shift, 0)) else {
        return Some("the time is not that of the instructions");
    };
    are_samples_wrong(outcome, KNOWN << shift)
}

/// The time by the timer is the time by the cycle counter, and what one loop takes is what a sample says.
fn on_a_board(outcome: &Outcome, plain: Plain) -> Option<&'static str> {
    if are_instructions_wrong(plain) == Some(true) {
        return Some(NOT_THE_LOOPS);
    }
    let by_cycles =
        |hz: u64| Some((u128::from(plain.cycles?) * 1_000_000_000 / u128::from(hz)) as u64);
    if let Some(ns) = conditions::core_hz().and_then(by_cycles)
        && !is_near(plain.ns, ns, 0)
    {
        return Some("the time is not that of the cycles");
    }
    are_samples_wrong(outcome, plain.hundredths(plain.ns) / 100)
}

fn are_samples_wrong(outcome: &Outcome, loop_ns: u64) -> Option<&'static str> {
    let tick_ns = 1_000_000_000 / time::frequency_hz().max(1) + 1;
    let samples = &outcome.samples;
    let is_good = is_near(samples.min(), loop_ns, tick_ns)
        && is_near(samples.permille(500), loop_ns, tick_ns + loop_ns / 16);
    (!is_good).then_some("the samples are not as long as the loop")
}
