//! The negative controls of the test run: mistakes that the tests themselves have to find (`cargo xtask mutants`).

use std::time::Instant;

use anyhow::Result;

use super::{Count, is_named};
use crate::board::Board;
use crate::build;
use crate::cli::{OptLevel, TestOptions};
use crate::failure::render;
use crate::mutants::{self, Tally};
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// A control of the test run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Control {
    /// All register mutants of the image for `virt`, on one core.
    Registers,
    /// Some of them, on an image of another optimisation level.
    Sample(OptLevel),
    /// All order mutants.
    Orders,
}

/// Every control.
const ALL: [Control; 6] = [
    Control::Registers,
    Control::Sample(OptLevel::None),
    Control::Sample(OptLevel::Some),
    Control::Sample(OptLevel::Much),
    Control::Sample(OptLevel::Size),
    Control::Orders,
];

/// How many register mutants are enough at the other levels: the instructions that they replace are the same there,
/// only the compiled code around them is not.
const SAMPLE: usize = 24;

impl Control {
    /// Its name among the cases.
    pub(super) fn name(self) -> String {
        match self {
            Self::Registers => "mutants.registers".to_owned(),
            Self::Sample(level) => format!("mutants.registers-{}", level.profile()),
            Self::Orders => "mutants.orders".to_owned(),
        }
    }

    fn is_run(self, options: &TestOptions) -> bool {
        match self {
            Self::Registers => !options.quick,
            Self::Sample(_) | Self::Orders => options.full,
        }
    }

    fn tally(
        self,
        workspace: &Workspace,
        toolchain: &Toolchain,
        options: &TestOptions,
    ) -> Result<Tally> {
        let (profile, sample) = match self {
            Self::Registers => (options.build.profile(), None),
            Self::Sample(level) => (level.profile(), Some(SAMPLE)),
            Self::Orders => return mutants::all_orders(workspace, toolchain),
        };
        let firmware = build::firmware(workspace, toolchain, Board::Virt, profile)?;
        let jobs = usize::from(options.jobs);
        mutants::registers_on_one_core(workspace, toolchain, &firmware, sample, jobs)
    }
}

/// Which of them are asked for.
pub(super) fn select(options: &TestOptions) -> Vec<Control> {
    ALL.into_iter()
        .filter(|control| control.is_run(options) && is_named(&control.name(), &options.names))
        .collect()
}

/// One test: it has passed if every mutant was found.
pub(super) fn run(
    control: Control,
    workspace: &Workspace,
    toolchain: &Toolchain,
    options: &TestOptions,
) -> Count {
    let started = Instant::now();
    let name = control.name();
    let result = control.tally(workspace, toolchain, options);
    let summary = result.as_ref().map_or_else(render, Tally::summary);
    let passed = result.is_ok_and(|tally| tally.survivors().is_empty());
    let verdict = if passed { "ok" } else { "FAILED" };
    println!(
        "test {name} ... {verdict} ({summary}; {:.1} s)",
        started.elapsed().as_secs_f64()
    );
    Count {
        passed: usize::from(passed),
        failed: usize::from(!passed),
    }
}
