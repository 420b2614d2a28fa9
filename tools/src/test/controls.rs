//! What of the test run judges many runs of the emulator together: the negative controls, mistakes that the tests
//! themselves have to find (`cargo xtask mutants`), and the interrupts at every instruction (`cargo xtask fuzz`).
//! And what needs no emulator at all: cards.

use std::time::Instant;

use anyhow::Result;

use super::cards::Row;
use super::{Count, is_named};
use crate::board::Board;
use crate::build;
use crate::cli::{OptLevel, TestOptions};
use crate::failure::{Failure, Skipped, render};
use crate::fuzz::{self, Effort};
use crate::mutants::{self, Tally};
use crate::paths;
use crate::preflight;
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
    /// Every instruction interrupted that a trace shows interruptible.
    Fuzz,
    /// The items before a card is flashed.
    Preflight,
    /// The same on images with one defect each.
    Defects,
    /// A hot path, instruction by instruction, against its benchmark's figure.
    Path,
    /// The image of a card, and `./flash.sh`.
    Card(Row),
}

/// Every control.
const ALL: [Control; 16] = [
    Control::Registers,
    Control::Sample(OptLevel::None),
    Control::Sample(OptLevel::Some),
    Control::Sample(OptLevel::Much),
    Control::Sample(OptLevel::Size),
    Control::Orders,
    Control::Fuzz,
    Control::Preflight,
    Control::Defects,
    Control::Path,
    Control::Card(Row::Image),
    Control::Card(Row::Fsck),
    Control::Card(Row::Refusals),
    Control::Card(Row::Changed),
    Control::Card(Row::File),
    Control::Card(Row::Loop),
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
            Self::Fuzz => "fuzz.every-instruction".to_owned(),
            Self::Preflight => "preflight.items".to_owned(),
            Self::Defects => "preflight.defects".to_owned(),
            Self::Path => "paths.yield".to_owned(),
            Self::Card(row) => row.name().to_owned(),
        }
    }

    fn is_run(self, options: &TestOptions) -> bool {
        match self {
            Self::Registers | Self::Fuzz | Self::Preflight | Self::Card(_) => !options.quick,
            Self::Sample(_) | Self::Orders | Self::Defects | Self::Path => options.full,
        }
    }

    /// What it came to, in words.
    fn summary(
        self,
        workspace: &Workspace,
        toolchain: &Toolchain,
        options: &TestOptions,
    ) -> Result<String> {
        let (profile, sample) = match self {
            Self::Registers => (options.build.profile(), None),
            Self::Sample(level) => (level.profile(), Some(SAMPLE)),
            Self::Card(row) => return row.run(workspace),
            Self::Orders => return killed(&mutants::all_orders(workspace, toolchain)?),
            Self::Fuzz => {
                let profile = options.build.profile();
                let firmware = build::firmware(workspace, toolchain, Board::Virt, profile)?;
                let effort = if options.full {
                    Effort::FULL
                } else {
                    Effort::SHORT
                };
                return fuzz::test(workspace, toolchain, &firmware, effort);
            }
            Self::Path => {
                let firmware = build::firmware(workspace, toolchain, Board::Virt, "release")?;
                return paths::test(workspace, toolchain, &firmware);
            }
            Self::Preflight | Self::Defects => {
                // What is flashed, whatever else is tested.
                let firmware = build::firmware(workspace, toolchain, Board::Rpi4, "release")?;
                return if matches!(self, Self::Preflight) {
                    preflight::test(workspace, toolchain, &firmware)
                } else {
                    preflight::test_defects(workspace, toolchain, &firmware)
                };
            }
        };
        let firmware = build::firmware(workspace, toolchain, Board::Virt, profile)?;
        let jobs = usize::from(options.jobs);
        killed(&mutants::registers_on_one_core(
            workspace, toolchain, &firmware, sample, jobs,
        )?)
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
    let result = control.summary(workspace, toolchain, options);
    let (verdict, summary) = match &result {
        Ok(summary) => ("ok", summary.clone()),
        Err(error) if error.is::<Skipped>() => ("skipped", error.to_string()),
        Err(error) => ("FAILED", render(error)),
    };
    println!(
        "test {name} ... {verdict} ({summary}; {:.1} s)",
        started.elapsed().as_secs_f64()
    );
    Count {
        passed: usize::from(verdict == "ok"),
        failed: usize::from(verdict == "FAILED"),
    }
}

/// The summary, an error if a mutant survived.
fn killed(tally: &Tally) -> Result<String> {
    let summary = tally.summary();
    if tally.survivors().is_empty() {
        Ok(summary)
    } else {
        Err(Failure::verdict(summary).into())
    }
}
