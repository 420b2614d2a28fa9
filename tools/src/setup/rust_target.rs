//! Makes sure that a toolchain has `core` and `alloc` for the images' target.
//!
//! Where rustup may download, it does. Where it may not, the library is built from the sources of
//! exactly the compiler's release: those that the toolchain has, or Debian's package `rust-src`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::apt::PrivateApt;
use super::sysroot;
use super::versions::RustVersion;
use crate::failure::Failure;
use crate::step;
use crate::toolchain::{TARGET, Toolchain};

/// Debian's suites that may have the sources of a release, oldest release first.
const SUITES: [&str; 3] = ["trixie-backports", "forky", "sid"];

/// The oldest compiler that builds the project (`rust-version` in Cargo.toml).
const OLDEST: RustVersion = RustVersion {
    major: 1,
    minor: 95,
    patch: 0,
};

/// How near the sources must be to the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Match {
    Exact,
    SameMinor,
}

/// Returns a toolchain that can build the images, and whether its library had to be made.
pub(super) fn ensure() -> Result<(Toolchain, bool)> {
    let active = Toolchain::active()?;
    if active.has_target() {
        return Ok((active, false));
    }
    make(active).map(|toolchain| (toolchain, true))
}

fn make(active: Toolchain) -> Result<Toolchain> {
    eprintln!(
        "setup: Rust {} has no complete library for {TARGET}",
        active.version()
    );
    if may_download(env::var("RUSTUP_AUTO_INSTALL").ok().as_deref()) && step::is_on_path("rustup") {
        return by_rustup(active);
    }
    let others: Vec<Toolchain> = active
        .siblings()
        .into_iter()
        .filter(|other| other.version() >= OLDEST)
        .collect();
    if let Some(source) = own_or_debian_source(&active, Match::Exact)? {
        return build(active, &source);
    }
    if let Some(other) = others.iter().find(|other| other.has_target()) {
        note(other, "has the library already");
        return Ok(other.clone());
    }
    for (near, how) in [
        (Match::Exact, "its own release"),
        (Match::SameMinor, "its minor version"),
    ] {
        for candidate in std::iter::once(&active).chain(&others) {
            if let Some(source) = own_or_debian_source(candidate, near)? {
                note(candidate, &format!("is built for from sources of {how}"));
                return build(candidate.clone(), &source);
            }
        }
    }
    Err(Failure::environment(format!(
        "no sources of Rust {}'s library are to be had, so there is no `core` for {TARGET}",
        active.version()
    ))
    .help(format!(
        "rustup target add {TARGET}    (RUSTUP_AUTO_INSTALL=0 forbade that here)"
    ))
    .into())
}

fn note(toolchain: &Toolchain, why: &str) {
    let place = toolchain.sysroot().display();
    eprintln!(
        "setup: taking Rust {} at {place}: it {why}",
        toolchain.version()
    );
}

/// Whether rustup may be asked to download: the person's own switch decides.
fn may_download(rustup_auto_install: Option<&str>) -> bool {
    rustup_auto_install != Some("0")
}

fn by_rustup(active: Toolchain) -> Result<Toolchain> {
    let mut command = Command::new("rustup");
    command.args(["target", "add", TARGET]);
    if let Some(name) = env::var_os("RUSTUP_TOOLCHAIN") {
        command.arg("--toolchain").arg(name);
    }
    step::long(&format!("setup: rustup target add {TARGET}"), &mut command)?;
    if active.has_target() {
        return Ok(active);
    }
    Err(
        Failure::environment(format!("rustup added {TARGET} to another toolchain"))
            .help(format!(
                "rustup target add {TARGET}, for {}",
                active.sysroot().display()
            ))
            .into(),
    )
}

/// Where the sources for a toolchain are; downloads them if need be.
enum Source {
    /// In the toolchain itself.
    Own,
    /// Unpacked from a package; the directory is removed with it.
    Debian {
        library: PathBuf,
        staging: sysroot::Staging,
    },
}

fn own_or_debian_source(toolchain: &Toolchain, near: Match) -> Result<Option<Source>> {
    if toolchain.has_source() {
        return Ok(Some(Source::Own));
    }
    if !PrivateApt::is_possible() {
        return Ok(None);
    }
    let version = toolchain.version();
    let prefix = match near {
        Match::Exact => version.exact_prefix(),
        Match::SameMinor => version.minor_prefix(),
    };
    let staging = sysroot::Staging::new(toolchain)?;
    for suite in SUITES {
        let apt = match PrivateApt::with_suite(&staging.path().join(suite), suite, false) {
            Ok(apt) => apt,
            Err(error) => {
                eprintln!("setup: {suite} is out of reach: {error:#}");
                continue;
            }
        };
        let Some(package_version) = apt.version_of("rust-src", &prefix)? else {
            eprintln!("setup: {suite} has no rust-src {prefix}…");
            continue;
        };
        let unpacked = apt.unpack("rust-src", &package_version)?;
        let library = find_library(&unpacked).ok_or_else(|| {
            Failure::environment(format!(
                "rust-src {package_version} has no usr/src/rustc-*/library"
            ))
        })?;
        return Ok(Some(Source::Debian { library, staging }));
    }
    Ok(None)
}

/// `usr/src/rustc-VERSION/library` in an unpacked package.
fn find_library(unpacked: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(unpacked.join("usr").join("src")).ok()?;
    entries
        .flatten()
        .map(|entry| entry.path().join("library"))
        .find(|library| library.join("core").join("Cargo.toml").is_file())
}

fn build(toolchain: Toolchain, source: &Source) -> Result<Toolchain> {
    if let Source::Debian { library, staging } = source {
        sysroot::install_source(&toolchain, library, staging)?;
    }
    sysroot::build_target_library(&toolchain)?;
    Ok(toolchain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_zero_forbids_downloads() {
        assert!(may_download(None));
        assert!(may_download(Some("1")));
        assert!(!may_download(Some("0")));
    }
}
