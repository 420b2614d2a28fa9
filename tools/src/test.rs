//! `cargo xtask test`: host tests, both images, and the matrix of machines and scenarios.

mod cards;
mod controls;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::AddAssign;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::build::{self, Firmware};
use crate::cli::TestOptions;
use crate::failure::{CODE_FAILED, Failure, Skipped, render};
use crate::host_tests;
use crate::inspect;
use crate::machines::{self, Machine};
use crate::progress::Progress;
use crate::scenarios::{self, Extent, Scenario};
use crate::session::Rig;
use crate::setup;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// How many tests passed and how many did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Passed.
    pub(crate) passed: usize,
    /// Failed.
    pub(crate) failed: usize,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// A scenario on a machine.
#[derive(Debug)]
struct Case<'a> {
    machine: &'a Machine,
    scenario: &'static Scenario,
}

impl Case<'_> {
    fn name(&self) -> String {
        format!("{}.{}", self.machine.name, self.scenario.name)
    }

    /// The image that it needs.
    fn image(&self, options: &TestOptions) -> ImageKey {
        let profile = self.machine.role.profile(options.build.profile());
        let board = self.machine.board.name();
        (board, profile.to_owned(), self.scenario.example)
    }
}

/// Board, profile, and the example that it is in place of the shell.
type ImageKey = (&'static str, String, Option<&'static str>);

type Images = HashMap<ImageKey, Firmware>;

/// An image in words.
fn name_of((board, profile, example): &ImageKey) -> String {
    match example {
        Some(example) => format!("{board}-{profile}-{example}"),
        None => format!("{board}-{profile}"),
    }
}

/// Runs the tests; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &TestOptions) -> Result<u8> {
    let machines = machines::all();
    let cases = select(&machines, options);
    let controls = controls::select(options);
    if options.list {
        cases.iter().for_each(|case| println!("{}", case.name()));
        controls
            .iter()
            .for_each(|control| println!("{}", control.name()));
        return Ok(0);
    }
    if cases.is_empty() && controls.is_empty() {
        return Err(
            Failure::environment(format!("no case has {:?} in its name", options.names))
                .help("cargo xtask test --list --full")
                .into(),
        );
    }
    let started = Instant::now();
    let toolchain = setup::toolchain(workspace)?;
    setup::emulator()?;
    let mut count = Count::default();
    if options.names.is_empty() {
        let host = timed("host tests", || host_tests::run(workspace, &toolchain))?;
        println!("host tests: {} passed, {} failed", host.passed, host.failed);
        count += host;
        let models = timed("models", || host_tests::models(workspace, &toolchain))?;
        println!("models: {} passed, {} failed", models.passed, models.failed);
        count += models;
    }
    let firmware = build_images(workspace, &toolchain, &cases, options)?;
    if options.names.is_empty() {
        count += timed("inspection", || inspect_images(&firmware))?;
    }
    let target = timed("machines", || {
        let progress = Progress::new(cases.len());
        Ok(run_cases(
            &cases,
            usize::from(options.jobs),
            &progress,
            |case| one(case, workspace, &toolchain, &firmware, options),
        ))
    })?;
    count += target;
    for control in controls {
        count += controls::run(control, workspace, &toolchain, options);
    }
    println!("total {:.1} s", started.elapsed().as_secs_f64());
    println!("{} passed, {} failed", count.passed, count.failed);
    Ok(if count.failed == 0 { 0 } else { CODE_FAILED })
}

fn select<'a>(machines: &'a [Machine], options: &TestOptions) -> Vec<Case<'a>> {
    let extent = match (options.quick, options.full) {
        (true, _) => Extent::Quick,
        (false, true) => Extent::Full,
        (false, false) => Extent::Usual,
    };
    machines
        .iter()
        .flat_map(|machine| {
            scenarios::ALL
                .iter()
                .map(move |scenario| Case { machine, scenario })
        })
        .filter(|case| case.scenario.is_run_on(case.machine, extent))
        .filter(|case| is_named(&case.name(), &options.names))
        .collect()
}

/// Whether a case is meant by one of the names; by no names, all are.
fn is_named(case: &str, names: &[String]) -> bool {
    names.is_empty() || names.iter().any(|name| case.contains(name.as_str()))
}

fn build_images(
    workspace: &Workspace,
    toolchain: &Toolchain,
    cases: &[Case<'_>],
    options: &TestOptions,
) -> Result<Images> {
    let mut firmware = HashMap::new();
    for case in cases {
        let key = case.image(options);
        if let Entry::Vacant(place) = firmware.entry(key) {
            let (name, board) = (name_of(place.key()), case.machine.board);
            let (_, profile, example) = place.key().clone();
            let build = || build::program(workspace, toolchain, board, &profile, example);
            place.insert(timed(&format!("image {name}"), build)?);
        }
    }
    Ok(firmware)
}

/// Holds every image that was built against the rules.
fn inspect_images(firmware: &Images) -> Result<Count> {
    let mut count = Count::default();
    let mut images: Vec<_> = firmware.iter().collect();
    images.sort_by_key(|(name, _)| *name);
    for (key, firmware) in images {
        count += inspect::inspect(&name_of(key), &firmware.elf)?;
    }
    Ok(count)
}

fn one(
    case: &Case<'_>,
    workspace: &Workspace,
    toolchain: &Toolchain,
    firmware: &Images,
    options: &TestOptions,
) -> Result<()> {
    let rig = Rig {
        machine: case.machine,
        is_full: options.full,
        workspace,
        toolchain,
        firmware: firmware
            .get(&case.image(options))
            .ok_or_else(|| anyhow!("there is no image for {}", case.machine.board.name()))?,
        directory: workspace.run_dir(&case.name()),
    };
    case.scenario.run(&rig)
}

/// Runs the cases, `jobs` at a time, and prints a line for each as it ends and the failures at the end.
fn run_cases<'a>(
    cases: &[Case<'a>],
    jobs: usize,
    progress: &Progress,
    run: impl Fn(&Case<'a>) -> Result<()> + Sync,
) -> Count {
    let next = AtomicUsize::new(0);
    let skipped = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let started = Instant::now();
                    progress.say(case.name());
                    let result = run(case);
                    progress.print(&line(case, started.elapsed(), &result));
                    progress.step();
                    let Err(error) = result else { continue };
                    if error.is::<Skipped>() {
                        skipped.fetch_add(1, Ordering::Relaxed);
                    } else if let Ok(mut failures) = failures.lock() {
                        failures.push(format!("---- {} ----\n{}", case.name(), render(&error)));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_default();
    failures
        .iter()
        .for_each(|failure| progress.note(&format!("\n{failure}")));
    Count {
        passed: cases.len() - failures.len() - skipped.into_inner(),
        failed: failures.len(),
    }
}

fn line(case: &Case<'_>, elapsed: Duration, result: &Result<()>) -> String {
    let verdict = match result {
        Ok(()) => "ok".to_owned(),
        Err(error) if error.is::<Skipped>() => format!("skipped: {error}"),
        Err(_) => "FAILED".to_owned(),
    };
    format!(
        "test {} ... {verdict} ({:.1} s)",
        case.name(),
        elapsed.as_secs_f64()
    )
}

fn timed<T>(what: &str, action: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let result = action()?;
    println!("{what}: {:.1} s", started.elapsed().as_secs_f64());
    Ok(result)
}

#[cfg(test)]
mod tests;
