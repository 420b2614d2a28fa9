//! `cargo xtask inspect`: rules over the finished image, instruction by instruction.
//!
//! What a test on an emulator cannot show, because the emulator forgives it, and what no test reaches, because it
//! depends on what the compiler made of the source. The rules read the ELF file: symbols say where functions are, a
//! decoder says what they do, debug information says where they come from.

mod before_mmu;
pub(crate) mod code;
mod dataflow;
mod effect;
mod exception_stack;
mod fpcr;
mod graph;
mod insn;
mod isa;
mod one_switch;
mod per_core;
mod program;
mod results;
mod rules;
#[cfg(test)]
mod snippet;
pub(crate) mod source;
mod stack_bound;
mod state;
mod value;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::board::Board;
use crate::build;
use crate::cli::BuildOptions;
use crate::failure::CODE_FAILED;
use crate::inspect::rules::{Answer, Image};
use crate::setup;
use crate::test::Count;
use crate::workspace::Workspace;

/// A rule.
type Check = fn(&Image<'_>) -> Answer;

/// Every rule, by name.
const RULES: [(&str, Check); 6] = [
    ("per-core", per_core::check),
    ("before-mmu", before_mmu::check),
    ("fpcr", fpcr::check),
    ("isa", isa::check),
    ("one-switch", one_switch::check),
    ("stack-bound", stack_bound::check),
];

/// Builds and inspects the images; returns the exit code.
pub(crate) fn run(
    workspace: &Workspace,
    only: Option<Board>,
    options: &BuildOptions,
) -> Result<u8> {
    let toolchain = setup::toolchain(workspace)?;
    let mut failed = 0;
    for board in Board::ALL
        .into_iter()
        .filter(|&board| only.is_none_or(|one| one == board))
    {
        let firmware = build::firmware(workspace, &toolchain, board, options.profile())?;
        failed += inspect(
            &format!("{}-{}", board.name(), options.profile()),
            &firmware.elf,
        )?
        .failed;
    }
    Ok(if failed == 0 { 0 } else { CODE_FAILED })
}

/// Inspects one image, prints a line for each rule, and counts.
pub(crate) fn inspect(name: &str, elf: &Path) -> Result<Count> {
    let bytes = fs::read(elf).with_context(|| format!("reading {}", elf.display()))?;
    let image =
        Image::from_elf(&bytes).with_context(|| format!("taking {} apart", elf.display()))?;
    let mut count = Count::default();
    for (rule, check) in RULES {
        let answer = check(&image);
        let is_kept = answer.findings.is_empty();
        let verdict = if is_kept { "ok" } else { "FAILED" };
        println!("inspect {name}.{rule} ... {verdict} ({})", answer.looked_at);
        for finding in &answer.findings {
            println!("    {}", image.describe(finding));
        }
        count += Count {
            passed: usize::from(is_kept),
            failed: usize::from(!is_kept),
        };
    }
    Ok(count)
}
