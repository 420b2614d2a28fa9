//! `locks`: what it costs to take and give back each lock that nobody else wants. The figures of
//! `misc-lock-perf`; and that each was given back.

use core::time::Duration;

use ufmt::uwriteln;

use super::{
    conditions,
    doubling::Doubling,
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    arch::cpu::{IrqGuard, is_irq_masked},
    report::Verdict,
    shell::{Arg, Command, Context, Spec, pad},
    sync::{Mutex, Semaphore, SpinLock},
    thread,
    time::Instant,
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "locks",
        summary: "Measure what taking and giving back each lock costs",
        args: &[
            Arg::number("ms", 1, 60_000, "How long each is measured at least")
                .or_number(100)
                .option(),
            Arg::flag(
                "strict",
                "Assert their order too (needs -icount or a board)",
            ),
        ],
    },
    run,
};

/// Looked at for the request to stop after so many cycles.
const BATCH: u64 = 10_000;

/// Everything that is taken and given back, and a count that all of them protect.
#[derive(Default)]
struct Bench {
    count: u64,
    mutex: Mutex<()>,
    spin: SpinLock<()>,
}

/// One lock: its name, and one cycle.
struct Lock {
    name: &'static str,
    /// The ID of its check, and of its report line.
    id: &'static str,
    cycle: fn(&Bench, &Semaphore),
}

macro_rules! lock {
    ($name:literal, $cycle:expr) => {
        Lock {
            name: $name,
            id: concat!("locks.", $name),
            cycle: $cycle,
        }
    };
}

/// The locks, the cheapest first: a lock more is a line more.
static LOCKS: [Lock; 6] = [
    lock!("dummy", |_, _| ()),
    lock!("preempt", |_, _| drop(thread::preempt_disable())),
    lock!("irq", |_, _| drop(IrqGuard::mask())),
    lock!("spin", |bench, _| drop(bench.spin.lock())),
    lock!("mutex", |bench, _| drop(bench.mutex.lock())),
    lock!("semaphore", |_, semaphore| {
        semaphore.acquire();
        semaphore.release();
    }),
];

fn run(ctx: &mut Context) -> Verdict {
    let target = Duration::from_millis(ctx.number("ms"));
    let conditions = conditions::begin();
    let mut session = Session::new(ctx);
    let mut bench = Bench::default();
    let semaphore = Semaphore::new(1);
    let mut costs = [0; LOCKS.len()];
    let measured = LOCKS.iter().zip(&mut costs).try_for_each(|(lock, cost)| {
        *cost = measure(&mut session, lock, (&mut bench, &semaphore), target)?;
        Ok::<(), Ended>(())
    });
    if measured.is_ok() {
        let dearer = costs[1..].iter().filter(|cost| **cost > costs[0]).count();
        let what = "locks that cost more than none";
        let all = Expect::Exactly(LOCKS.len() as u64 - 1);
        session.figure("locks.order", what, all, dearer as u64);
    }
    let verdict = session.finish();
    conditions.print(ctx);
    verdict
}

/// Measures one lock: picoseconds a cycle.
fn measure(
    session: &mut Session<'_>,
    lock: &Lock,
    (bench, semaphore): (&mut Bench, &Semaphore),
    target: Duration,
) -> Result<u64, Ended> {
    let mut plan = Doubling::new(target.as_nanos() as u64);
    let (cycles, ns) = loop {
        bench.count = 0;
        let start = Instant::now();
        while bench.count < plan.iterations() {
            for _ in 0..BATCH {
                (lock.cycle)(bench, semaphore);
                bench.count += 1;
            }
            session.sleep(Duration::ZERO)?;
        }
        let ns = start.elapsed().as_nanos() as u64;
        match plan.after(ns) {
            Some(next) => plan = next,
            None => break (bench.count, ns),
        }
    };
    let picoseconds = ns.saturating_mul(1_000) / cycles;
    let _ = uwriteln!(
        session.out(),
        "{} = {} ns/cycle",
        lock.name,
        pad::fixed(picoseconds, 3)
    );
    session.check(lock.id, "nanoseconds", Expect::AtLeast(1), ns);
    let line = session.report(lock.id).with("ps", picoseconds);
    let Ok(()) = line.with("cycles", cycles).end();
    // Whatever was taken is free, and whatever was held off is not.
    let is_free = bench.mutex.try_lock().is_some() && bench.spin.try_lock().is_some();
    let is_open = thread::preempt_count() == 0 && !is_irq_masked();
    let permits = [semaphore.try_acquire(), semaphore.try_acquire()];
    semaphore.release();
    let is_as_before = is_free && is_open && permits == [true, false];
    session.is("locks.given-back", "all is as before", is_as_before);
    Ok(picoseconds)
}
