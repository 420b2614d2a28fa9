//! `irq.to_handler` and `irq.to_thread`: from a store that raises an interrupt on the same core to the handler, and to a
//! thread that the handler wakes.

use alloc::boxed::Box;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use spin::Once;

use super::{
    NoFigure, Outcome,
    clock::now,
    crew::{self, Part, Work},
    run::Run,
    wakes::URGENT,
};
use crate::{
    irq::{self, BENCH_SGI, RegisterError},
    stats::Histogram,
    sync::Semaphore,
};

static REGISTERED: Once<Result<(), RegisterError>> = Once::new();

/// When the handler began; 0: it has not.
static HANDLED: AtomicU64 = AtomicU64::new(0);

/// Whether the handler wakes the thread.
static WAKES: AtomicBool = AtomicBool::new(false);
static WOKEN: Semaphore = Semaphore::new(0);

fn handle() {
    HANDLED.store(now(), Ordering::Release);
    if WAKES.load(Ordering::Relaxed) {
        WOKEN.release();
    }
}

fn prepare(wakes: bool) -> Result<(), NoFigure> {
    let registered = *REGISTERED.call_once(|| irq::register_sgi(BENCH_SGI, handle));
    registered.map_err(|_| NoFigure::Wrong("no line is left for its interrupt"))?;
    WAKES.store(wakes, Ordering::Relaxed);
    Ok(())
}

/// To the handler's first instruction that is its own.
pub(crate) fn to_handler(run: &Run) -> Result<Outcome, NoFigure> {
    prepare(false)?;
    let (core, count, clock) = (run.cores.0, run.iterations, run.clock);
    let work: Work = Box::new(move |_, watch| {
        let mut samples = Histogram::new();
        for _ in 0..count {
            HANDLED.store(0, Ordering::Relaxed);
            let sent = now();
            irq::send_sgi(core, BENCH_SGI);
            if !watch.spin(|| HANDLED.load(Ordering::Acquire) != 0) {
                break;
            }
            samples.record(clock.sample_ns(sent, HANDLED.load(Ordering::Relaxed)));
            watch.beat();
        }
        Part::of_samples(samples)
    });
    let crew = [(run.builder("bench"), work)];
    let parts = crew::run(&run.cancel, &mut crew.into_iter())?;
    Ok(run.samples(crew::samples(&parts), run.clock.cost_ns))
}

/// To the thread, which comes before the one that was interrupted.
pub(crate) fn to_thread(run: &Run) -> Result<Outcome, NoFigure> {
    static SENT: AtomicU64 = AtomicU64::new(0);
    static RAN: AtomicU64 = AtomicU64::new(0);
    static IS_OVER: AtomicBool = AtomicBool::new(false);
    prepare(true)?;
    RAN.store(0, Ordering::Relaxed);
    IS_OVER.store(false, Ordering::Relaxed);
    let (core, count, clock) = (run.cores.0, run.iterations, run.clock);
    let sender: Work = Box::new(move |_, watch| {
        for round in 0..count {
            SENT.store(now(), Ordering::Relaxed);
            irq::send_sgi(core, BENCH_SGI);
            if !watch.spin(|| RAN.load(Ordering::Acquire) > round) {
                break;
            }
            watch.beat();
        }
        IS_OVER.store(true, Ordering::Relaxed);
        WOKEN.release();
        Part::default()
    });
    let woken: Work = Box::new(move |_, _| {
        let mut samples = Histogram::new();
        loop {
            WOKEN.acquire();
            let ran = now();
            if IS_OVER.load(Ordering::Relaxed) {
                return Part::of_samples(samples);
            }
            samples.record(clock.sample_ns(SENT.load(Ordering::Relaxed), ran));
            RAN.fetch_add(1, Ordering::Release);
        }
    });
    let crew = [
        (run.builder("sender"), sender),
        (run.builder("woken").realtime(URGENT), woken),
    ];
    let parts = crew::run(&run.cancel, &mut crew.into_iter())?;
    Ok(run.samples(crew::samples(&parts), run.clock.cost_ns))
}
