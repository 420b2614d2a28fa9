//! Debian's suites that may have the library sources of a Rust release; each is asked once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use anyhow::Result;

use super::apt::PrivateApt;
use super::sysroot::Staging;
use super::versions::RustVersion;
use crate::failure::Failure;
use crate::toolchain::Toolchain;

/// The suites, oldest release first.
const SUITES: [&str; 3] = ["trixie-backports", "forky", "sid"];

/// The package that has the sources: for every architecture, one per release.
const PACKAGE: &str = "rust-src";

/// How near the sources must be to the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nearness {
    /// The compiler's own release.
    Exact,
    /// Any release of its minor version.
    SameMinor,
}

impl Nearness {
    fn prefix(self, version: RustVersion) -> String {
        match self {
            Self::Exact => version.exact_prefix(),
            Self::SameMinor => version.minor_prefix(),
        }
    }
}

/// The suites that have been opened so far.
#[derive(Debug)]
pub(super) struct Suites {
    directory: PathBuf,
    /// `None`: out of reach.
    opened: Vec<Option<PrivateApt>>,
}

impl Suites {
    /// None opened yet.
    pub(super) fn new() -> Self {
        let directory = std::env::temp_dir().join(format!("pivot-suites-{}", process::id()));
        Self {
            directory,
            opened: Vec::new(),
        }
    }

    /// Unpacks the sources for a toolchain beside it; returns where the library lies.
    pub(super) fn unpack(
        &mut self,
        toolchain: &Toolchain,
        near: Nearness,
        staging: &Staging,
    ) -> Result<Option<PathBuf>> {
        let prefix = near.prefix(toolchain.version());
        for (index, suite) in SUITES.into_iter().enumerate() {
            let Some(apt) = self.open(index, suite) else {
                continue;
            };
            let Some(version) = apt.version_of(PACKAGE, &prefix)? else {
                eprintln!("setup: {suite} has no {PACKAGE} {prefix}…");
                continue;
            };
            let unpacked = staging.path().join("unpacked");
            apt.unpack(PACKAGE, &version, &unpacked)?;
            let library = find_library(&unpacked).ok_or_else(|| {
                Failure::environment(format!(
                    "{PACKAGE} {version} has no usr/src/rustc-*/library"
                ))
            })?;
            return Ok(Some(library));
        }
        Ok(None)
    }

    fn open(&mut self, index: usize, suite: &str) -> Option<&PrivateApt> {
        if !PrivateApt::is_possible() {
            return None;
        }
        if self.opened.len() == index {
            let apt = PrivateApt::with_suite(&self.directory.join(suite), suite, false);
            let apt =
                apt.inspect_err(|error| eprintln!("setup: {suite} is out of reach: {error:#}"));
            self.opened.push(apt.ok());
        }
        self.opened.get(index)?.as_ref()
    }
}

impl Drop for Suites {
    fn drop(&mut self) {
        // A leftover in the temporary directory is harmless.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// `usr/src/rustc-VERSION/library` in an unpacked package.
fn find_library(unpacked: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(unpacked.join("usr").join("src")).ok()?;
    entries
        .flatten()
        .map(|entry| entry.path().join("library"))
        .find(|library| library.join("core").join("Cargo.toml").is_file())
}
