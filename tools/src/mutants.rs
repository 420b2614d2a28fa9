//! `cargo xtask mutants`: negative controls. Images with one mistake each, which the firmware's own tests have to
//! find.
//!
//! A register mutant is the finished image with an instruction or two replaced; an order mutant is built from
//! changed sources. The correct image is run first, and must pass what the mutants must not.

mod a64;
mod lines;
mod orders;
mod patch;
mod registers;
mod routine;
mod runner;
mod selection;
mod sources;
mod tally;
mod verdict;

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

pub(crate) use self::tally::Tally;

use self::orders::OrderMutant;
use self::patch::Program;
use self::registers::{Place, RegisterMutant};
use self::runner::{Bench, Job};
use self::selection::Selection;
use self::sources::Edit;
use self::verdict::{Expect, Outcome, Verdict, judge};
use crate::board::Board;
use crate::build::{self, Firmware};
use crate::cli::MutantOptions;
use crate::failure::{CODE_FAILED, Failure};
use crate::scenarios::COUNTED_SHIFT;
use crate::setup;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// What has to find a lost register.
const CHECKER: &str = "regs --seconds 5";

/// Runs the mutants; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &MutantOptions) -> Result<u8> {
    let selection = Selection {
        names: options.names.clone(),
        sample: options.sample,
    };
    if options.list {
        list(options, &selection);
        return Ok(0);
    }
    let toolchain = setup::toolchain(workspace)?;
    setup::emulator()?;
    let mut tally = Tally::default();
    if !options.orders {
        let profile = options.build.profile();
        let firmware = build::firmware(workspace, &toolchain, options.board, profile)?;
        let cores = match options.board {
            Board::Virt => options.smp,
            Board::Rpi4 => 4,
        };
        let bench = Bench {
            workspace,
            toolchain: &toolchain,
            board: options.board,
            cores,
            shows_all: true,
        };
        tally += run_registers(&bench, &firmware, &selection, usize::from(options.jobs))?;
    }
    if !options.registers {
        tally += run_orders(workspace, &toolchain, &selection)?;
    }
    if tally == Tally::default() {
        return Err(Failure::environment(format!(
            "no mutant has {:?} in its name",
            selection.names
        ))
        .help("cargo xtask mutants --list")
        .into());
    }
    println!("{}", tally.summary());
    Ok(if tally.survivors().is_empty() {
        0
    } else {
        CODE_FAILED
    })
}

fn list(options: &MutantOptions, selection: &Selection) {
    if !options.orders {
        let names: BTreeSet<String> = registers::expected();
        for name in selection.of(names.into_iter().collect(), String::as_str) {
            println!("{name}");
        }
    }
    if !options.registers {
        for mutant in selection.of(orders::all().collect(), |mutant| mutant.name) {
            println!("{}: {}", mutant.name, mutant.stands_for);
        }
    }
}

/// The register mutants of an image on a `virt` machine of one core, or a sample of them: for `cargo xtask test`.
pub(crate) fn registers_on_one_core(
    workspace: &Workspace,
    toolchain: &Toolchain,
    firmware: &Firmware,
    sample: Option<usize>,
    jobs: usize,
) -> Result<Tally> {
    let bench = Bench {
        workspace,
        toolchain,
        board: Board::Virt,
        cores: 1,
        shows_all: false,
    };
    let selection = Selection {
        sample,
        ..Selection::default()
    };
    run_registers(&bench, firmware, &selection, jobs)
}

/// All order mutants: for `cargo xtask test --full`.
pub(crate) fn all_orders(workspace: &Workspace, toolchain: &Toolchain) -> Result<Tally> {
    run_orders(workspace, toolchain, &Selection::default())
}

fn run_registers(
    bench: &Bench<'_>,
    firmware: &Firmware,
    selection: &Selection,
    jobs: usize,
) -> Result<Tally> {
    let elf =
        fs::read(&firmware.elf).with_context(|| format!("reading {}", firmware.elf.display()))?;
    let program = Program::from_elf(&elf)?;
    let all = register_mutants(&program)?;
    let chosen = selection.of(all, |mutant: &RegisterMutant| &mutant.name);
    if chosen.is_empty() {
        return Ok(Tally::default());
    }
    let Some(timeout) = bench.control("correct", CHECKER, None, firmware)? else {
        return Err(Failure::verdict("the correct image fails").into());
    };
    let tally = Mutex::new(Tally::default());
    let failure = Mutex::new(None);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(mutant) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match run_register(bench, firmware, &program, mutant, timeout) {
                        Ok(one) => *tally.lock().unwrap_or_else(PoisonError::into_inner) += one,
                        Err(error) => {
                            *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                            next.store(chosen.len(), Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(tally.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

/// Derives the mutants from the image, and sees to it that none is missing.
fn register_mutants(program: &Program) -> Result<Vec<RegisterMutant>> {
    let mut all = Vec::new();
    for (place, label) in [
        (Place::Switch, "reschedule"),
        (Place::Frame, "irq_from_thread"),
        (Place::Start, "thread_start"),
    ] {
        let (address, words) = program.routine(label)?;
        let sites = routine::survey(address, &words);
        all.extend(registers::of_routine(place, &sites));
    }
    registers::check_complete(&all)?;
    Ok(all)
}

fn run_register(
    bench: &Bench<'_>,
    firmware: &Firmware,
    program: &Program,
    mutant: &RegisterMutant,
    timeout: Duration,
) -> Result<Tally> {
    let job = Job {
        name: &mutant.name,
        commands: CHECKER,
        icount: None,
        timeout,
    };
    let bytes = program.with(mutant)?;
    let (outcome, elapsed) = bench.run_bytes(job, firmware, &bytes)?;
    Ok(conclude(
        bench,
        &mutant.name,
        &mutant.expect,
        &outcome,
        elapsed,
    ))
}

/// Prints the row of a mutant, and counts it.
fn conclude(
    bench: &Bench<'_>,
    name: &str,
    expect: &Expect,
    outcome: &Outcome,
    elapsed: Duration,
) -> Tally {
    let verdict = judge(expect, outcome);
    let has_survived = verdict == Verdict::Survived;
    if bench.shows_all || has_survived {
        println!("{}", tally::row(name, &verdict, elapsed, outcome));
    }
    if has_survived {
        println!("  what it printed: {}", bench.console(name).display());
    }
    Tally::of(name, verdict)
}

/// The order mutants, one after the other.
fn run_orders(
    workspace: &Workspace,
    toolchain: &Toolchain,
    selection: &Selection,
) -> Result<Tally> {
    let mut tally = Tally::default();
    for mutant in selection.of(orders::all().collect(), |mutant| mutant.name) {
        tally += run_order(workspace, toolchain, mutant)?;
    }
    Ok(tally)
}

fn run_order(workspace: &Workspace, toolchain: &Toolchain, mutant: &OrderMutant) -> Result<Tally> {
    let bench = Bench {
        workspace,
        toolchain,
        board: Board::Virt,
        cores: mutant.cores,
        shows_all: true,
    };
    let (board, profile) = (bench.board, mutant.profile);
    let correct = if mutant.delay.is_empty() {
        build::firmware(workspace, toolchain, board, profile)?
    } else {
        sources::build_with(workspace, toolchain, board, profile, mutant.delay)?
    };
    let name = format!("{}.control", mutant.name);
    let icount = mutant.is_counted.then_some(COUNTED_SHIFT);
    let Some(timeout) = bench.control(&name, mutant.commands, icount, &correct)? else {
        return Ok(Tally::of(&name, Verdict::Survived));
    };
    let job = Job {
        name: mutant.name,
        commands: mutant.commands,
        icount,
        timeout,
    };
    let edits: Vec<Edit> = mutant.delay.iter().chain(mutant.mistake).copied().collect();
    let wrong = sources::build_with(workspace, toolchain, board, profile, &edits)?;
    let (outcome, elapsed) = bench.run(job, &wrong)?;
    Ok(conclude(
        &bench,
        mutant.name,
        &Expect::AnyRed,
        &outcome,
        elapsed,
    ))
}
