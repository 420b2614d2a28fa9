//! Debian's builds of U-Boot for the Pi and for `virt`: unpacked, not installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Mutex;

use anyhow::{Context, Result, anyhow, ensure};

use super::apt::{PrivateApt, extract};
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

/// Why there is none to be had, once that is known. Locked while one is fetched: both boards' tests want the same index.
static OUT_OF_REACH: Mutex<Option<String>> = Mutex::new(None);

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
    let place = workspace.target().join("pivot/u-boot");
    let program = place.join(format!("{}-{VERSION}.bin", build.package));
    let mut out_of_reach = OUT_OF_REACH
        .lock()
        .map_err(|_| anyhow!("another test has failed while it fetched U-Boot"))?;
    if !program.is_file() {
        if let Some(why) = &*out_of_reach {
            return Err(Skipped(why.clone()).into());
        }
        let directory = std::env::temp_dir().join(format!("pivot-u-boot-{}", process::id()));
        let result = fetch(&build, &directory);
        // A leftover in the temporary directory is harmless.
        let _ = fs::remove_dir_all(&directory);
        let bytes = result.inspect_err(|error| {
            *out_of_reach = error.downcast_ref().map(Skipped::to_string);
        })?;
        fs::create_dir_all(&place)?;
        // By rename, so that nothing is left half done.
        let partial = program.with_extension("new");
        fs::write(&partial, bytes)?;
        fs::rename(&partial, &program)?;
    }
    Ok(program)
}

/// The program, out of its package, checked.
fn fetch(build: &Build, directory: &Path) -> Result<Vec<u8>> {
    let archive = download(build, directory).map_err(|error| {
        let text = error.to_string();
        Skipped(format!("{} {VERSION}: {}", build.package, reason(&text)))
    })?;
    let unpacked = directory.join("unpacked");
    extract(&archive, &unpacked)?;
    let program = unpacked.join(build.program);
    let bytes = fs::read(&program).with_context(|| format!("reading {}", program.display()))?;
    let sum = checksum(&bytes);
    ensure!(
        sum == build.sha256,
        "{} of {} {VERSION} is not the one that is known: its SHA-256 is {sum}",
        build.program,
        build.package
    );
    Ok(bytes)
}

fn download(build: &Build, directory: &Path) -> Result<PathBuf> {
    ensure!(PrivateApt::is_possible(), "this machine has no apt");
    PrivateApt::with_foreign_suite(directory, SUITE, ARCHITECTURE)?.download(build.package, VERSION)
}

/// The line of a failed step that says why: apt's last error, else the first.
fn reason(text: &str) -> &str {
    let of_apt = text.lines().rfind(|line| line.starts_with("E: "));
    of_apt.or(text.lines().next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_apts_own_and_no_command_line() {
        let text =
            "setup: `apt-get -o a download b` failed\nW: old\nE: Failed to fetch b\nE: Unable";
        assert_eq!(reason(text), "E: Unable");
        assert_eq!(reason("this machine has no apt"), "this machine has no apt");
    }
}
