//! Finds or installs what the tool needs, and says what it does: one line per step.

pub(crate) mod versions;

mod apt;
mod emulator;
mod rust_target;
mod sources;
mod sysroot;

use anyhow::Result;

use crate::toolchain::Toolchain;

/// Makes sure that images can be built, and returns the toolchain that builds them.
///
/// # Errors
///
/// When no library for the target is there and none can be made; the message names the command that
/// would mend it, and nothing is left half installed.
pub(crate) fn toolchain() -> Result<Toolchain> {
    rust_target::ensure()
}

/// Makes sure that an emulator that knows `raspi4b` is there.
///
/// # Errors
///
/// When there is none and none can be installed.
pub(crate) fn emulator() -> Result<()> {
    emulator::ensure()
}

/// The `setup` command: both, with what was found.
pub(crate) fn run() -> Result<()> {
    let toolchain = toolchain()?;
    emulator()?;
    println!(
        "Rust {} at {}",
        toolchain.version(),
        toolchain.sysroot().display()
    );
    println!("QEMU {}", emulator::describe()?);
    Ok(())
}
