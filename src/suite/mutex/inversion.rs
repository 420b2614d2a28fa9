//! Priority inversion: a thread waits for a mutex whose owner is less urgent, and others that are in between
//! never stop. On one core, along a chain of two mutexes, and with the owner on another core.

use alloc::{sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores,
    shell::Cancel,
    sync::Mutex,
    thread::{self, Builder, JoinHandle, Priority, State},
};

/// What the owner has to do before it gives the mutex up, in microseconds of CPU time.
const WORK_US: u64 = 20_000;

/// When those in between end by themselves: so the check ends even where nothing is inherited.
const ENDLESS_US: u64 = 3_000_000;

/// What those in between may have run meanwhile where they could not be stopped at once: far less than they
/// would without inheritance, and far more than a busy host makes of it.
const SOME_US: Expect = Expect::AtMost(ENDLESS_US / 2);

/// That of the thread which runs the checks: it goes on, whatever it starts.
const DIRECTOR: u8 = 200;

/// Who plays.
struct Cast {
    low: Builder,
    middle: [Builder; 2],
    high: Builder,
    /// Owns the mutex that the high one waits for, and waits for the low one's.
    relay: Option<Builder>,
    /// Whether the high one comes when those in between run already: it is on another core.
    is_late: bool,
}

/// What they share.
struct Scene {
    mutexes: [Mutex<()>; 2],
    stop: Cancel,
    /// The low one may begin to work.
    is_begun: AtomicBool,
    /// CPU time of those in between, in microseconds.
    middle_us: [AtomicU64; 2],
    /// What of it was while the high one waited.
    between_us: AtomicU64,
    /// CPU time of the low one after it gave the mutex up.
    low_after_us: AtomicU64,
}

pub(super) fn check(session: &mut Session<'_>) -> Result<(), Ended> {
    let me = thread::current();
    let class_before = me.info().realtime;
    me.set_realtime(DIRECTOR);
    let result = all(session);
    thread::unpin();
    me.set_realtime(class_before);
    result
}

#[expect(
    clippy::large_stack_frames,
    reason = "the handles of its threads; a command has a stack of 32 KiB"
)]
fn all(session: &mut Session<'_>) -> Result<(), Ended> {
    let (Some(first), Some(last)) = (cores::online().next(), cores::online().last()) else {
        return Ok(());
    };
    // On the core under test: nothing that it starts there runs before it waits.
    session.require("mutex.inversion", "pinned", thread::pin(last).is_ok())?;
    let on = |class| Builder::new().core(last).realtime(class);
    let realtime = || Cast {
        low: on(0),
        middle: [on(10), on(10)],
        high: on(20),
        relay: None,
        is_late: false,
    };
    let none = Expect::Exactly(0);

    let id = "mutex.inversion.realtime";
    let scene = play(session, id, realtime(), none)?;
    dropped(session, "mutex.inversion.realtime.dropped", scene)?;

    let id = "mutex.inversion.chain";
    let cast = Cast {
        relay: Some(on(0)),
        ..realtime()
    };
    let scene = play(session, id, cast, none)?;
    dropped(session, "mutex.inversion.chain.dropped", scene)?;

    let id = "mutex.inversion.normal";
    let percent = |percent| on(0).priority(Priority::from_percent(percent));
    let cast = Cast {
        low: percent(Priority::MAX_PERCENT),
        middle: [percent(100), percent(100)],
        high: percent(Priority::MIN_PERCENT),
        relay: None,
        is_late: false,
    };
    play(session, id, cast, SOME_US)?.end(session, id)?;

    let id = "mutex.inversion.remote";
    if session.two_cores(id).is_none() {
        return Ok(());
    }
    let cast = Cast {
        high: Builder::new().core(first).realtime(20),
        is_late: true,
        ..realtime()
    };
    let scene = play(session, id, cast, SOME_US)?;
    dropped(session, "mutex.inversion.remote.dropped", scene)
}

/// Plays until the high one has had the mutex, and checks what those in between ran meanwhile.
#[expect(
    clippy::large_stack_frames,
    reason = "the handles of its threads; a command has a stack of 32 KiB"
)]
fn play(
    session: &mut Session<'_>,
    id: &str,
    cast: Cast,
    expected: Expect,
) -> Result<Players, Ended> {
    let mut players = Players {
        scene: Arc::new(Scene {
            mutexes: [Mutex::new(()), Mutex::new(())],
            stop: Cancel::new(),
            is_begun: AtomicBool::new(false),
            middle_us: [AtomicU64::new(0), AtomicU64::new(0)],
            between_us: AtomicU64::new(0),
            low_after_us: AtomicU64::new(0),
        }),
        handles: Vec::new(),
    };
    let scene = players.scene.clone();
    players.add(session, id, cast.low, Scene::low)?;
    players.last_is(session, id, State::Parked)?;
    let is_chain = cast.relay.is_some();
    if let Some(relay) = cast.relay {
        players.add(session, id, relay, Scene::relay)?;
        players.last_is(session, id, State::Waiting)?;
    }
    for (me, middle) in cast.middle.into_iter().enumerate() {
        players.add(session, id, middle, move |scene| scene.middle(me))?;
    }
    let inside = scene.clone();
    let work = move || {
        while cast.is_late && inside.all_middle_us() == 0 {
            core::hint::spin_loop();
        }
        inside.high(&inside.mutexes[usize::from(is_chain)]);
    };
    let high = session.spawned(id, cast.high.name("high").spawn(work))?;
    // On the core under test all of them, the low one too, stand in the queue now: none has run yet.
    scene.is_begun.store(true, Ordering::Relaxed);
    players.handles[0].thread().unpark();
    session.join(id, high)?;

    let got = scene.between_us.load(Ordering::Relaxed);
    let what = "microseconds of those in between";
    session.check(id, what, expected, got);
    session.figure(id, what, Expect::AtMost(WORK_US), got);
    Ok(players)
}

/// What the low one inherited it has no longer: while those in between run, it does not.
fn dropped(session: &mut Session<'_>, id: &str, players: Players) -> Result<(), Ended> {
    let scene = players.scene.clone();
    let before = scene.all_middle_us();
    session.wait(id, "those in between go on", || {
        let now = scene.all_middle_us();
        now > before || now >= 2 * ENDLESS_US
    })?;
    let got = scene.low_after_us.load(Ordering::Relaxed);
    session.check(id, "microseconds of the low one", Expect::Exactly(0), got);
    players.end(session, id)
}

/// The threads of a scene. They end when this is dropped.
struct Players {
    scene: Arc<Scene>,
    handles: Vec<JoinHandle<()>>,
}

impl Players {
    fn add(
        &mut self,
        session: &mut Session<'_>,
        id: &str,
        builder: Builder,
        part: impl FnOnce(&Scene) + Send + 'static,
    ) -> Result<(), Ended> {
        let scene = self.scene.clone();
        let spawned = builder.name("inversion").spawn(move || part(&scene));
        self.handles.push(session.spawned(id, spawned)?);
        Ok(())
    }

    /// Comes back when the thread that was added last is in this state.
    fn last_is(&self, session: &mut Session<'_>, id: &str, state: State) -> Result<(), Ended> {
        let last = self.handles.last();
        session.wait(id, "it waits", || {
            last.is_some_and(|last| last.thread().info().state == state)
        })
    }

    fn end(mut self, session: &mut Session<'_>, id: &str) -> Result<(), Ended> {
        self.scene.stop.request();
        session.join_all(id, core::mem::take(&mut self.handles))
    }
}

impl Drop for Players {
    fn drop(&mut self) {
        self.scene.stop.request();
        self.scene.is_begun.store(true, Ordering::Relaxed);
        if let Some(low) = self.handles.first() {
            low.thread().unpark();
        }
    }
}

impl Scene {
    /// Owns the first mutex while it works, then works on for nobody.
    fn low(&self) {
        let guard = self.mutexes[0].lock();
        while !self.is_begun.load(Ordering::Relaxed) {
            thread::park();
        }
        let begin = now_us();
        while now_us().saturating_sub(begin) < WORK_US {}
        drop(guard);
        self.compute(&self.low_after_us);
    }

    /// Owns the second mutex while it waits for the first.
    fn relay(&self) {
        let _second = self.mutexes[1].lock();
        let _first = self.mutexes[0].lock();
    }

    fn middle(&self, me: usize) {
        self.compute(&self.middle_us[me]);
    }

    fn high(&self, mutex: &Mutex<()>) {
        let before = self.all_middle_us();
        let _guard = mutex.lock();
        let between = self.all_middle_us() - before;
        self.between_us.store(between, Ordering::Relaxed);
    }

    /// Computes until it is told to stop, or for ever, and says for how long.
    fn compute(&self, ran_us: &AtomicU64) {
        let begin = now_us();
        let mut ran = 0;
        while ran < ENDLESS_US && !self.stop.is_requested() {
            ran = ran.max(now_us().saturating_sub(begin));
            ran_us.store(ran, Ordering::Relaxed);
        }
    }

    fn all_middle_us(&self) -> u64 {
        let all = self.middle_us.iter();
        all.map(|ran_us| ran_us.load(Ordering::Relaxed)).sum()
    }
}

/// CPU time of the current thread.
fn now_us() -> u64 {
    thread::cpu_time().as_micros() as u64
}
