//! Starts the subjects, sends them from core to core, starts new threads beside them, watches that all get on, and
//! ends them.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use ufmt::uwrite;

use super::{
    super::{foremost::Foremost, gate::Keeper},
    cause::ENOUGH,
    handler,
    roster::{Kind, Selection, first_core},
    shared::{Mismatch, Shared},
    start::Pair,
    subjects,
};
use crate::{
    cores::{self, CoreId},
    shell::Context,
    thread::{Builder, JoinHandle},
    time::Instant,
};

/// How long the director rests between two looks: as often it takes a core away from somebody.
const TICK: Duration = Duration::from_millis(1);
/// Of so many subjects one is sent elsewhere at each tick.
const MOVED_ONE_IN: usize = 4;
/// Without a round for so long a subject is hung. Generous: a busy host is slow.
const PATIENCE: Duration = Duration::from_secs(30);
/// So much longer than asked for a run goes on for the sake of a cause that has not occurred.
const GRACE: Duration = Duration::from_secs(30);

/// Why a run did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The command was asked to stop.
    Cancelled,
    /// A subject makes no progress; its number.
    Stuck(usize),
    /// A new thread does not run or does not end.
    StuckStart,
    /// There is no memory for the threads, or no room for the handler.
    NoRoom,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// How it ended before its time.
    pub(crate) ended: Option<Ended>,
    /// New threads that were looked at.
    pub(crate) starts: u64,
    /// All else.
    pub(crate) shared: Arc<Shared>,
}

/// One run.
struct Director {
    selection: Selection,
    cores: Vec<CoreId>,
    shared: Arc<Shared>,
    handles: Vec<JoinHandle<()>>,
    /// The new threads that are under way, and since when on the clock.
    pair: Option<(Pair, Duration)>,
    starts: u64,
    /// Rounds of each subject when it was last seen to advance, and when that was on the clock.
    progress: Vec<(u64, Duration)>,
    clock: Clock,
    random: u64,
}

/// The time that the machine has had, as far as its director was there to see it: an emulator, or a machine under a
/// debugger, may be stopped for long, and then nobody has come further.
struct Clock {
    last: Instant,
    passed: Duration,
}

impl Clock {
    /// More than this between two looks was no time of the machine's.
    const MOST: Duration = Duration::from_secs(1);

    fn start() -> Self {
        Self {
            last: Instant::now(),
            passed: Duration::ZERO,
        }
    }

    /// Looks, and says what time it is.
    fn now(&mut self) -> Duration {
        let now = Instant::now();
        self.passed += now.duration_since(self.last).min(Self::MOST);
        self.last = now;
        self.passed
    }
}

/// Lets `asked` subjects, or one more, run for `time`, and on until all that must occur has.
pub(crate) fn run(ctx: &Context, selection: Selection, asked: usize, time: Duration) -> Outcome {
    let count = selection.count(asked);
    let kinds = (0..count).map(|which| selection.kind(which, count));
    let handler = (selection == Selection::All).then_some(Kind::Handler);
    let mut director = Director {
        selection,
        cores: cores::online().collect(),
        shared: Arc::new(Shared::new(kinds.chain(handler))),
        handles: Vec::new(),
        pair: None,
        starts: 0,
        progress: Vec::new(),
        clock: Clock::start(),
        random: 1,
    };
    let ended = director
        .spawn()
        .and_then(|()| director.watch(ctx, time))
        .err();
    director.shared.stop();
    let ended = ended.or(director.join(ctx).err());
    Outcome {
        ended,
        starts: director.starts,
        shared: director.shared,
    }
}

impl Director {
    /// Starts all subjects; they begin when all have been told who they are.
    fn spawn(&mut self) -> Result<(), Ended> {
        handler::init().map_err(|_| Ended::NoRoom)?;
        let keeper = Keeper::new();
        let _foremost = Foremost::new();
        for (me, subject) in self.shared.subjects.iter().enumerate() {
            let (gate, shared) = (keeper.gate(), Arc::clone(&self.shared));
            let core = self.cores[first_core(me, subject.kind, self.cores.len())];
            let handle = Builder::new()
                .name(&name(me, subject.kind))
                .core(core)
                .spawn(move || {
                    gate.pass();
                    subjects::run(&shared, me);
                })
                .map_err(|_| Ended::NoRoom)?;
            self.handles.push(handle);
        }
        for (subject, handle) in self.shared.subjects.iter().zip(&self.handles) {
            subject.thread.call_once(|| handle.thread().clone());
        }
        let now = self.clock.now();
        self.progress = self.handles.iter().map(|_| (0, now)).collect();
        keeper.open();
        Ok(())
    }

    /// Until the time is over and everything has occurred, or something is wrong.
    fn watch(&mut self, ctx: &Context, time: Duration) -> Result<(), Ended> {
        let start = self.clock.now();
        while self.shared.mismatches() == 0 {
            ctx.sleep(TICK).map_err(|_| Ended::Cancelled)?;
            let now = self.clock.now();
            self.look_for_stuck(now)?;
            if self.selection == Selection::All {
                self.start_anew(now)?;
            }
            let elapsed = now - start;
            if elapsed >= time && (self.is_enough() || elapsed >= time + GRACE) {
                break;
            }
            if self.selection.moves() && self.cores.len() > 1 {
                for _ in 0..self.handles.len().div_ceil(MOVED_ONE_IN) {
                    self.move_one();
                }
            }
        }
        Ok(())
    }

    /// Whether everything that must occur has occurred often enough.
    fn is_enough(&self) -> bool {
        let required = self.selection.required(self.cores.len());
        let all = self.selection != Selection::All
            || (self.starts >= ENOUGH && self.shared.rounds(Kind::Handler) >= ENOUGH);
        all && self.shared.counts().missing(required).next().is_none()
    }

    /// Sends some subject to some core, whatever it does.
    fn move_one(&mut self) {
        let which = self.draw(self.handles.len());
        let where_to = self.draw(self.cores.len());
        let core = self.cores[where_to];
        // The cores that were online stay so.
        let _ = self.handles[which].thread().pin(core);
    }

    /// A number below `below`.
    fn draw(&mut self, below: usize) -> usize {
        // The multiplier of Knuth's MMIX; its high bits are the good ones.
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize % below
    }

    /// Looks at new threads that have ended, and starts the next ones, on one core after another.
    fn start_anew(&mut self, now: Duration) -> Result<(), Ended> {
        match self.pair.take() {
            Some((pair, _)) if pair.is_done() => {
                let core = pair.core();
                pair.judge(|difference| {
                    self.shared.tell(Mismatch {
                        thread: self.starts as usize,
                        kind: Kind::Start,
                        core,
                        cause: None,
                        difference,
                    });
                });
                self.starts += 1;
            }
            Some((_, since)) if now - since >= PATIENCE => return Err(Ended::StuckStart),
            under_way @ Some(_) => {
                self.pair = under_way;
                return Ok(());
            }
            None => {}
        }
        let core = self.cores[self.starts as usize % self.cores.len()];
        let pair = Pair::spawn(core, self.starts).map_err(|_| Ended::NoRoom)?;
        self.pair = Some((pair, now));
        Ok(())
    }

    fn look_for_stuck(&mut self, now: Duration) -> Result<(), Ended> {
        let subjects = self.shared.subjects.iter().zip(&mut self.progress);
        for (which, (subject, (rounds, since))) in subjects.enumerate() {
            let done = subject.rounds.get();
            let has_crashed = self.handles.get(which).is_some_and(JoinHandle::is_finished);
            if done != *rounds && !has_crashed {
                (*rounds, *since) = (done, now);
            } else if has_crashed || now - *since >= PATIENCE {
                return Err(Ended::Stuck(which));
            }
        }
        Ok(())
    }

    /// Waits for the end of all; one that does not end is left to itself, with what it needs.
    fn join(&mut self, ctx: &Context) -> Result<(), Ended> {
        let start = self.clock.now();
        let mut result = Ok(());
        for (which, handle) in core::mem::take(&mut self.handles).into_iter().enumerate() {
            while !handle.is_finished() && self.clock.now() - start < PATIENCE {
                // A person who has asked to stop waits for this all the same: it is short.
                if ctx.sleep(TICK).is_err() {
                    crate::thread::sleep(TICK);
                }
            }
            // One that has crashed makes no progress either.
            if !handle.is_finished() || handle.join().is_err() {
                result = Err(Ended::Stuck(which));
            }
        }
        result
    }
}

fn name(me: usize, kind: Kind) -> heapless::String<24> {
    let mut name = heapless::String::new();
    // What does not fit is cut.
    let _ = uwrite!(name, "regs {} {}", me, kind.as_str());
    name
}
