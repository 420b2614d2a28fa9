//! The runs of one seed: traced, interrupted by chance, and walked where something is missing.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

use anyhow::{Result, anyhow};
use pivot::sched::moments::digested;

use super::Effort;
use super::code::Code;
use super::emulator::{self, Emulator, Outcome};
use super::round::{Round, Walk};
use super::table::Table;
use super::trace::{Addresses, Executed};
use crate::failure::Failure;

/// Interrupts of each core in a walk, after those before it: more than instructions between two that are not walked.
const WALKED: u64 = 1_200;

/// How many ticks before what is missing a walk begins, as the trace tells it: it has also counted what was left of
/// the interrupt, but not what lies outside of the sources that count. A step may miss an instruction, when an
/// interrupt takes less time than the one before it; a walk that begins elsewhere misses others.
const BEFORE: [u64; 8] = [250, 50, 150, 351, 102, 203, 500, 1_000];

/// Runs of one seed.
pub(super) struct Fuzz<'a> {
    emulator: Emulator<'a>,
    seed: u64,
    effort: Effort,
    code: Code,
    /// On each machine.
    traces: Vec<Executed>,
    /// On any.
    executed: Executed,
    covered: Addresses,
    interrupts: u64,
}

impl<'a> Fuzz<'a> {
    /// Traces, then interrupts until everything was met or the time is over.
    pub(super) fn run(emulator: Emulator<'a>, seed: u64, effort: Effort) -> Result<Self> {
        println!("seed {seed}");
        let mut fuzz = Self::start(emulator, seed, effort)?;
        let started = Instant::now();
        for number in 0.. {
            fuzz.round(number, started)?;
            // What chance leaves is gone to, from another place after each round.
            if let Some(&before) = BEFORE.get(usize::try_from(number)?) {
                fuzz.walks(before, started)?;
            }
            let elapsed = started.elapsed();
            if elapsed >= effort.most || elapsed >= effort.least && fuzz.is_complete() {
                break;
            }
        }
        Ok(fuzz)
    }

    /// Traces a short run on each machine, and checks that it repeats: two runs of one seed, and the one that is
    /// traced, must take the same interrupts at the same instructions.
    fn start(emulator: Emulator<'a>, seed: u64, effort: Effort) -> Result<Self> {
        let code = Code::read(emulator.firmware, emulator.workspace.root())?;
        let mut fuzz = Self {
            emulator,
            seed,
            effort,
            code,
            traces: Vec::new(),
            executed: Executed::default(),
            covered: Addresses::new(),
            interrupts: 0,
        };
        let started = Instant::now();
        let traced = fuzz.on_each_machine(seed, effort.traced, |_, round| {
            let (once, again) = (emulator.run(round)?, emulator.run(round)?);
            let executed = emulator.trace(round, &fuzz.code)?;
            same(&once, &again, &executed, round)?;
            Ok((executed, once))
        })?;
        for (executed, outcome) in traced {
            fuzz.executed.enabled.extend(executed.enabled.clone());
            fuzz.executed.masked.extend(&executed.masked);
            fuzz.traces.push(executed);
            fuzz.take(outcome);
        }
        fuzz.code.leave_out_unused_copies(&fuzz.executed);
        println!(
            "traced: {} instructions can be interrupted; {} interrupts on each core came at the same ones again \
             ({:.1} s)",
            fuzz.table().enabled(),
            effort.traced,
            started.elapsed().as_secs_f64()
        );
        Ok(fuzz)
    }

    /// Interrupts by chance.
    fn round(&mut self, number: u64, started: Instant) -> Result<()> {
        let seed = digested(self.seed, number);
        let emulator = self.emulator;
        let run = |_, round| emulator.run(round);
        let outcomes = self.on_each_machine(seed, self.effort.interrupts, run)?;
        outcomes.into_iter().for_each(|outcome| self.take(outcome));
        self.say(&format!("round {number}, seed {seed}"), started);
        Ok(())
    }

    /// Goes to what is missing: the run that was traced once more, up to an interrupt after which it was executed, and
    /// from there on instruction by instruction.
    fn walks(&mut self, before: u64, started: Instant) -> Result<()> {
        if self.is_complete() {
            return Ok(());
        }
        let missing: Addresses = self.table().uncovered().map(|(at, _)| at).collect();
        let (emulator, missing) = (self.emulator, Mutex::new(missing));
        let end = started + self.effort.most;
        let walked = self.on_each_machine(self.seed, WALKED, |machine, round| {
            let (mut tried, mut outcomes) = (BTreeSet::new(), Vec::new());
            while Instant::now() < end {
                let next = self.traces[machine].best(&*held(&missing)?, &tried);
                let Some(moment) = next else {
                    break;
                };
                tried.insert(moment.interrupt);
                let walk = Walk {
                    from: moment.interrupt,
                    ahead: moment.behind.saturating_sub(before),
                };
                let outcome = emulator.run(Round {
                    interrupts: walk.from + WALKED,
                    walk: Some(walk),
                    ..round
                })?;
                held(&missing)?.retain(|address| !outcome.covered.contains(address));
                outcomes.push(outcome);
            }
            Ok(outcomes)
        })?;
        let outcomes: Vec<Outcome> = walked.into_iter().flatten().collect();
        let count = outcomes.len();
        outcomes.into_iter().for_each(|outcome| self.take(outcome));
        let what = format!("{count} walks, seed {}", self.seed);
        self.say(&what, started);
        Ok(())
    }

    fn say(&self, what: &str, started: Instant) {
        let table = self.table();
        println!(
            "{what}: {} interrupts, {} of {} instructions ({:.1} s)",
            self.interrupts,
            table.covered(),
            table.enabled(),
            started.elapsed().as_secs_f64()
        );
    }

    fn take(&mut self, outcome: Outcome) {
        self.interrupts += outcome.interrupts;
        self.covered.extend(outcome.covered);
    }

    /// Function by function.
    pub(super) fn table(&self) -> Table<'_> {
        Table::new(&self.code.instructions, &self.executed, &self.covered)
    }

    fn is_complete(&self) -> bool {
        self.table().uncovered().next().is_none()
    }

    /// Passed is that every instruction was interrupted.
    pub(super) fn verdict(&self) -> Result<String> {
        let table = self.table();
        let (covered, enabled) = (table.covered(), table.enabled());
        let mut words = format!("{covered} of {enabled} instructions, seed {}", self.seed);
        if covered == enabled {
            return Ok(words);
        }
        for (address, origin) in table.uncovered() {
            words += &format!("\nnot interrupted: {address:#x} {}", origin.place());
        }
        Err(Failure::verdict(words).into())
    }

    /// Does `run` on all machines at once, with their numbers: with instructions counted, each takes one core of the
    /// host.
    fn on_each_machine<T: Send>(
        &self,
        seed: u64,
        interrupts: u64,
        run: impl Fn(usize, Round) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let board = self.emulator.board;
        thread::scope(|scope| {
            let runs: Vec<_> = emulator::cores(board, self.effort.is_short)
                .iter()
                .enumerate()
                .map(|(machine, &cores)| {
                    let run = &run;
                    let round = Round {
                        seed,
                        interrupts,
                        cores,
                        walk: None,
                    };
                    scope.spawn(move || run(machine, round))
                })
                .collect();
            runs.into_iter()
                .map(|run| run.join().map_err(|_| anyhow!("a run has panicked"))?)
                .collect()
        })
    }
}

fn held<T>(mutex: &Mutex<T>) -> Result<MutexGuard<'_, T>> {
    mutex.lock().map_err(|_| anyhow!("a run has panicked"))
}

/// Whether two runs of one round went the same way, and the one that was traced.
fn same(once: &Outcome, again: &Outcome, traced: &Executed, round: Round) -> Result<()> {
    let repeats = once.digests == again.digests && once.covered == again.covered;
    if repeats && once.digests.contains(&traced.digest) {
        return Ok(());
    }
    let what = format!(
        "the seed {} on {} cores did not repeat: digests {:x?}, {:x?}, and {:x} in the trace",
        round.seed, round.cores, once.digests, again.digests, traced.digest
    );
    Err(Failure::verdict(what).into())
}
