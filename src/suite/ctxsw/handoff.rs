//! Two threads that hand a token to each other: one mutex, one condition variable, an owner flag.
//!
//! The method of `misc-ctxsw`, without its two races: a round is over when *both* threads have left it, and
//! its time ends where the last handoff was counted. Nothing is in the loop that the original has not: whether
//! to stop is looked at by the thread that waits for the round, which then takes the rest of the round away.

use alloc::sync::Arc;
use core::time::Duration;

use super::super::doubling::Doubling;
use crate::{
    cores::CoreId,
    shell::Cancel,
    sync::{Condvar, Mutex, MutexGuard},
    thread::{Builder, JoinHandle},
    time::Instant,
};

/// How often the request to stop is looked at while a round runs.
const GLANCE: Duration = Duration::from_millis(100);

/// A round in which nothing moved for so many glances (10 s) is stuck.
const GLANCES_UNTIL_STUCK: u32 = 100;

/// What one mode came to. All of it belongs to the last round, the one that is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// Handoffs that were asked for.
    pub(crate) iterations: u64,
    /// Handoffs by each thread, as it counted them.
    pub(crate) turns: [u64; 2],
    /// From the start of the round to its last handoff.
    pub(crate) elapsed: Duration,
    /// Switches away from the two threads that they asked for.
    pub(crate) voluntary: u64,
    /// Switches away from the two threads that they did not ask for.
    pub(crate) preempted: u64,
    /// How often the two were moved to another core.
    pub(crate) migrations: u64,
    /// Where each was at the end.
    pub(crate) cores: [CoreId; 2],
}

/// Why there is no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoFigure {
    /// The command was asked to stop.
    Cancelled,
    /// No memory for a thread.
    Spawn,
    /// No handoff for ten seconds, with so many left.
    Stuck(u64),
}

/// What the two threads and the one that waits for them share.
struct Game {
    state: Mutex<State>,
    /// The owner changed.
    turn: Condvar,
    /// A round starts or ends, or there will be no more.
    round: Condvar,
}

#[derive(Default)]
struct State {
    owner: usize,
    /// Handoffs that this round still has.
    remain: u64,
    /// Counts the rounds: a thread takes part in each once.
    number: u32,
    /// Threads that have not left the round.
    playing: u32,
    is_over: bool,
    /// When the last handoff of this round was counted.
    ended: Option<Instant>,
    turns: [u64; 2],
}

impl Game {
    /// The life of one thread: a round whenever one starts.
    fn play(&self, me: usize) {
        let mut last = 0;
        loop {
            let mut state = self.state.lock();
            while state.number == last && !state.is_over {
                state = self.round.wait(state);
            }
            if state.is_over {
                return;
            }
            last = state.number;
            drop(state);
            let turns = self.hand_over(me);
            let mut state = self.state.lock();
            state.turns[me] = turns;
            state.playing -= 1;
            if state.playing == 0 {
                self.round.notify_all();
            }
        }
    }

    /// One round of one thread: what is measured. Returns how often it handed over.
    fn hand_over(&self, me: usize) -> u64 {
        let mut turns = 0;
        loop {
            let mut state = self.state.lock();
            while state.owner != me {
                state = self.turn.wait(state);
            }
            let is_done = state.remain == 0;
            if is_done {
                state.ended.get_or_insert_with(Instant::now);
            } else {
                state.remain -= 1;
                turns += 1;
            }
            state.owner = 1 - me;
            drop(state);
            self.turn.notify_one();
            if is_done {
                return turns;
            }
        }
    }

    /// Waits until both have left the round.
    fn wait(&self, cancel: &Cancel) -> Result<Duration, NoFigure> {
        let start = Instant::now();
        let mut state = self.state.lock();
        state.playing = 2;
        state.number += 1;
        self.round.notify_all();
        let (mut seen, mut still) = (state.remain, 0);
        while state.playing > 0 {
            state = self.round.wait_timeout(state, GLANCE).0;
            if cancel.is_requested() {
                state.remain = 0;
            }
            still = if state.remain == seen { still + 1 } else { 0 };
            seen = state.remain;
            if still >= GLANCES_UNTIL_STUCK {
                return Err(NoFigure::Stuck(seen));
            }
        }
        if cancel.is_requested() {
            return Err(NoFigure::Cancelled);
        }
        let ended = state.ended.unwrap_or_else(Instant::now);
        Ok(ended.duration_since(start))
    }

    fn prepare(&self, iterations: u64) {
        let mut state = self.state.lock();
        state.remain = iterations;
        state.ended = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// The two threads of a game.
struct Players {
    game: Arc<Game>,
    threads: [JoinHandle<()>; 2],
}

/// Sums over both threads, at one moment.
#[derive(Clone, Copy)]
struct Sums {
    voluntary: u64,
    preempted: u64,
    migrations: u64,
    cores: [CoreId; 2],
}

impl Players {
    fn spawn(placement: [Option<CoreId>; 2]) -> Result<Self, NoFigure> {
        let game = Arc::new(Game {
            state: Mutex::new(State::default()),
            turn: Condvar::new(),
            round: Condvar::new(),
        });
        let spawn = |me: usize| {
            let (game, name) = (game.clone(), ["ctxsw 0", "ctxsw 1"][me]);
            let builder = Builder::new().name(name);
            let builder = match placement[me] {
                Some(core) => builder.core(core),
                None => builder,
            };
            builder
                .spawn(move || game.play(me))
                .map_err(|_| NoFigure::Spawn)
        };
        let first = spawn(0)?;
        let second = spawn(1).inspect_err(|_| game.end())?;
        Ok(Self {
            game,
            threads: [first, second],
        })
    }

    fn sums(&self) -> Sums {
        let [a, b] = [&self.threads[0], &self.threads[1]].map(|thread| thread.thread().info());
        Sums {
            voluntary: a.switches_voluntary + b.switches_voluntary,
            preempted: a.switches_preempted + b.switches_preempted,
            migrations: a.migrations + b.migrations,
            cores: [a.core, b.core],
        }
    }

    fn round(&self, iterations: u64, cancel: &Cancel) -> Result<Measured, NoFigure> {
        self.game.prepare(iterations);
        let before = self.sums();
        let elapsed = self.game.wait(cancel)?;
        let after = self.sums();
        let turns = self.game.lock().turns;
        Ok(Measured {
            iterations,
            turns,
            elapsed,
            voluntary: after.voluntary - before.voluntary,
            preempted: after.preempted - before.preempted,
            migrations: after.migrations - before.migrations,
            cores: after.cores,
        })
    }
}

impl Game {
    /// There will be no more rounds: the threads end.
    fn end(&self) {
        self.state.lock().is_over = true;
        self.round.notify_all();
    }
}

/// Measures one placement: rounds that double until one takes `target` or longer. `None` is: anywhere.
///
/// # Errors
///
/// [`NoFigure`] says why there is none. Threads that are stuck are left to themselves.
pub(crate) fn measure(
    placement: [Option<CoreId>; 2],
    target: Duration,
    cancel: &Cancel,
) -> Result<Measured, NoFigure> {
    let players = Players::spawn(placement)?;
    let mut plan = Doubling::new(nanoseconds(target));
    let result = loop {
        match players.round(plan.iterations(), cancel) {
            Ok(measured) => match plan.after(nanoseconds(measured.elapsed)) {
                Some(next) => plan = next,
                None => break Ok(measured),
            },
            Err(why) => break Err(why),
        }
    };
    players.game.end();
    if !matches!(result, Err(NoFigure::Stuck(_))) {
        for thread in players.threads {
            // A crash has its own report.
            let _ = thread.join();
        }
    }
    result
}

/// A duration in nanoseconds; 584 years at most.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
