//! How soon a woken thread runs: at once on the waker's core if it comes first there, and within an interrupt
//! on another one, whether that one sleeps or is busy.

use alloc::sync::Arc;
use core::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use ufmt::uwriteln;

use super::super::{
    aside::Aside,
    expect::Expect,
    extremes::Extremes,
    hogs::Hogs,
    session::{Ended, Session},
};
use crate::{
    cores::{self, CoreId},
    thread::{self, Builder, JoinHandle, State},
    time::Instant,
};

/// Realtime class of the threads that are woken.
const URGENT: u8 = 100;
/// That of one which never gives up its core by itself.
const OBSTACLE: u8 = 10;

/// A thread that says when it runs, each time it is woken. It ends when this is dropped.
struct Sleeper {
    /// Counter value at which it ran last.
    ran_ticks: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    handle: Option<JoinHandle<()>>,
}

impl Sleeper {
    fn spawn(session: &mut Session<'_>, id: &str, core: CoreId) -> Result<Self, Ended> {
        let ran_ticks = Arc::new(AtomicU64::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let (ran, over) = (ran_ticks.clone(), is_over.clone());
        let work = move || {
            while !over.load(Ordering::Relaxed) {
                thread::park();
                ran.store(Instant::now().ticks(), Ordering::Release);
            }
        };
        let builder = Builder::new().name("woken").core(core).realtime(URGENT);
        let handle = session.spawned(id, builder.spawn(work))?;
        Ok(Self {
            ran_ticks,
            is_over,
            handle: Some(handle),
        })
    }

    fn is_parked(&self) -> bool {
        let state = self
            .handle
            .as_ref()
            .map(|handle| handle.thread().info().state);
        state == Some(State::Parked)
    }

    fn unpark(&self) {
        if let Some(handle) = &self.handle {
            handle.thread().unpark();
        }
    }

    fn ran(&self) -> u64 {
        self.ran_ticks.load(Ordering::Acquire)
    }

    fn end(mut self, session: &mut Session<'_>, id: &str) -> Result<(), Ended> {
        self.is_over.store(true, Ordering::Relaxed);
        self.unpark();
        let handle = self.handle.take();
        session.join_all(id, handle)
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.unpark();
    }
}

/// On the waker's core, a thread that comes first runs before `unpark` returns, and one that does not waits.
pub(super) fn here(session: &mut Session<'_>, aside: &Aside) -> Result<(), Ended> {
    let id = "wake.here";
    let sleeper = Sleeper::spawn(session, id, aside.test)?;
    session.wait(id, "it is parked", || sleeper.is_parked())?;
    let sleeper = Arc::new(sleeper);
    let woken = sleeper.clone();
    let work = move || {
        let before = woken.ran();
        woken.unpark();
        let at_once = woken.ran() != before;
        // In a higher class than the one that is woken: it goes on.
        thread::current().set_realtime(URGENT + 1);
        let before = woken.ran();
        woken.unpark();
        let too_soon = woken.ran() != before;
        thread::current().set_realtime(0);
        (at_once, too_soon, woken.ran() != before)
    };
    let handle = session.spawned(id, aside.builder().name("waker").spawn(work))?;
    let (at_once, too_soon, afterwards) = session.join(id, handle)?;
    session.is(id, "it ran before `unpark` returned", at_once);
    let what = "one of a lower class than the waker's waited";
    session.is("wake.here.lower", what, !too_soon);
    let what = "it ran when the waker's class was lower";
    session.is("wake.here.afterwards", what, afterwards);
    match Arc::into_inner(sleeper) {
        Some(sleeper) => sleeper.end(session, id),
        // The waker has just been joined, and with it its share of it.
        None => session.require(id, "nobody else has it", false),
    }
}

/// On another core that sleeps; on one where a hog runs alone and no timer is armed; and on one where others
/// wait already (where OSv sends no interrupt).
pub(super) fn elsewhere(
    session: &mut Session<'_>,
    aside: &Aside,
    rounds: u64,
) -> Result<(), Ended> {
    if session.two_cores("wake.elsewhere").is_none() {
        return Ok(());
    }
    let ids = ["wake.idle", "wake.idle.delay"];
    watch(session, aside, ids, rounds)?;

    let id = "wake.lone";
    let obstacle = || aside.builder().realtime(OBSTACLE);
    let hogs = session.spawned(id, Hogs::spawn_each([obstacle()]))?;
    session.wait(id, "it started", || hogs.all_advanced(&[0]))?;
    watch(session, aside, [id, "wake.lone.delay"], rounds)?;
    session.join_all(id, hogs.stop())?;

    let id = "wake.busy";
    let waiting = || aside.builder();
    let hogs = session.spawned(id, Hogs::spawn_each([waiting(), waiting(), obstacle()]))?;
    session.wait(id, "the realtime one runs", || hogs.rounds()[2] > 0)?;
    watch(session, aside, [id, "wake.busy.delay"], rounds)?;
    session.join_all(id, hogs.stop())
}

/// Between two wake-ups: so long that the shot which the last switch armed, 5 ms after it, has been fired.
const PAUSE: Duration = Duration::from_millis(12);

/// Wakes a thread over and over. What runs on its core does not give that up, and the timer there comes every
/// 100 ms at most, if at all: so a wake-up that is noticed by then only, or never, is one that nobody was told
/// of.
fn watch(
    session: &mut Session<'_>,
    aside: &Aside,
    [id, delay]: [&str; 2],
    rounds: u64,
) -> Result<(), Ended> {
    let sleeper = Sleeper::spawn(session, id, aside.test)?;
    let timer_irqs = || cores::stats(aside.test).timer_irqs;
    let (mut delay_us, mut by_timer) = (Extremes::default(), 0);
    for _ in 0..rounds {
        session.wait(id, "it is parked", || sleeper.is_parked())?;
        session.sleep(PAUSE)?;
        let (before, irqs) = (sleeper.ran(), timer_irqs());
        let start = Instant::now();
        sleeper.unpark();
        session.wait(id, "it ran", || sleeper.ran() != before)?;
        by_timer += u64::from(timer_irqs() != irqs);
        let ran = Instant::from_ticks(sleeper.ran());
        delay_us.add(ran.duration_since(start).as_nanos() as u64 / 1_000);
    }
    let what = "wake-ups that met a timer interrupt";
    // A busy host lets shots come late, so that some wake-ups meet one; without an interrupt of their own all would.
    session.check(id, what, Expect::AtMost(rounds - 1), by_timer);
    session.figure(id, what, Expect::AtMost(rounds / 2), by_timer);
    let Extremes { least, most, .. } = delay_us;
    let _ = uwriteln!(
        session.out(),
        "{}: {} us least, {} us mean, {} us most",
        id,
        least,
        delay_us.mean(),
        most
    );
    let what = "microseconds until it ran";
    session.figure(delay, what, Expect::AtMost(2_000), most);
    sleeper.end(session, id)
}
