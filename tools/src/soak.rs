//! `cargo xtask soak`: does everything that a board can do, in an order that a seed says, with thousands of threads that
//! crash on purpose; and looks each time whether the board is still all there.
//!
//! See `docs/soak.md`.

mod campaign;
mod deal;
mod tally;

use std::time::{Duration, SystemTime};

use anyhow::Result;

use crate::board::Board;
use crate::build;
use crate::cli::SoakOptions;
use crate::failure::Failure;
use crate::machines::{Machine, Role};
use crate::qemu::{self, Start};
use crate::session::Rig;
use crate::setup;
use crate::workspace::Workspace;
use campaign::Campaign;

/// When it is over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// After so long.
    Time(Duration),
    /// When so many threads have crashed.
    Faults(u64),
}

/// What a person gets who names no end.
const USUAL: End = End::Time(Duration::from_secs(60));

/// What the usual test run can afford on each of two machines, and the full one.
const OF_TEST: Duration = Duration::from_secs(30);
const OF_FULL_TEST: Duration = Duration::from_secs(600);

/// Runs it; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &SoakOptions) -> Result<u8> {
    let machine = machine(options)?;
    let end = match (options.seconds, options.faults) {
        (Some(seconds), _) => End::Time(Duration::from_secs(seconds)),
        (None, Some(faults)) => End::Faults(faults),
        (None, None) => USUAL,
    };
    let toolchain = setup::toolchain(workspace)?;
    setup::emulator()?;
    let firmware = build::firmware(
        workspace,
        &toolchain,
        options.board,
        options.build.profile(),
    )?;
    let rig = Rig {
        machine: &machine,
        is_full: false,
        workspace,
        toolchain: &toolchain,
        firmware: &firmware,
        directory: workspace.run_dir(&format!("soak-{}", options.board.name())),
    };
    Campaign::run(&rig, options.seed, end, &mut |line| eprintln!("{line}"))
        .map(|tally| print!("{tally}"))?;
    Ok(0)
}

/// As a test of the matrix: the same each time in the usual run, another one each time in the full one.
pub(crate) fn test(rig: &Rig<'_>) -> Result<()> {
    let (seed, time) = if rig.is_full {
        (seed_of_the_moment(), OF_FULL_TEST)
    } else {
        (1, OF_TEST)
    };
    Campaign::run(rig, seed, End::Time(time), &mut |_| ()).map(drop)
}

fn machine(options: &SoakOptions) -> Result<Machine> {
    let (machine, cores) = match (options.board, options.smp) {
        (Board::Virt, cores) => {
            let cores = cores.unwrap_or(8);
            (qemu::virt_options(cores, 2), cores)
        }
        (Board::Rpi4, None | Some(4)) => (qemu::rpi4_options(), 4),
        (Board::Rpi4, Some(_)) => {
            return Err(Failure::environment("the Pi 4 has four cores")
                .help("leave out --smp")
                .into());
        }
    };
    Ok(Machine {
        name: "soak",
        board: options.board,
        options: machine,
        start: Start::Loader,
        cores,
        role: Role::Main,
    })
}

fn seed_of_the_moment() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(1, |since| since.as_nanos() as u64)
}
