//! The host tool of Pivot: `cargo xtask …` sets up, builds, runs and tests the firmware.
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 passed, 1 a test
//! failed or the code does not build, 2 usage or environment.

#![expect(
    clippy::large_stack_frames,
    reason = "the limit is the firmware's; a host's stack is large"
)]

mod bench;
mod board;
mod boot_states;
mod build;
mod card;
mod check;
mod cli;
mod compare;
mod explain;
mod failure;
mod flash;
mod fuzz;
mod host_tests;
mod image;
mod inspect;
mod log;
mod machines;
mod measure;
mod monitor;
mod mutants;
mod paths;
mod port;
mod preflight;
mod progress;
mod qemu;
mod random;
mod run;
mod scenarios;
mod serial;
mod session;
mod setup;
mod soak;
mod step;
mod stub;
mod test;
mod toolchain;
mod trace;
mod transcript;
mod tree;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::board::Board;
use crate::cli::{BuildOptions, Call, Cli};
use crate::workspace::Workspace;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(&cli.call) {
        Ok(code) => ExitCode::from(code),
        Err(error) => ExitCode::from(failure::report(&error)),
    }
}

fn dispatch(call: &Call) -> Result<u8> {
    let workspace = Workspace::find()?;
    match call {
        Call::Run(options) => run::run(&workspace, options),
        Call::Test(options) => test::run(&workspace, options),
        Call::Build {
            board,
            example,
            build,
        } => build_boards(&workspace, *board, example.as_deref(), build),
        Call::Image(options) => card::run(&workspace, options),
        Call::Flash(options) => flash::run(&workspace, options),
        Call::WriteDevice(options) => flash::write_device(options),
        Call::Gdb { port, run } => run::debug(&workspace, run, *port),
        Call::Mutants(options) => mutants::run(&workspace, options),
        Call::Inspect { board, build } => inspect::run(&workspace, *board, build),
        Call::Preflight(options) => preflight::run(&workspace, options),
        Call::Fuzz(options) => fuzz::run(&workspace, options),
        Call::Soak(options) => soak::run(&workspace, options),
        Call::Trace(options) => trace::run(&workspace, options),
        Call::Measure(options) => measure::run(&workspace, options),
        Call::Compare(options) => compare::run(options),
        Call::Monitor(options) => monitor::run(&workspace, options),
        Call::Bench(options) => bench::run(&workspace, options),
        Call::Paths(options) => paths::run(&workspace, options),
        Call::Check => check::run(&workspace),
        Call::Setup => setup::run(&workspace).map(|()| 0),
    }
}

fn build_boards(
    workspace: &Workspace,
    only: Option<Board>,
    example: Option<&str>,
    options: &BuildOptions,
) -> Result<u8> {
    let mut boards = only.map_or(Board::ALL.to_vec(), |board| vec![board]);
    if let Some(name) = example {
        boards = build::examples::check(workspace, &boards, name)?;
    }
    let toolchain = setup::toolchain(workspace)?;
    for board in boards {
        let profile = options.profile();
        let firmware = build::program(workspace, &toolchain, board, profile, example)?;
        println!("{}", firmware.image.display());
        println!("{}", firmware.elf.display());
    }
    Ok(0)
}
