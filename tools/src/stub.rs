//! Builds the project's own stand-in for the Pi's firmware stub and writes the addresses into it.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::image::Image;
use crate::step;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// Where the stub keeps the address of the device tree, and of the kernel (both 32 bits wide).
const TREE_SLOT: usize = 0xf8;
const KERNEL_SLOT: usize = 0xfc;

/// Where it is told what else to leave: bits, then ranges of memory to be filled, an empty one last.
const LEFT_SLOT: usize = 0x400;
const LEFT_PENDING: u32 = 1 << 1;
const LEFT_MMU: u32 = 1 << 2;
const LEFT_RUBBISH: u32 = 1;
const RANGES: usize = 6;

/// What the stub is to hand over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handover {
    /// Where it goes.
    pub(crate) kernel: u64,
    /// What it passes in x0.
    pub(crate) x0: u64,
    /// What it fills with rubbish first.
    pub(crate) rubbish: Vec<Range<u64>>,
    /// Whether it leaves interrupts pending, and one acknowledged.
    pub(crate) pending: bool,
    /// Whether it leaves the MMU and the caches on.
    pub(crate) mmu: bool,
}

/// Compiles `tools/stub` for what is to be handed over; returns the flat bytes.
pub(crate) fn build(
    workspace: &Workspace,
    toolchain: &Toolchain,
    handover: &Handover,
) -> Result<Vec<u8>> {
    let elf = compile(workspace, toolchain)?;
    let bytes = fs::read(&elf).with_context(|| format!("reading {}", elf.display()))?;
    let image = Image::from_elf(&bytes).context("flattening the stub")?;
    patched(image.bytes(), handover)
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

fn patched(stub: &[u8], handover: &Handover) -> Result<Vec<u8>> {
    ensure!(
        handover.rubbish.len() <= RANGES,
        "the stub fills at most {RANGES} ranges"
    );
    let bit = |is_set, bit| if is_set { bit } else { 0 };
    let left = bit(!handover.rubbish.is_empty(), LEFT_RUBBISH)
        | bit(handover.pending, LEFT_PENDING)
        | bit(handover.mmu, LEFT_MMU);
    let mut words = vec![
        (TREE_SLOT, handover.x0),
        (KERNEL_SLOT, handover.kernel),
        (LEFT_SLOT, left.into()),
    ];
    for (range, slot) in handover.rubbish.iter().zip((LEFT_SLOT + 4..).step_by(8)) {
        words.extend([(slot, range.start), (slot + 4, range.end)]);
    }
    let mut bytes = stub.to_vec();
    for (slot, value) in words {
        let word = u32::try_from(value).context("the stub knows 32-bit addresses only")?;
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

    const LENGTH: usize = LEFT_SLOT + 4 + 8 * RANGES + 8;

    fn handover(kernel: u64, x0: u64) -> Handover {
        Handover {
            kernel,
            x0,
            ..Handover::default()
        }
    }

    #[test]
    fn the_addresses_go_to_the_words_that_the_firmware_uses() {
        let bytes = patched(&[0xaa; LENGTH], &handover(0x8_0000, 0x2eff_0000)).unwrap();
        assert_eq!(bytes[0xf7], 0xaa);
        assert_eq!(bytes[0xf8..0x100], [0, 0, 0xff, 0x2e, 0, 0, 8, 0]);
        assert_eq!(bytes[0x100], 0xaa);
        assert_eq!(bytes[0x400..0x405], [0, 0, 0, 0, 0xaa]);
    }

    #[test]
    fn what_else_is_left_goes_behind_the_code() {
        let left = Handover {
            rubbish: vec![0x1000..0x2000, 0x3000..0x4000],
            pending: true,
            mmu: true,
            ..handover(0x8_0000, 0)
        };
        let bytes = patched(&[0; LENGTH], &left).unwrap();
        assert_eq!(bytes[0x400], 7);
        assert_eq!(
            bytes[0x404..0x418],
            [
                0, 0x10, 0, 0, 0, 0x20, 0, 0, 0, 0x30, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0
            ]
        );
        let too_much = Handover {
            rubbish: vec![0..16; RANGES + 1],
            ..left
        };
        assert!(patched(&[0; LENGTH], &too_much).is_err());
    }

    #[test]
    fn a_stub_that_is_too_short_and_a_far_address_are_refused() {
        assert!(patched(&[0; 0xff], &handover(0x8_0000, 0)).is_err());
        assert!(patched(&[0; LENGTH], &handover(1 << 32, 0)).is_err());
    }
}
