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

/// Moves the firmware's own lines to UART0. Nobody needs it: the image takes the pins by itself.
pub(super) const OVERLAY: &str = "overlays/disable-bt.dtbo";

/// The terms under which the pair may be passed on, and where they lie seen from it: beside it, or where Debian's
/// package has them.
pub(super) const LICENCE: &str = "LICENCE.broadcom";
const LICENCES: [&str; 2] = [LICENCE, "../../share/doc/raspi-firmware/copyright"];

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
    if let Some(place) = places.iter().find(|place| place.join(OVERLAY).is_file()) {
        files.push(read(&place.join(OVERLAY), OVERLAY)?);
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
mod tests {
    use super::*;

    /// A directory with stand-ins of the files.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[(&str, &[u8])]) -> Self {
            let id = std::process::id();
            let path = std::env::temp_dir().join(format!("pivot-vendor-{name}-{id}"));
            fs::create_dir_all(path.join("overlays")).unwrap();
            for (name, bytes) in files {
                fs::write(path.join(name), bytes).unwrap();
            }
            Self(path)
        }

        fn names(&self) -> Result<Vec<String>> {
            Folder::names_of(std::slice::from_ref(&self.0))
        }

        fn names_of(places: &[PathBuf]) -> Result<Vec<String>> {
            let files = Source::of(places).files()?;
            Ok(files.into_iter().map(|file| file.name).collect())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const ELF: &[u8] = b"\x7fELF...";
    const DTB: &[u8] = b"\xd0\x0d\xfe\xed..arm,gic-400";

    #[test]
    fn what_a_board_needs_may_lie_in_two_places_and_the_rest_is_taken_where_it_is_found() {
        let firmware = Folder::new(
            "pair",
            &[
                ("start4.elf", ELF),
                ("fixup4.dat", b"1"),
                ("LICENCE.broadcom", b"terms"),
            ],
        );
        let kernel = Folder::new("tree", &[(TREE, DTB)]);
        assert_eq!(
            Folder::names_of(&[firmware.0.clone(), kernel.0.clone()]).unwrap(),
            ["start4.elf", "fixup4.dat", TREE, LICENCE]
        );
        fs::write(firmware.0.join(OVERLAY), b"\xd0\x0d\xfe\xed").unwrap();
        let names = Folder::names_of(&[kernel.0.clone(), firmware.0.clone()]).unwrap();
        assert_eq!(names.last().unwrap(), OVERLAY);
    }

    #[test]
    fn each_missing_file_is_named_with_where_to_get_it() {
        let folder = Folder::new("half", &[("start4.elf", ELF)]);
        let error = folder.names().unwrap_err().to_string();
        for words in [
            "fixup4.dat",
            "raspi-firmware",
            TREE,
            "linux-image-VERSION-arm64",
        ] {
            assert!(error.contains(words), "{error}");
        }
        assert!(error.contains(&folder.0.display().to_string()), "{error}");
        fs::write(folder.0.join(TREE), DTB).unwrap();
        let error = folder.names().unwrap_err().to_string();
        assert!(error.contains("start4.elf"), "{error}");
        assert!(!error.contains(TREE), "{error}");
    }

    #[test]
    fn what_is_not_what_its_name_says_is_refused() {
        let good: [(&str, &[u8]); 3] = [("start4.elf", ELF), ("fixup4.dat", b"1"), (TREE, DTB)];
        for (name, bytes, words) in [
            ("start4.elf", &b"<!DOCTYPE html>"[..], "no ELF file"),
            (TREE, b"version https://git-lfs", "no device tree"),
            (TREE, b"\xd0\x0d\xfe\xedbrcm,bcm2836", "Raspberry Pi 4"),
            ("fixup4.dat", b"", "empty"),
        ] {
            let folder = Folder::new("page", &good);
            fs::write(folder.0.join(name), bytes).unwrap();
            let error = format!("{:#}", folder.names().unwrap_err());
            assert!(error.contains(words) && error.contains(name), "{error}");
        }
        let folder = Folder::new("stub", &good);
        assert!(folder.names().is_ok());
        fs::write(folder.0.join("armstub8-gic.bin"), [0]).unwrap();
        let error = folder.names().unwrap_err().to_string();
        assert!(error.contains("armstub8-gic.bin"), "{error}");
    }

    #[test]
    fn without_firmware_nothing_is_looked_for() {
        assert!(Source::Without.files().unwrap().is_empty());
    }
}
