//! Builds the project's own stand-in for the Pi's firmware stub and writes the addresses into it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::image::Image;
use crate::step;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// Where the stub keeps the address of the device tree, and of the kernel (both 32 bits wide).
const TREE_SLOT: usize = 0xf8;
const KERNEL_SLOT: usize = 0xfc;

/// Compiles `tools/stub` for a kernel at `kernel` and a tree at `tree`; returns the flat bytes.
pub(crate) fn build(
    workspace: &Workspace,
    toolchain: &Toolchain,
    kernel: u64,
    tree: u64,
) -> Result<Vec<u8>> {
    let elf = compile(workspace, toolchain)?;
    let bytes = fs::read(&elf).with_context(|| format!("reading {}", elf.display()))?;
    let image = Image::from_elf(&bytes).context("flattening the stub")?;
    patched(image.bytes(), kernel, tree)
}

fn compile(workspace: &Workspace, toolchain: &Toolchain) -> Result<PathBuf> {
    let source = workspace.root().join("tools").join("stub");
    let output = workspace.target().join("pivot").join("stub.elf");
    if is_newer(&output, &source) {
        return Ok(output);
    }
    fs::create_dir_all(workspace.target().join("pivot"))?;
    let mut command = toolchain.command("rustc")?;
    command
        .args([
            "--edition",
            "2024",
            "--crate-name",
            "stub",
            "--crate-type",
            "bin",
        ])
        .args([
            "--target",
            TARGET,
            "-Cpanic=abort",
            "-Crelocation-model=static",
        ])
        .arg(format!("-Clink-arg=-T{}", source.join("stub.ld").display()))
        .arg("-o")
        .arg(&output)
        .arg(source.join("stub.rs"));
    step::output("compiling the firmware stub", &mut command)?;
    Ok(output)
}

/// Whether `output` was made after the last change of every file in `source`.
fn is_newer(output: &Path, source: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    let Some(made) = modified(output) else {
        return false;
    };
    let mut files = source.read_dir().into_iter().flatten().flatten();
    files.all(|file| modified(&file.path()).is_some_and(|changed| changed < made))
}

fn patched(stub: &[u8], kernel: u64, tree: u64) -> Result<Vec<u8>> {
    let mut bytes = stub.to_vec();
    for (slot, address) in [(TREE_SLOT, tree), (KERNEL_SLOT, kernel)] {
        let word = u32::try_from(address).context("the stub knows 32-bit addresses only")?;
        let place = bytes
            .get_mut(slot..slot + 4)
            .context("the stub is too short")?;
        place.copy_from_slice(&word.to_le_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_go_to_the_words_that_the_firmware_uses() {
        let bytes = patched(&[0xaa; 0x110], 0x8_0000, 0x2eff_0000).unwrap();
        assert_eq!(bytes[0xf7], 0xaa);
        assert_eq!(bytes[0xf8..0x100], [0, 0, 0xff, 0x2e, 0, 0, 8, 0]);
        assert_eq!(bytes[0x100], 0xaa);
    }

    #[test]
    fn a_stub_that_is_too_short_and_a_far_address_are_refused() {
        assert!(patched(&[0; 0xff], 0x8_0000, 0).is_err());
        assert!(patched(&[0; 0x100], 1 << 32, 0).is_err());
    }
}
