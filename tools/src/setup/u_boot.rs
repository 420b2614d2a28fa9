//! Debian's builds of U-Boot for the Pi and for `virt`: unpacked, not installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};

use super::apt::PrivateApt;
use crate::board::Board;
use crate::card::checksum;
use crate::failure::Skipped;
use crate::workspace::Workspace;

/// Where the packages are, for which processor, and the version that the sums below are of.
const SUITE: &str = "trixie";
const ARCHITECTURE: &str = "arm64";
const VERSION: &str = "2025.01-3+deb13u1";

/// A boot loader in a package.
struct Build {
    package: &'static str,
    /// Inside of it.
    program: &'static str,
    sha256: &'static str,
}

const FOR_RPI4: Build = Build {
    package: "u-boot-rpi",
    program: "usr/lib/u-boot/rpi_arm64/u-boot.bin",
    sha256: "ec5a73ac3f8774445260d50acb60c43e581a2bc7036c2c8b3c8760f80f0fdffb",
};

const FOR_VIRT: Build = Build {
    package: "u-boot-qemu",
    program: "usr/lib/u-boot/qemu_arm64/u-boot.bin",
    sha256: "677348582906a57601d7252dbf31e3195284ce0dbf759228698f85e1625031c0",
};

/// One at a time: both boards' tests want the same index.
static AT_IT: Mutex<()> = Mutex::new(());

/// The boot loader of a board; fetched if it is not there yet.
///
/// # Errors
///
/// [`Skipped`] if the package is out of reach. Another error if what was fetched is not what it was.
pub(super) fn ensure_there(workspace: &Workspace, board: Board) -> Result<PathBuf> {
    let build = match board {
        Board::Rpi4 => FOR_RPI4,
        Board::Virt => FOR_VIRT,
    };
    let _turn = AT_IT.lock();
    let place = workspace.target().join("pivot/u-boot").join(VERSION);
    let program = place.join(build.program);
    if !program.is_file() {
        let out_of_reach = |error: anyhow::Error| {
            let why = error.to_string();
            let why = why.lines().next().unwrap_or_default().to_owned();
            Skipped(format!("{} {VERSION}: {why}", build.package))
        };
        fetch(&build, &place).map_err(out_of_reach)?;
    }
    let bytes = fs::read(&program).with_context(|| format!("reading {}", program.display()))?;
    let sum = checksum(&bytes);
    ensure!(
        sum == build.sha256,
        "{} is not the one that is known: its SHA-256 is {sum}",
        program.display()
    );
    Ok(program)
}

fn fetch(build: &Build, place: &Path) -> Result<()> {
    ensure!(PrivateApt::is_possible(), "this machine has no apt");
    let directory = std::env::temp_dir().join(format!("pivot-u-boot-{}", process::id()));
    let result = PrivateApt::with_foreign_suite(&directory, SUITE, ARCHITECTURE)
        .and_then(|apt| apt.unpack(build.package, VERSION, place));
    // A leftover in the temporary directory is harmless.
    let _ = fs::remove_dir_all(&directory);
    result
}
