//! The order of realtime threads on one core: first come, first served, to the end; the higher class first; a
//! yield lets equals go first and nobody else.
//!
//! The thread that runs the checks is on the same core in a higher class, so all stand in the queue before the
//! first runs; whenever it looks how they are, it preempts one of them.

use core::time::Duration;

use super::{
    super::session::{Ended, Session},
    HIGH, LOW, Stage,
    play::{Part, Play},
};
use crate::thread::{self, Thread};

/// How often each leaves its digit.
const DIGITS: usize = 4;

/// What lies between: two hogs of the normal class would have changed places.
const STEP: Duration = Duration::from_millis(10);

pub(super) fn check(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    session.require("sched.rt.enter", "pinned", stage.enter().is_ok())?;
    arrival(session, stage)
        .and_then(|()| turns(session, stage))
        .and_then(|()| classes(session, stage))
        .and_then(|()| woken(session, stage))
        .and_then(|()| self_made(session, stage))
}

fn compute(part: &Part) {
    for _ in 0..DIGITS {
        part.leave();
        part.compute(STEP);
    }
}

fn take_turns(part: &Part) {
    for _ in 0..DIGITS {
        part.leave();
        thread::yield_now();
    }
}

/// Equals that never yield: one after the other.
fn arrival(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    let mut play = Play::new("sched.rt.fifo");
    for _ in 0..3 {
        play.add(session, stage.actor(LOW), compute)?;
    }
    play.end(session, "000011112222")
}

/// Equals that yield: in turns.
fn turns(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    let mut play = Play::new("sched.rt.yield");
    for _ in 0..3 {
        play.add(session, stage.actor(LOW), take_turns)?;
    }
    play.end(session, "012012012012")
}

/// Two of a higher class, one that came before them, and one of the normal class that was first: a yield never
/// goes to a lower class.
fn classes(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    let mut play = Play::new("sched.rt.classes");
    for class in [0, LOW, HIGH, HIGH] {
        play.add(session, stage.actor(class), take_turns)?;
    }
    play.end(session, "2323232311110000")
}

/// One of a higher class that is woken, by a thread and by its timer: it runs at once, and the one that it
/// preempted goes on before its equal, which has been waiting all the time.
fn woken(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    let id = "sched.rt.wake";
    let mut play = Play::new(id);
    let urgent = play.add(session, stage.actor(HIGH), |part| {
        thread::park();
        part.leave();
        thread::park();
        thread::sleep(2 * STEP);
        part.leave();
    })?;
    session.wait(id, "it is parked", || is_parked(&urgent))?;
    play.add(session, stage.actor(LOW), move |part| {
        part.leave();
        urgent.unpark();
        part.leave();
        urgent.unpark();
        part.compute_until(0, 2);
        part.leave();
    })?;
    play.add(session, stage.actor(LOW), compute)?;
    play.end(session, "101012222")
}

fn is_parked(thread: &Thread) -> bool {
    thread.info().state == thread::State::Parked
}

/// A normal thread makes itself a realtime one, and a normal one again: between, its equal does not run.
fn self_made(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    let id = "sched.rt.self";
    let mut play = Play::new(id);
    let first = play.add(session, stage.actor(0), |part| {
        thread::current().set_realtime(LOW);
        thread::park();
        compute(part);
        thread::current().set_realtime(0);
        part.compute_until(1, DIGITS);
        part.leave();
    })?;
    session.wait(id, "it is parked", || is_parked(&first))?;
    play.add(session, stage.actor(0), compute)?;
    first.unpark();
    play.end(session, "000011110")
}
