//! `monotonic`: time never goes back, on one core, from core to core, and in the eyes of all at once; and
//! durations are rounded as they should. The work of `tst-clock`.

use alloc::{sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ufmt::uwriteln;

use super::{
    expect::Expect,
    random::Random,
    session::{Ended, Session},
};
use crate::{
    cores,
    report::Verdict,
    shell::{Arg, Cancel, Command, Context, Spec},
    thread::{self, Builder},
    time::{self, Instant},
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "monotonic",
        summary: "Check that time goes forward, also from one core to another",
        args: &[
            Arg::number("seconds", 1, 600, "How long all cores compare their time")
                .or_number(1)
                .option(),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let time = Duration::from_secs(ctx.number("seconds"));
    let mut session = Session::new(ctx);
    let _: Result<(), Ended> = here(&mut session)
        .and_then(|()| tour(&mut session))
        .and_then(|()| across(&mut session, time))
        .and_then(|()| durations(&mut session));
    thread::unpin();
    session.finish()
}

/// One look after the other, by a thread that may be anywhere.
fn here(session: &mut Session<'_>) -> Result<(), Ended> {
    let frequency = time::frequency_hz();
    let what = "ticks per second";
    let sensible = Expect::Between(1_000_000, 10_000_000_000);
    session.check("monotonic.frequency", what, sensible, frequency);
    let (mut backwards, mut step) = (0, u64::MAX);
    let start = Instant::now();
    let mut last = start;
    for _ in 0..100_000 {
        let now = Instant::now();
        backwards += u64::from(now < last);
        let ticks = now.ticks().saturating_sub(last.ticks());
        if ticks > 0 {
            step = step.min(ticks);
        }
        last = now;
    }
    session.check(
        "monotonic.here",
        "steps back",
        Expect::Exactly(0),
        backwards,
    );
    let advanced = last.ticks().saturating_sub(start.ticks());
    let what = "ticks between the first look and the last";
    session.check("monotonic.advances", what, Expect::AtLeast(1), advanced);
    let step_ns = time::duration(step).as_nanos() as u64;
    let _ = uwriteln!(
        session.out(),
        "smallest step: {} ticks, {} ns",
        step,
        step_ns
    );
    session.sleep(Duration::ZERO)
}

/// Rounds of the tour over all cores.
const ROUNDS: u64 = 100;

/// A thread goes from core to core: it is later where it arrives.
fn tour(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "monotonic.tour";
    let (mut backwards, mut arrivals) = (0, 0);
    let mut last = Instant::now();
    for _ in 0..ROUNDS {
        for core in cores::online() {
            session.require(id, "pinned", thread::pin(core).is_ok())?;
            let now = Instant::now();
            backwards += u64::from(now < last);
            arrivals += u64::from(cores::current() == core);
            last = now;
        }
        session.sleep(Duration::ZERO)?;
    }
    thread::unpin();
    let all = Expect::Exactly(ROUNDS * cores::count_online() as u64);
    session.check("monotonic.tour.arrivals", "arrivals", all, arrivals);
    session.check(id, "steps back", Expect::Exactly(0), backwards);
    Ok(())
}

/// Threads on all cores show each other the time: what one has seen is past for all.
fn across(session: &mut Session<'_>, time: Duration) -> Result<(), Ended> {
    let id = "monotonic.across";
    let latest = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + time;
    let mut handles = Vec::new();
    for core in cores::online() {
        let (latest, cancel) = (latest.clone(), session.cancel());
        let work = move || compare(&latest, end, &cancel);
        let spawned = Builder::new().name("monotonic").core(core).spawn(work);
        handles.push(session.spawned(id, spawned)?);
    }
    let (mut backwards, mut looks, mut idle) = (0, 0, 0);
    // Time is what they count.
    for (back, seen) in session.join_busy(id, handles, &latest)? {
        backwards += back;
        looks += seen;
        idle += u64::from(seen == 0);
    }
    let _ = uwriteln!(session.out(), "{}: {} looks", id, looks);
    let what = "looks at which it was earlier than another had seen";
    session.check(id, what, Expect::Exactly(0), backwards);
    let what = "cores that did not look";
    session.check("monotonic.across.looks", what, Expect::Exactly(0), idle);
    Ok(())
}

/// Looks at the time until `end`, and each time at what the others have seen before: how often it was
/// earlier, and how often it looked.
fn compare(latest: &AtomicU64, end: Instant, cancel: &Cancel) -> (u64, u64) {
    let (mut backwards, mut looks) = (0, 0);
    loop {
        let seen = latest.load(Ordering::Acquire);
        let now = Instant::now();
        backwards += u64::from(now.ticks() < seen);
        looks += 1;
        latest.fetch_max(now.ticks(), Ordering::AcqRel);
        if now >= end || cancel.is_requested() {
            return (backwards, looks);
        }
    }
}

/// A duration in ticks and back is never shorter, and longer by less than a tick.
fn durations(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "monotonic.durations";
    let mut random = Random::new(1);
    let tick_ns = 1_000_000_000_u128.div_ceil(u128::from(time::frequency_hz()));
    let (mut shorter, mut longer) = (0, 0);
    for _ in 0..10_000 {
        // Of every size, up to some years.
        let bound = 1 << random.below(58);
        let asked = Duration::from_nanos(random.below(bound));
        let got = time::duration(time::ticks(asked));
        shorter += u64::from(got + Duration::from_nanos(1) <= asked);
        longer += u64::from(got.as_nanos() > asked.as_nanos() + tick_ns);
    }
    let none = Expect::Exactly(0);
    session.check(id, "durations that became shorter", none, shorter);
    let what = "durations that became longer by more than a tick";
    session.check("monotonic.durations.longer", what, none, longer);
    let start = Instant::now();
    let is_saturated = (start + Duration::MAX).ticks() == u64::MAX;
    session.is(
        "monotonic.saturates",
        "the end of the counter",
        is_saturated,
    );
    Ok(())
}
