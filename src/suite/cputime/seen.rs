//! CPU time as another thread sees it, while its owner comes and goes: it never goes back, and never exceeds the
//! clock.

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

pub(super) fn check(session: &mut Session<'_>, aside: &Aside, time: Duration) -> Result<(), Ended> {
    let id = "cputime.seen";
    let mut dancers = Dancers::spawn(session, aside, id)?;
    let (mut backwards, mut ahead, mut looks) = (0, 0, 0_u64);
    for handle in &dancers.handles {
        let switches = || handle.thread().info().switches_voluntary;
        session.wait(id, "it yields", || switches() > 0)?;
        let (start, first) = (Instant::now(), handle.thread().info().cpu_time);
        let mut last = first;
        while start.elapsed() < time && !session.cancel().is_requested() {
            let now = handle.thread().info().cpu_time;
            // Looked at after the clock of `first`, so it cannot have run longer than that shows.
            let most = start.elapsed();
            backwards += u64::from(now < last);
            ahead += u64::from(now.saturating_sub(first) > most + TICK);
            last = last.max(now);
            looks += 1;
            if aside.is_alone {
                // Where they run, this thread does not look.
                session.sleep(Duration::from_millis(1))?;
            }
        }
    }
    let none = Expect::Exactly(0);
    let what = "looks at which it was less than before";
    session.check(id, what, none, backwards);
    // A core reads the counter before it notes that a thread begins; one that the host stops in between makes
    // the thread run since before it was looked at.
    let what = "looks at which it was more than the clock allows";
    session.figure("cputime.seen.ahead", what, none, ahead);
    let _ = ufmt::uwriteln!(session.out(), "{}: {} looks", id, looks);
    dancers.stop.request();
    let handles = core::mem::take(&mut dancers.handles);
    session.join_all(id, handles)
}

/// What rounding may add.
const TICK: Duration = Duration::from_micros(1);
