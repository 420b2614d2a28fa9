//! Makes sure that a toolchain has `core` and `alloc` for the images' target.
//!
//! Where rustup may download, it does. Where it may not, the library is built from the sources of
//! exactly the compiler's release: those that the toolchain has, or Debian's package `rust-src`. Where
//! there are none, another installed toolchain will do.

use std::env;
use std::process::Command;

use anyhow::Result;

use super::choice;
use super::suites::{Nearness, Suites};
use super::sysroot::{self, Staging};
use super::versions::RustVersion;
use crate::failure::Failure;
use crate::step;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// The oldest compiler that builds the project (`rust-version` in Cargo.toml).
const OLDEST: RustVersion = RustVersion {
    major: 1,
    minor: 95,
    patch: 0,
};

/// Returns a toolchain that can build the images, and whether it is another or has another library
/// than the last time.
pub(super) fn ensure(workspace: &Workspace) -> Result<(Toolchain, bool)> {
    let active = Toolchain::active()?;
    if active.has_target() {
        return Ok((active, false));
    }
    if let Some(taken) = choice::recall(workspace, &active) {
        return Ok((taken, false));
    }
    eprintln!(
        "setup: Rust {} has no complete library for {TARGET}",
        active.version()
    );
    if may_download(env::var("RUSTUP_AUTO_INSTALL").ok().as_deref()) && step::is_on_path("rustup") {
        return by_rustup(active).map(|toolchain| (toolchain, true));
    }
    let taken = without_rustup(&active)?;
    if taken.sysroot() != active.sysroot() {
        choice::remember(workspace, &active, &taken)?;
    }
    Ok((taken, true))
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

fn without_rustup(active: &Toolchain) -> Result<Toolchain> {
    let mut suites = Suites::new();
    if built_from_source(active, Nearness::Exact, &mut suites)? {
        return Ok(active.clone());
    }
    let mut others = active.siblings();
    others.retain(|other| other.version() >= OLDEST);
    if let Some(other) = others.iter().find(|other| other.has_target()) {
        note(other, "it has the library already");
        return Ok(other.clone());
    }
    let attempts = [
        (Nearness::Exact, "built from the sources of its own release"),
        (
            Nearness::SameMinor,
            "built from the sources of its minor version",
        ),
    ];
    for (near, how) in attempts {
        for candidate in std::iter::once(active).chain(&others) {
            if built_from_source(candidate, near, &mut suites)? {
                note(candidate, how);
                return Ok(candidate.clone());
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
        "setup: taking Rust {} at {place}: {why}",
        toolchain.version()
    );
}

/// Builds the library if there are sources for it; whether there were.
fn built_from_source(toolchain: &Toolchain, near: Nearness, suites: &mut Suites) -> Result<bool> {
    if !toolchain.has_source() {
        let staging = Staging::new(toolchain)?;
        let Some(library) = suites.unpack(toolchain, near, &staging)? else {
            return Ok(false);
        };
        sysroot::install_source(toolchain, &library, &staging)?;
    }
    sysroot::build_target_library(toolchain)?;
    Ok(true)
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
