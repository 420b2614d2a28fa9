//! `sleep`: never shorter than asked for, in the right order, and ended by `unpark` where that may be.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use ufmt::uwrite;

use super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    sync::Mutex,
    thread::{self, Builder},
    time::Instant,
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "sleep",
        summary: "Check that sleeps are as long as asked for, and end in order",
        args: &[
            Arg::number("threads", 2, 5_000, "How many sleep at once")
                .or_number(100)
                .option(),
            Arg::flag(
                "strict",
                "Assert upper bounds too (needs -icount or a board)",
            ),
        ],
    },
    run,
};

/// How much longer than asked a sleep may be, under `--strict`: a slice of another thread, and the switch.
const LATE: Duration = Duration::from_millis(11);

fn run(ctx: &mut Context) -> Verdict {
    let threads = ctx.number("threads");
    let mut session = Session::new(ctx);
    let _: Result<(), Ended> = lengths(&mut session)
        .and_then(|()| until(&mut session))
        .and_then(|()| parked(&mut session))
        .and_then(|()| unparked(&mut session))
        .and_then(|()| many(&mut session, threads));
    session.finish()
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Checks one sleep of `asked` that took `took`.
fn judge(session: &mut Session<'_>, id: &str, asked: Duration, took: Duration) {
    let what = "microseconds";
    session.check(id, what, Expect::AtLeast(micros(asked)), micros(took));
    let mut late = heapless::String::<32>::new();
    // An ID that is too long is cut, and is still the check's own.
    let _ = uwrite!(late, "{}.late", id);
    session.figure(
        &late,
        what,
        Expect::AtMost(micros(asked + LATE)),
        micros(took),
    );
}

/// Sleeps from nothing to a second.
fn lengths(session: &mut Session<'_>) -> Result<(), Ended> {
    for (id, asked) in [
        ("sleep.none", Duration::ZERO),
        ("sleep.100ns", Duration::from_nanos(100)),
        ("sleep.100us", Duration::from_micros(100)),
        ("sleep.1ms", Duration::from_millis(1)),
        ("sleep.20ms", Duration::from_millis(20)),
        ("sleep.1s", Duration::from_secs(1)),
    ] {
        let start = Instant::now();
        thread::sleep(asked);
        judge(session, id, asked, start.elapsed());
        session.sleep(Duration::ZERO)?;
    }
    Ok(())
}

/// A moment to come is waited for; one that has passed is not.
fn until(session: &mut Session<'_>) -> Result<(), Ended> {
    let (start, asked) = (Instant::now(), Duration::from_millis(50));
    thread::sleep_until(start + asked);
    judge(session, "sleep.until", asked, start.elapsed());
    let late = Instant::now();
    thread::sleep_until(start);
    judge(session, "sleep.until-past", Duration::ZERO, late.elapsed());
    session.sleep(Duration::ZERO)
}

/// `park_timeout` ends at its time where nobody unparks. (In a thread of its own: the shell unparks the one
/// that runs the command.)
fn parked(session: &mut Session<'_>) -> Result<(), Ended> {
    let asked = Duration::from_millis(50);
    let work = move || {
        let start = Instant::now();
        thread::park_timeout(asked);
        start.elapsed()
    };
    let handle = session.spawned("sleep.park", thread::spawn(work))?;
    let took = session.join("sleep.park", handle)?;
    judge(session, "sleep.park", asked, took);
    Ok(())
}

/// `unpark` ends a park that has begun, and one that is to come.
fn unparked(session: &mut Session<'_>) -> Result<(), Ended> {
    let long = Duration::from_secs(20);
    let work = move || {
        let start = Instant::now();
        thread::park_timeout(long);
        thread::current().unpark();
        thread::park_timeout(long);
        start.elapsed()
    };
    let handle = session.spawned("sleep.unpark", thread::spawn(work))?;
    session.sleep(Duration::from_millis(20))?;
    handle.thread().unpark();
    let took = session.join("sleep.unpark", handle)?;
    let most = Expect::AtMost(micros(Duration::from_secs(10)));
    session.check(
        "sleep.unpark",
        "microseconds of two parks that were to last 20 s",
        most,
        micros(took),
    );
    Ok(())
}

/// Many threads sleep to moments 1 ms apart, begun in another order: none wakes early, each wakes.
fn many(session: &mut Session<'_>, threads: u64) -> Result<(), Ended> {
    let woken = Arc::new(Mutex::new(Vec::new()));
    let start = Instant::now() + Duration::from_millis(200);
    let mut handles = Vec::new();
    for i in 0..threads {
        // 7,919 is prime and greater than any count of threads, so this is a permutation.
        let place = i * 7_919 % threads;
        let until = start + Duration::from_millis(place);
        let woken = woken.clone();
        let work = move || {
            thread::sleep_until(until);
            let late = Instant::now() >= until;
            woken.lock().push(place);
            late
        };
        let spawned = Builder::new().name("sleeper").spawn(work);
        handles.push(session.spawned("sleep.many", spawned)?);
    }
    let mut early = 0;
    for handle in handles {
        early += u64::from(!session.join("sleep.many", handle)?);
    }
    let mut order = woken.lock().clone();
    session.check(
        "sleep.many.early",
        "threads that woke early",
        Expect::Exactly(0),
        early,
    );
    let swapped = order.windows(2).filter(|pair| pair[0] > pair[1]).count() as u64;
    session.figure(
        "sleep.many.order",
        "neighbours out of order",
        Expect::Exactly(0),
        swapped,
    );
    order.sort_unstable();
    let all = order.iter().copied().eq(0..threads);
    session.is("sleep.many.all", "each woke once", all);
    Ok(())
}
