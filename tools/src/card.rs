//! `cargo xtask image`: makes the image of a card that a Raspberry Pi 4 boots from (`boards/rpi4/README.md`).
//!
//! The same files give the same bytes: no clock, no chance, no order of a directory gets into an image.

mod contents;
mod partition;
mod vendor;
mod volume;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::board::Board;
use crate::build;
use crate::cli::{BuildOptions, ImageOptions};
use crate::setup;
use crate::workspace::Workspace;
pub(crate) use contents::CardFile;
pub(crate) use vendor::Source;

/// Size of an image: more than the 64 MiB that the partition has to have, and a power of two, because QEMU takes no
/// other card.
pub(crate) const MIB: u32 = 128;

/// The smallest that an image can be: the table, and a partition of 64 MiB. Below that, FAT32 has too few clusters for
/// some readers.
pub(crate) const SMALLEST_MIB: u32 = 65;

/// Runs `cargo xtask image`; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &ImageOptions) -> Result<u8> {
    let source = if options.without_firmware {
        Source::Without
    } else {
        Source::of(&options.vendor.firmware)
    };
    let example = options.example.as_deref();
    let out = options.out.clone().unwrap_or_else(|| match example {
        Some(name) => workspace
            .example_dir(Board::Rpi4, "release", name)
            .join("sd.img"),
        None => default(workspace),
    });
    build(workspace, &options.build, example, &source, &out)?;
    println!("{}", out.display());
    Ok(0)
}

/// Where the image goes if nobody says otherwise.
pub(crate) fn default(workspace: &Workspace) -> PathBuf {
    workspace.image_dir(Board::Rpi4, "release").join("sd.img")
}

/// Builds the firmware, or an example, and the image of a card with it, and says on standard error what is on it.
pub(crate) fn build(
    workspace: &Workspace,
    options: &BuildOptions,
    example: Option<&str>,
    source: &Source,
    out: &Path,
) -> Result<()> {
    // What may be missing is looked for before the minute that a build takes.
    let vendor = source.files()?;
    let toolchain = setup::toolchain(workspace)?;
    let firmware = build::program(
        workspace,
        &toolchain,
        Board::Rpi4,
        options.profile(),
        example,
    )?;
    let files = contents::all(workspace, &firmware.image, vendor)?;
    let image = image(&files, MIB)?;
    if let Some(directory) = out.parent() {
        fs::create_dir_all(directory)
            .with_context(|| format!("creating {}", directory.display()))?;
    }
    fs::write(out, &image).with_context(|| format!("writing {}", out.display()))?;
    describe(out, &image, &files, source);
    Ok(())
}

/// The image of a card that has the image at `kernel` and none of the board's own firmware: for U-Boot in the emulator.
pub(crate) fn without_firmware(workspace: &Workspace, kernel: &Path) -> Result<Vec<u8>> {
    image(&contents::all(workspace, kernel, Vec::new())?, MIB)
}

/// The image of a card with these files on it.
///
/// # Errors
///
/// When they do not fit.
pub(crate) fn image(files: &[CardFile], mib: u32) -> Result<Vec<u8>> {
    let mut files: Vec<&CardFile> = files.iter().collect();
    files.sort_by_key(|file| &file.name);
    let id = identity(&files);
    let size = usize::try_from(mib)? << 20;
    let volume = volume::make(&files, size - partition::START, id)
        .with_context(|| format!("putting the files on a card of {mib} MiB"))?;
    let mut image = vec![0; size];
    image[..partition::SECTOR].copy_from_slice(&partition::table(volume.len(), id));
    image[partition::START..].copy_from_slice(&volume);
    Ok(image)
}

/// The files on a card, by name.
///
/// # Errors
///
/// When it is not a card as [`image`] makes it.
pub(crate) fn read(image: &[u8]) -> Result<Vec<CardFile>> {
    volume::read(partition::find(image)?)
}

/// A number for the partition table and for the volume that two different cards do not share.
fn identity(files: &[&CardFile]) -> u32 {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.name.as_bytes());
        hash.update((file.bytes.len() as u64).to_le_bytes());
        hash.update(&file.bytes);
    }
    let hash = hash.finalize();
    u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]])
}

/// The SHA-256 sum as other programs print it.
pub(crate) fn checksum(bytes: &[u8]) -> String {
    let sum = Sha256::digest(bytes);
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn describe(out: &Path, image: &[u8], files: &[CardFile], source: &Source) {
    for file in files {
        eprintln!("{:>9}  {}", file.bytes.len(), file.name);
    }
    let sum = checksum(image);
    eprintln!("{}: {} bytes, sha256 {sum}", out.display(), image.len());
    let notes = match source {
        Source::Without => vec![NO_FIRMWARE.to_owned()],
        Source::Places(_) => vendor::notes(files),
    };
    for note in notes {
        eprintln!("note: {note}");
    }
}

/// What a card for an emulator is not.
const NO_FIRMWARE: &str = "no board boots from this card: the Raspberry Pi's firmware is not on it";

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<CardFile> {
        let file = |name: &str, bytes: Vec<u8>| CardFile {
            name: name.to_owned(),
            bytes,
        };
        vec![
            file("kernel8.img", (0..700_001u32).map(|n| n as u8).collect()),
            file("bcm2711-rpi-4-b.dtb", vec![7; 512]),
            file("overlays/disable-bt.dtbo", vec![1, 2, 3]),
            file("config.txt", b"arm_64bit=1\n".to_vec()),
        ]
    }

    #[test]
    fn what_is_read_back_is_what_was_put_on_in_the_order_of_names() {
        let image = image(&files(), MIB).unwrap();
        assert_eq!(image.len(), 128 << 20);
        let mut expected = files();
        expected.sort_by(|a, b| a.name.cmp(&b.name));
        assert!(read(&image).unwrap() == expected);
    }

    #[test]
    fn the_same_files_in_any_order_give_the_same_bytes_and_others_another_identity() {
        let first = image(&files(), SMALLEST_MIB).unwrap();
        let mut others = files();
        others.reverse();
        assert!(first == image(&others, SMALLEST_MIB).unwrap());
        others[0].bytes[0] ^= 1;
        let other = image(&others, SMALLEST_MIB).unwrap();
        assert_ne!(first[0x1b8..0x1bc], other[0x1b8..0x1bc]);
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_no_half_filled_card() {
        let mut files = files();
        files[0].bytes = vec![1; 64 << 20];
        let error = format!("{:#}", image(&files, SMALLEST_MIB).unwrap_err());
        assert!(error.contains("65 MiB"), "{error}");
        assert!(error.contains("kernel8.img"), "{error}");
    }
}
