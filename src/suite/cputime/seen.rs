//! CPU time as another thread sees it, while its owner comes and goes: it never goes back, and two that share a
//! core do not have more than that.

use alloc::vec::Vec;
use core::time::Duration;

use super::super::{
    aside::Aside,
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    shell::Cancel,
    thread::{self, JoinHandle},
    time::Instant,
};

/// Two threads that yield to each other: each look at one of them may meet a switch.
const THREADS: usize = 2;

/// The threads under test. They end when this is dropped.
struct Dancers {
    stop: Cancel,
    handles: Vec<JoinHandle<()>>,
}

impl Dancers {
    fn spawn(session: &mut Session<'_>, aside: &Aside, id: &str) -> Result<Self, Ended> {
        let mut dancers = Self {
            stop: Cancel::new(),
            handles: Vec::new(),
        };
        for _ in 0..THREADS {
            let stop = dancers.stop.clone();
            let work = move || {
                while !stop.is_requested() {
                    thread::yield_now();
                }
            };
            let spawned = aside.builder().name("dancer").spawn(work);
            dancers.handles.push(session.spawned(id, spawned)?);
        }
        Ok(dancers)
    }
}

impl Drop for Dancers {
    fn drop(&mut self) {
        self.stop.request();
    }
}

/// How much more than the clock allows two threads may seem to have had, in microseconds: a core that switches
/// reads the counter once, and writes a little later. Under `-icount` others have their turn in between.
const SWITCHING_US: u64 = 50_000;

pub(super) fn check(session: &mut Session<'_>, aside: &Aside, time: Duration) -> Result<(), Ended> {
    let id = "cputime.seen";
    let start = Instant::now();
    let mut dancers = Dancers::spawn(session, aside, id)?;
    let (mut backwards, mut looks) = (0, 0_u64);
    for handle in &dancers.handles {
        let switches = || handle.thread().info().switches_voluntary;
        session.wait(id, "it yields", || switches() > 0)?;
        let begin = Instant::now();
        let mut last = handle.thread().info().cpu_time;
        while begin.elapsed() < time && !session.cancel().is_requested() {
            let now = handle.thread().info().cpu_time;
            backwards += u64::from(now < last);
            last = last.max(now);
            looks += 1;
            if aside.is_alone {
                // Where they run, this thread does not look.
                session.sleep(Duration::from_millis(1))?;
            }
        }
    }
    let what = "looks at which it was less than before";
    session.check(id, what, Expect::Exactly(0), backwards);
    let infos = dancers.handles.iter().map(|handle| handle.thread().info());
    let ran: Duration = infos.map(|info| info.cpu_time).sum();
    let ahead = ran.saturating_sub(start.elapsed()).as_micros() as u64;
    let what = "microseconds that two on one core had beyond the clock";
    let most = Expect::AtMost(SWITCHING_US);
    session.figure("cputime.seen.ahead", what, most, ahead);
    let _ = ufmt::uwriteln!(session.out(), "{}: {} looks", id, looks);
    dancers.stop.request();
    let handles = core::mem::take(&mut dancers.handles);
    session.join_all(id, handles)
}
