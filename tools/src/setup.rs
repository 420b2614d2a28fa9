//! Finds or installs what the tool needs, and says what it does: one line per step.

pub(crate) mod versions;

mod apt;
mod choice;
mod emulator;
mod rust_target;
mod sources;
mod suites;
mod sysroot;
mod u_boot;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::board::Board;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// Makes sure that images can be built, and returns the toolchain that builds them.
///
/// # Errors
///
/// When no library for the target is there and none can be made; the message names the command that
/// would mend it, and nothing is left half installed.
pub(crate) fn toolchain(workspace: &Workspace) -> Result<Toolchain> {
    let (toolchain, is_new) = rust_target::ensure(workspace)?;
    let built = workspace.target().join(TARGET);
    if is_new && built.is_dir() {
        // Cargo does not notice that `core` is another one; the compiler does, and refuses.
        eprintln!(
            "setup: removing {}, built with another library",
            built.display()
        );
        fs::remove_dir_all(&built).with_context(|| format!("removing {}", built.display()))?;
    }
    Ok(toolchain)
}

/// Makes sure that an emulator that knows `raspi4b` is there.
///
/// # Errors
///
/// When there is none and none can be installed.
pub(crate) fn emulator() -> Result<()> {
    emulator::ensure()
}

/// Makes sure that the boot loader of a board is there, and returns its file.
///
/// # Errors
///
/// [`Skipped`](crate::failure::Skipped) if its package is out of reach.
pub(crate) fn u_boot(workspace: &Workspace, board: Board) -> Result<PathBuf> {
    u_boot::ensure_there(workspace, board)
}

/// The `setup` command: both, with what was found.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let toolchain = toolchain(workspace)?;
    emulator()?;
    println!(
        "Rust {} at {}",
        toolchain.version(),
        toolchain.sysroot().display()
    );
    println!("QEMU {}", emulator::describe()?);
    Ok(())
}
