//! Many threads that sleep to many moments, some of them past.

use alloc::{sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ufmt::uwriteln;

use super::{
    super::{
        expect::Expect,
        extremes::Extremes,
        random::Random,
        session::{Ended, Session},
    },
    LATE_US,
};
use crate::{
    shell::Cancel,
    thread::{self, Builder},
    time::{self, Instant},
};

/// Deadlines lie within this, before or after the moment at which they are chosen.
const RANGE: Duration = Duration::from_millis(500);

/// What one thread's sleeps came to.
#[derive(Clone, Copy, Default)]
struct Outcome {
    done: u64,
    past: u64,
    early: u64,
    late_us: Extremes,
}

/// Each thread sleeps to random moments, one after the other: none wakes early, each wakes.
pub(super) fn check(session: &mut Session<'_>, threads: u64, sleeps: u64) -> Result<(), Ended> {
    let id = "timers.storm";
    let (cancel, done) = (session.cancel(), Arc::new(AtomicU64::new(0)));
    let mut handles = Vec::new();
    for me in 0..threads {
        let (cancel, done) = (cancel.clone(), done.clone());
        let work = move || sleep_about(me, sleeps, &done, &cancel);
        let spawned = Builder::new().name("sleeper").spawn(work);
        handles.push(session.spawned(id, spawned)?);
    }
    let mut sum = Outcome::default();
    for outcome in session.join_busy(id, handles, &done)? {
        sum.done += outcome.done;
        sum.past += outcome.past;
        sum.early += outcome.early;
        sum.late_us.add(outcome.late_us.most);
    }
    let Outcome {
        done,
        past,
        early,
        late_us,
    } = sum;
    let _ = uwriteln!(
        session.out(),
        "{} sleeps, {} of them to a past moment; the latest was {} us late",
        done,
        past,
        late_us.most
    );
    let all = Expect::Exactly(threads * sleeps);
    session.check("timers.storm.all", "sleeps that ended", all, done);
    let what = "sleeps that ended before their moment";
    session.check("timers.storm.early", what, Expect::Exactly(0), early);
    let what = "microseconds after its moment";
    let most = Expect::AtMost(LATE_US);
    session.figure("timers.storm.late", what, most, late_us.most);
    Ok(())
}

fn sleep_about(seed: u64, sleeps: u64, all_done: &AtomicU64, cancel: &Cancel) -> Outcome {
    let mut random = Random::new(seed);
    let mut outcome = Outcome::default();
    let range = time::ticks(RANGE);
    while outcome.done < sleeps && !cancel.is_requested() {
        let now = Instant::now();
        let ticks = (now.ticks() + random.below(2 * range + 1)).saturating_sub(range);
        let deadline = Instant::from_ticks(ticks);
        thread::sleep_until(deadline);
        let woken = Instant::now();
        outcome.done += 1;
        all_done.fetch_add(1, Ordering::Relaxed);
        outcome.early += u64::from(woken < deadline);
        if deadline <= now {
            outcome.past += 1;
        } else {
            let late = woken.duration_since(deadline);
            outcome.late_us.add(late.as_micros() as u64);
        }
    }
    outcome
}

/// All sleep to the same moment: all wake, none before.
pub(super) fn same_moment(session: &mut Session<'_>, threads: u64) -> Result<(), Ended> {
    let id = "timers.same";
    let moment = Instant::now() + Duration::from_millis(200);
    let mut handles = Vec::new();
    for _ in 0..threads {
        let work = move || {
            thread::sleep_until(moment);
            Instant::now() >= moment
        };
        let spawned = Builder::new().name("sleeper").spawn(work);
        handles.push(session.spawned(id, spawned)?);
    }
    let mut in_time = 0;
    for handle in handles {
        in_time += u64::from(session.join(id, handle)?);
    }
    let all = Expect::Exactly(threads);
    session.check(id, "threads that woke at their moment", all, in_time);
    Ok(())
}
