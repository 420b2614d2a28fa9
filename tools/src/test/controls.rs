//! The negative controls of the test run: mistakes that the tests themselves have to find (`cargo xtask mutants`).

use std::time::Instant;

use super::{Count, is_named};
use crate::board::Board;
use crate::build;
use crate::cli::TestOptions;
use crate::failure::render;
use crate::mutants::{self, Tally};
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// All register mutants of the image for `virt`, on one core.
const REGISTER_MUTANTS: &str = "mutants.registers";
/// All order mutants.
const ORDER_MUTANTS: &str = "mutants.orders";

/// Which of them are asked for.
pub(super) fn select(options: &TestOptions) -> Vec<&'static str> {
    [
        (REGISTER_MUTANTS, !options.quick),
        (ORDER_MUTANTS, options.full),
    ]
    .into_iter()
    .filter(|&(name, is_asked_for)| is_asked_for && is_named(name, &options.names))
    .map(|(name, _)| name)
    .collect()
}

/// One test: it has passed if every mutant was found.
pub(super) fn run(
    name: &str,
    workspace: &Workspace,
    toolchain: &Toolchain,
    options: &TestOptions,
) -> Count {
    let started = Instant::now();
    let result = if name == REGISTER_MUTANTS {
        build::firmware(workspace, toolchain, Board::Virt, options.build.profile()).and_then(
            |firmware| {
                let jobs = usize::from(options.jobs);
                mutants::registers_on_one_core(workspace, toolchain, &firmware, jobs)
            },
        )
    } else {
        mutants::all_orders(workspace, toolchain)
    };
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
