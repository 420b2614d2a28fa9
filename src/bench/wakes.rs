//! `wake.idle_core` and `wake.busy_core`: a thread is woken from another core: how long until it runs?

use alloc::{boxed::Box, sync::Arc};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use embedded_hal::delay::DelayNs;

use super::{
    NoFigure, Outcome,
    clock::now,
    crew::{self, Part, Work},
    run::Run,
};
use crate::{
    cores,
    stats::Histogram,
    suite::hogs::Hogs,
    thread::{self, Builder, State},
    time::CounterDelay,
};

/// Class of the thread that is woken: before whatever runs on its core.
pub(super) const URGENT: u8 = 100;

/// From when nobody runs on a core until it sleeps, in any case.
const TO_SLEEP_US: u32 = 20;

#[derive(Default)]
struct Shared {
    /// The moment before the wake-up; 0: it was answered.
    sent: AtomicU64,
    /// How often the thread ran.
    ran: AtomicU64,
    is_over: AtomicBool,
}

/// Measures it, with a thread that never yields on the core of the one that is woken, or with nobody.
#[expect(
    clippy::large_stack_frames,
    reason = "results of both rounds; a command has a stack of 32 KiB"
)]
pub(crate) fn measure(run: &Run, is_busy: bool) -> Result<Outcome, NoFigure> {
    let (test, other) = (run.cores.0, run.other_core()?);
    let hogs = is_busy.then(|| Hogs::spawn(&[Some(test)])).transpose();
    let _hogs = hogs.map_err(|_| NoFigure::Spawn)?;
    let shared = Arc::new(Shared::default());
    let (count, clock) = (run.iterations, run.clock);
    let mine = shared.clone();
    let waker: Work = Box::new(move |crew, watch| {
        let sleeper = &crew[1];
        let is_ready = || {
            sleeper.info().state == State::Parked
                && (is_busy || cores::stats(test).running.is_none())
        };
        for round in 0..count {
            if !watch.spin(is_ready) {
                break;
            }
            CounterDelay.delay_us(TO_SLEEP_US);
            mine.sent.store(now(), Ordering::Relaxed);
            sleeper.unpark();
            if !watch.spin(|| mine.ran.load(Ordering::Acquire) > round) {
                break;
            }
            watch.beat();
        }
        mine.is_over.store(true, Ordering::Relaxed);
        sleeper.unpark();
        Part::default()
    });
    let sleeper: Work = Box::new(move |_, _| {
        let mut samples = Histogram::new();
        while !shared.is_over.load(Ordering::Relaxed) {
            thread::park();
            let ran = now();
            // A token that was answered already may end a later wait too.
            let sent = shared.sent.swap(0, Ordering::Relaxed);
            if sent != 0 {
                samples.record(clock.sample_ns(sent, ran));
                shared.ran.fetch_add(1, Ordering::Release);
            }
        }
        Part::of_samples(samples)
    });
    let crew = [
        (Builder::new().name("waker").core(other), waker),
        (run.builder("woken").realtime(URGENT), sleeper),
    ];
    let parts = crew::run(&run.cancel, &mut crew.into_iter())?;
    Ok(run.samples(crew::samples(&parts), run.clock.cost_ns))
}
