//! Finds the Raspberry Pi's own firmware, which has a licence of its own and is not in this repository.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::contents::CardFile;
use crate::failure::Failure;

/// The second stage, and what adapts it to the size of the memory: a pair of one release.
const PAIR: [&str; 2] = ["start4.elf", "fixup4.dat"];

/// The board's device tree. The firmware also tells from it that there is a GIC.
const TREE: &str = "bcm2711-rpi-4-b.dtb";

/// Moves the firmware's own lines to UART0. Nobody needs it: the image takes the pins by itself. Taken only from where
/// the pair is, whose release it belongs to.
pub(super) const OVERLAY: &str = "overlays/disable-bt.dtbo";

/// The terms under which the pair may be passed on, and where they lie seen from it: beside it, or where Debian's
/// package has them.
pub(super) const LICENCE: &str = "LICENCE.broadcom";
const LICENCES: [&str; 2] = [LICENCE, "../../share/doc/raspi-firmware/copyright"];

/// What is worth knowing about files that are not needed and that a card with firmware does not have.
pub(super) fn notes(files: &[CardFile]) -> Vec<String> {
    let lacks = |name: &str| !files.iter().any(|file| file.name == name);
    let mut notes = Vec::new();
    if lacks(LICENCE) {
        notes.push(format!(
            "{LICENCE} did not lie beside the firmware: do not pass the card on without"
        ));
    }
    if lacks(OVERLAY) {
        notes.push(format!(
            "{OVERLAY} did not lie beside start4.elf, and is not needed: without it the firmware's own lines come by the \
             mini UART. The folder boot/ of the same release of https://github.com/raspberrypi/firmware has it, \
             Debian's package has not"
        ));
    }
    notes
}

/// Where the firmware of a card comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// From nowhere: the card is for an emulator.
    Without,
    /// From these directories, the first that has a file.
    Places(Vec<PathBuf>),
}

impl Source {
    /// The directories that were named, or the usual ones.
    pub(crate) fn of(named: &[PathBuf]) -> Self {
        Self::Places(if named.is_empty() {
            usual()
        } else {
            named.to_vec()
        })
    }

    /// The files.
    ///
    /// # Errors
    ///
    /// When one that a board needs is missing, or is something else.
    pub(super) fn files(&self) -> Result<Vec<CardFile>> {
        match self {
            Self::Without => Ok(Vec::new()),
            Self::Places(places) => find(places),
        }
    }
}

/// The running Pi's own card; Debian's package of the firmware; the trees in Debian's packages of the kernel, the
/// last by name first.
fn usual() -> Vec<PathBuf> {
    let mut trees: Vec<PathBuf> = Path::new("/usr/lib")
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("linux-image-")
        })
        .map(|entry| entry.path().join("broadcom"))
        .collect();
    trees.sort();
    let mut places = vec![
        PathBuf::from("/boot/firmware"),
        PathBuf::from("/usr/lib/raspi-firmware"),
    ];
    places.extend(trees.into_iter().rev());
    places
}

fn find(places: &[PathBuf]) -> Result<Vec<CardFile>> {
    let pair = places
        .iter()
        .find(|place| PAIR.iter().all(|name| place.join(name).is_file()));
    let tree = places.iter().find(|place| place.join(TREE).is_file());
    let (Some(pair), Some(tree)) = (pair, tree) else {
        return Err(missing(places, pair.is_none(), tree.is_none()).into());
    };
    refuse_stub(pair)?;
    let mut files = Vec::new();
    for name in PAIR {
        files.push(read(&pair.join(name), name)?);
    }
    files.push(read(&tree.join(TREE), TREE)?);
    let mut licences = LICENCES.iter().map(|name| pair.join(name));
    if let Some(path) = licences.find(|path| path.is_file()) {
        files.push(read(&path, LICENCE)?);
    }
    // The firmware lays it over the tree: of another release it may not fit.
    if pair.join(OVERLAY).is_file() {
        files.push(read(&pair.join(OVERLAY), OVERLAY)?);
    }
    Ok(files)
}

fn read(path: &Path, name: &str) -> Result<CardFile> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    check(name, &bytes).with_context(|| path.display().to_string())?;
    Ok(CardFile {
        name: name.to_owned(),
        bytes,
    })
}

/// Whether a file is what its name says: a page of a web site that was saved under that name is not.
fn check(name: &str, bytes: &[u8]) -> Result<()> {
    let wrong = |what: &str| {
        Err(Failure::environment(what)
            .help("get the file itself, not the web page about it, nor a pointer to it")
            .into())
    };
    match name {
        "start4.elf" if !bytes.starts_with(b"\x7fELF") => wrong("this is no ELF file"),
        TREE | OVERLAY if !bytes.starts_with(&[0xd0, 0x0d, 0xfe, 0xed]) => {
            wrong("this is no device tree")
        }
        // The firmware sets the GIC up only if the tree has one of that name.
        TREE if !bytes.windows(11).any(|text| text == b"arm,gic-400") => {
            wrong("this is not the device tree of a Raspberry Pi 4")
        }
        _ if bytes.is_empty() => wrong("this is empty"),
        _ => Ok(()),
    }
}

/// A stub beside the firmware would be run in place of the firmware's own, which the image is made for.
fn refuse_stub(place: &Path) -> Result<()> {
    let entries = fs::read_dir(place).with_context(|| format!("reading {}", place.display()))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("armstub") && name.ends_with(".bin") {
            let what = format!(
                "{} has {name}, which the firmware would run in place of its own stub",
                place.display()
            );
            return Err(Failure::environment(what)
                .help("name a directory with the firmware as it was released")
                .into());
        }
    }
    Ok(())
}

fn missing(places: &[PathBuf], pair: bool, tree: bool) -> Failure {
    let mut text = "files of the Raspberry Pi's firmware are missing:".to_owned();
    if pair {
        text += "\n  start4.elf and fixup4.dat, side by side: Debian's package raspi-firmware \
                 (component non-free-firmware)";
    }
    if tree {
        text += "\n  bcm2711-rpi-4-b.dtb: Debian's package linux-image-VERSION-arm64, in \
                 usr/lib/linux-image-*/broadcom";
    }
    text += "\n  or all of them: the folder boot/ of a release of https://github.com/raspberrypi/firmware";
    let places: Vec<String> = places
        .iter()
        .map(|place| place.display().to_string())
        .collect();
    text += &format!("\nlooked in {}", places.join(", "));
    Failure::environment(text).help(
        "--firmware DIR (again for a second directory), or --without-firmware for an emulator",
    )
}

#[cfg(test)]
mod tests;
