//! `cargo xtask fuzz`: interrupts threads at every instruction of the scheduler and the locks at which an interrupt
//! can be taken, and shows that it did.
//!
//! A trace of the emulator says which instructions those are; the image says where it was interrupted. See
//! `docs/fuzz.md`.

mod campaign;
mod code;
mod emulator;
mod round;
mod table;
mod trace;

use std::time::{Duration, SystemTime};

use anyhow::Result;

use crate::board::Board;
use crate::build::{self, Firmware};
use crate::cli::FuzzOptions;
use crate::failure::CODE_FAILED;
use crate::setup;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;
use campaign::Fuzz;
use emulator::Emulator;

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Whether one machine is enough, with one core.
    is_short: bool,
    /// Interrupts of each core in the run that is traced: every instruction of it is written down, so it is short.
    traced: u64,
    /// Of each core in a run that is not traced.
    interrupts: u64,
    /// For how long, though all is met before.
    least: Duration,
    /// For how long, though not all is met.
    most: Duration,
}

impl Effort {
    /// What the usual test run can afford.
    pub(crate) const SHORT: Self = Self {
        is_short: true,
        traced: 1_000,
        interrupts: 50_000,
        least: Duration::ZERO,
        most: Duration::from_secs(900),
    };
    /// What a person gets who names no time.
    pub(crate) const USUAL: Self = Self {
        is_short: false,
        traced: 3_000,
        interrupts: 100_000,
        least: Duration::ZERO,
        most: Duration::from_secs(1_200),
    };
    /// For the full test run.
    pub(crate) const FULL: Self = Self {
        least: Duration::from_secs(300),
        ..Self::USUAL
    };
}

/// Runs it; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &FuzzOptions) -> Result<u8> {
    let toolchain = setup::toolchain(workspace)?;
    setup::emulator()?;
    let (board, profile) = (options.board, options.build.profile());
    let firmware = build::firmware(workspace, &toolchain, board, profile)?;
    let mut effort = Effort::USUAL;
    if let Some(minutes) = options.minutes {
        // Who names a time wants all of it.
        effort.least = Duration::from_secs_f64(minutes * 60.0);
        effort.most = effort.least;
    }
    let seed = options.seed.unwrap_or_else(seed_of_the_moment);
    let directory = workspace.run_dir(&format!("fuzz-{}", board.name()));
    let emulator = Emulator {
        workspace,
        toolchain: &toolchain,
        firmware: &firmware,
        board,
        directory: &directory,
    };
    let fuzz = Fuzz::run(emulator, seed, effort)?;
    let table = fuzz.table();
    print!("{}", table.render(options.all));
    if options.all {
        print!("{}", table.rest());
    }
    Ok(match fuzz.verdict() {
        Ok(_) => 0,
        Err(failure) => {
            eprintln!("error: {failure}");
            CODE_FAILED
        }
    })
}

/// As a test of the matrix: returns what it came to in words.
pub(crate) fn test(
    workspace: &Workspace,
    toolchain: &Toolchain,
    firmware: &Firmware,
    effort: Effort,
) -> Result<String> {
    let directory = workspace.run_dir("fuzz-test");
    let emulator = Emulator {
        workspace,
        toolchain,
        firmware,
        board: Board::Virt,
        directory: &directory,
    };
    // The usual test run is the same each time.
    let seed = if effort.is_short {
        1
    } else {
        seed_of_the_moment()
    };
    let fuzz = Fuzz::run(emulator, seed, effort)?;
    fuzz.verdict()
}

fn seed_of_the_moment() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(1, |since| since.as_nanos() as u64)
}
