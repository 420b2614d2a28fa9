//! Operations of one thread: a yield to nobody, an uncontended mutex, a thread's whole life, a migration; and a loop
//! whose length is known.

#![expect(unsafe_code, reason = "a loop of so many instructions")]

use core::{
    arch::asm,
    sync::atomic::{AtomicU64, Ordering},
};

use alloc::sync::Arc;

use super::{
    NoFigure, Outcome,
    run::Run,
    solo::{Counted, measure},
};
use crate::{
    arch::timer,
    irq,
    sync::Mutex,
    thread::{self, Builder},
    time,
};

/// `switch.yield.alone`: a yield when nobody else wants the core.
pub(crate) fn yield_alone(run: &Run) -> Result<Outcome, NoFigure> {
    measure(run, Counted::Here, thread::yield_now)
}

/// `mutex.uncontended`: lock and unlock.
pub(crate) fn mutex(run: &Run) -> Result<Outcome, NoFigure> {
    static MUTEX: Mutex<()> = Mutex::new(());
    measure(run, Counted::Here, || drop(MUTEX.lock()))
}

/// `thread.spawn_join`: an empty thread on the same core, from its birth until nothing of it is left.
pub(crate) fn spawn_join(run: &Run) -> Result<Outcome, NoFigure> {
    let core = run.cores.0;
    let failures = Arc::new(AtomicU64::new(0));
    let failed = failures.clone();
    let outcome = measure(run, Counted::Here, move || {
        match Builder::new().core(core).spawn(|| ()) {
            Ok(handle) => handle.join(),
            Err(_) => _ = failed.fetch_add(1, Ordering::Relaxed),
        }
    })?;
    match failures.load(Ordering::Relaxed) {
        0 => Ok(outcome),
        _ => Err(NoFigure::Spawn),
    }
}

/// `thread.migrate`: a thread takes itself to the other core, and back.
pub(crate) fn migrate(run: &Run) -> Result<Outcome, NoFigure> {
    let cores = [run.other_core()?, run.cores.0];
    let lost = Arc::new(AtomicU64::new(0));
    let seen = lost.clone();
    let mut count = 0;
    let outcome = measure(run, Counted::Elsewhere, move || {
        let to = cores[count % 2];
        count += 1;
        // A core that is online stays so.
        if thread::pin(to).is_err() {
            seen.fetch_add(1, Ordering::Relaxed);
        }
    })?;
    match lost.load(Ordering::Relaxed) {
        0 => Ok(outcome),
        _ => Err(NoFigure::Wrong("a core was refused")),
    }
}

/// Lets the timer's interrupt look at what is armed, however the thread ends.
#[derive(Clone)]
struct ArmAgain;

impl Drop for ArmAgain {
    fn drop(&mut self) {
        timer::set_deadline(0);
    }
}

/// `irq.timer`: a timer interrupt after which the same thread goes on, from the vector to the return: a deadline that has
/// passed already, less one that never comes.
pub(crate) fn timer_interrupt(run: &Run) -> Result<Outcome, NoFigure> {
    let taken = irq::timer_count(run.cores.0);
    let with = measure(run, Counted::Here, || timer::set_deadline(0))?;
    if irq::timer_count(run.cores.0) - taken < run.iterations * 2 {
        return Err(NoFigure::Wrong("an interrupt was not taken"));
    }
    let arm_again = ArmAgain;
    let without = measure(run, Counted::Here, move || {
        let _ = &arm_again;
        timer::set_deadline(timer::NEVER);
    })?;
    Ok(with.without(&without))
}

/// Instructions of the loop whose length is known.
const KNOWN: u64 = 1_000;

/// The most that there are beside it: the loop around it, and the two ends of the stretch. What checks its own arithmetic
/// has more.
const AROUND: u64 = if cfg!(debug_assertions) { 60 } else { 6 };

/// `clock.known_loop`: [`KNOWN`] instructions that are nothing but that. Where instructions are counted, the figures
/// must say so; where the counter goes with them (`-icount`), so must the times.
pub(crate) fn known_loop(run: &Run) -> Result<Outcome, NoFigure> {
    let outcome = measure(run, Counted::Here, || {
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
    // Nothing is counted, so nothing can be said.
    let instructions = plain.instructions?;
    let counted = plain.hundredths(instructions);
    if !(KNOWN * 100..=(KNOWN + AROUND) * 100).contains(&counted) {
        return Some("the instructions are not those of the loop");
    }
    if !(crate::kernel::board().is_emulated)() {
        return None;
    }
    // One instruction is a power of two of nanoseconds, whatever power the emulator was given.
    // QEMU makes a tick whole nanoseconds, 18 of them at 54 MHz: that is 3 %, and a little for what lies around.
    let is_near = |ns: u64, of: u64, slack: u64| ns.abs_diff(of) <= slack + of / 25;
    let Some(shift) = (0..=10).find(|shift| is_near(plain.ns, instructions << shift, 0)) else {
        return Some("the time is not that of the instructions");
    };
    let tick_ns = 1_000_000_000 / time::frequency_hz().max(1) + 1;
    let loop_ns = KNOWN << shift;
    if is_near(outcome.samples.min(), loop_ns, tick_ns)
        && is_near(
            outcome.samples.permille(500),
            loop_ns,
            tick_ns + loop_ns / 16,
        )
    {
        None
    } else {
        Some("the samples are not as long as the loop")
    }
}
