//! `cargo xtask fuzz`: interrupts threads at every instruction of the scheduler and the locks at which an interrupt
//! can be taken, and shows that it did.
//!
//! A trace of the emulator says which instructions those are; the image says where it was interrupted. See
//! `docs/proof.md`.

mod code;
mod emulator;
mod table;
mod trace;

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, anyhow};
use pivot::sched::moments::digested;

use crate::board::Board;
use crate::build;
use crate::cli::FuzzOptions;
use crate::failure::{CODE_FAILED, Failure};
use crate::setup;
use crate::workspace::Workspace;
use code::Code;
use emulator::{Emulator, Outcome, Round};
use table::Table;
use trace::{Addresses, Executed};

/// Interrupts of each core in a traced run: every instruction of it is written down, so it is short.
const TRACED: u64 = 2_000;
/// Interrupts of each core in a run that is not traced.
const INTERRUPTS: u64 = 200_000;
/// How long without `--minutes`, if not everything was met before.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs it; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &FuzzOptions) -> Result<u8> {
    let toolchain = setup::toolchain(workspace)?;
    setup::emulator()?;
    let firmware = build::firmware(
        workspace,
        &toolchain,
        options.board,
        options.build.profile(),
    )?;
    let directory = workspace.run_dir(&format!("fuzz-{}", options.board.name()));
    let emulator = Emulator {
        workspace,
        toolchain: &toolchain,
        firmware: &firmware,
        board: options.board,
        directory: &directory,
    };
    let seed = options.seed.unwrap_or_else(seed_of_the_moment);
    println!("seed {seed}");
    let mut fuzz = Fuzz::start(emulator, seed)?;
    let time = options
        .minutes
        .map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    // Who names a time wants all of it; otherwise the end is reached when everything was met.
    fuzz.rounds(time.unwrap_or(LIMIT), time.is_none())?;
    let table = fuzz.table();
    print!("{}", table.render(options.all));
    if options.all {
        print!("{}", table.rest());
    }
    if table.uncovered().next().is_none() {
        return Ok(0);
    }
    eprintln!("error: not every instruction was interrupted");
    Ok(CODE_FAILED)
}

/// Runs of one seed.
struct Fuzz<'a> {
    emulator: Emulator<'a>,
    seed: u64,
    code: Code,
    executed: Executed,
    covered: Addresses,
    interrupts: u64,
}

impl<'a> Fuzz<'a> {
    /// Traces a short run on each machine, and checks that it repeats: two runs of one seed must take the same
    /// interrupts at the same instructions.
    fn start(emulator: Emulator<'a>, seed: u64) -> Result<Self> {
        let code = Code::read(emulator.firmware, emulator.workspace.root())?;
        let mut fuzz = Self {
            emulator,
            seed,
            code,
            executed: Executed::default(),
            covered: Addresses::new(),
            interrupts: 0,
        };
        let started = Instant::now();
        let traced = fuzz.on_each_machine(seed, TRACED, |round| {
            let (once, again) = (emulator.run(round)?, emulator.run(round)?);
            same(&once, &again, round)?;
            Ok((emulator.trace(round, &fuzz.code)?, once))
        })?;
        for (executed, outcome) in traced {
            fuzz.executed.enabled.extend(executed.enabled);
            fuzz.executed.masked.extend(executed.masked);
            fuzz.take(outcome);
        }
        fuzz.code.leave_out_unused_copies(&fuzz.executed);
        println!(
            "traced: {} instructions can be interrupted; {TRACED} interrupts on each core came at the same ones again \
             ({:.1} s)",
            fuzz.table().enabled(),
            started.elapsed().as_secs_f64()
        );
        Ok(fuzz)
    }

    /// Runs rounds for `time`, or until everything was met, if that is enough.
    fn rounds(&mut self, time: Duration, until_covered: bool) -> Result<()> {
        let started = Instant::now();
        for number in 0.. {
            let seed = digested(self.seed, number);
            let emulator = self.emulator;
            let outcomes = self.on_each_machine(seed, INTERRUPTS, |round| emulator.run(round))?;
            outcomes.into_iter().for_each(|outcome| self.take(outcome));
            let table = self.table();
            println!(
                "round {number}, seed {seed}: {} interrupts, {} of {} instructions ({:.1} s)",
                self.interrupts,
                table.covered(),
                table.enabled(),
                started.elapsed().as_secs_f64()
            );
            let is_done = until_covered && table.uncovered().next().is_none();
            if is_done || started.elapsed() >= time {
                break;
            }
        }
        Ok(())
    }

    fn take(&mut self, outcome: Outcome) {
        self.interrupts += outcome.interrupts;
        self.covered.extend(outcome.covered);
    }

    fn table(&self) -> Table<'_> {
        Table::new(&self.code.instructions, &self.executed, &self.covered)
    }

    /// Does `run` on all machines at once: with instructions counted, each takes one core of the host.
    fn on_each_machine<T: Send>(
        &self,
        seed: u64,
        interrupts: u64,
        run: impl Fn(Round) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let board = self.emulator.board;
        thread::scope(|scope| {
            let runs: Vec<_> = emulator::cores(board)
                .iter()
                .map(|&cores| {
                    let (run, round) = (
                        &run,
                        Round {
                            seed,
                            interrupts,
                            cores,
                        },
                    );
                    scope.spawn(move || run(round).with_context(|| again(board, round)))
                })
                .collect();
            runs.into_iter()
                .map(|run| run.join().map_err(|_| anyhow!("a run has panicked"))?)
                .collect()
        })
    }
}

fn again(board: Board, round: Round) -> String {
    format!("again by `{}`", emulator::replay(board, round))
}

/// Whether two runs of one round went the same way.
fn same(once: &Outcome, again: &Outcome, round: Round) -> Result<()> {
    if once.digests == again.digests && once.covered == again.covered {
        return Ok(());
    }
    let what = format!(
        "the seed {} on {} cores did not repeat: digests {:x?} and {:x?}",
        round.seed, round.cores, once.digests, again.digests
    );
    Err(Failure::verdict(what).into())
}

fn seed_of_the_moment() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(1, |since| since.as_nanos() as u64)
}
