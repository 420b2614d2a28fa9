//! Puts library sources and the built target library into a toolchain: beside first, then by rename,
//! so that an interrupted set-up leaves nothing half done.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Result};

use crate::failure::Failure;
use crate::step;
use crate::toolchain::{
    TARGET, TARGET_LIBRARIES, Toolchain, has_bitcode, has_libraries, library_files,
};

/// The crate that is built so that cargo builds `core` and `alloc` with it.
const EMPTY_CRATE: &str = "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
    [workspace]\n\n[profile.release]\npanic = \"abort\"\n";

/// What the names of set-up directories begin with; the process follows.
const STAGING_PREFIX: &str = ".pivot-setup-";

/// A directory in the toolchain's file system that is removed when it goes out of scope.
#[derive(Debug)]
pub(super) struct Staging {
    path: PathBuf,
}

impl Staging {
    pub(super) fn new(toolchain: &Toolchain) -> Result<Self> {
        remove_abandoned(&toolchain.rustlib());
        let path = toolchain
            .rustlib()
            .join(format!("{STAGING_PREFIX}{}", process::id()));
        fs::create_dir_all(&path).map_err(|error| not_writable(toolchain, &error))?;
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What is left behind is named as this set-up's; the next one removes it.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn not_writable(toolchain: &Toolchain, error: &io::Error) -> Failure {
    let place = toolchain.rustlib();
    Failure::environment(format!("{} cannot be written: {error}", place.display())).help(format!(
        "run `cargo xtask setup` as the user that owns the toolchain, or `rustup target add {TARGET}`"
    ))
}

/// Moves sources that were unpacked into the toolchain's file system to where cargo looks for them.
pub(super) fn install_source(
    toolchain: &Toolchain,
    library: &Path,
    staging: &Staging,
) -> Result<()> {
    let place = toolchain.library_source();
    let parent = place
        .parent()
        .context("the library sources have no parent directory")?;
    fs::create_dir_all(parent).map_err(|error| not_writable(toolchain, &error))?;
    replace(library, &place, staging)?;
    eprintln!("setup: library sources put at {}", place.display());
    Ok(())
}

/// Builds `core`, `alloc` and `compiler_builtins` for the target and installs them.
pub(super) fn build_target_library(toolchain: &Toolchain) -> Result<()> {
    let staging = Staging::new(toolchain)?;
    let project = staging.path().join("empty");
    fs::create_dir_all(project.join("src"))?;
    fs::write(project.join("Cargo.toml"), EMPTY_CRATE)?;
    fs::write(project.join("src").join("lib.rs"), "#![no_std]\n")?;
    let output = staging.path().join("output");
    let mut command = toolchain.cargo()?;
    command
        .current_dir(&project)
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["build", "--release", "--target", TARGET])
        .args(["-Zbuild-std=core,alloc,compiler_builtins"])
        .arg("-Zbuild-std-features=compiler-builtins-mem")
        .arg("--target-dir")
        .arg(&output);
    // The library is to be the one that a person with rustup has, whatever flags are set for the rest.
    // That one carries bitcode, so that images can be optimised at link time with it.
    command.env("CARGO_ENCODED_RUSTFLAGS", "-Cembed-bitcode=yes");
    for variable in ["RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_BUILD_RUSTFLAGS"] {
        command.env_remove(variable);
    }
    step::long(
        &format!("setup: building core and alloc for {TARGET}"),
        &mut command,
    )?;

    let built = output.join(TARGET).join("release").join("deps");
    let ready = staging.path().join("ready");
    fs::create_dir_all(&ready)?;
    for name in TARGET_LIBRARIES {
        for file in library_files(&built, name) {
            fs::copy(&file, ready.join(file.file_name().unwrap_or_default()))?;
        }
    }
    if !has_libraries(&ready) || !has_bitcode(&ready) {
        let what = "the build made no core, alloc and compiler_builtins with bitcode";
        return Err(Failure::environment(what).into());
    }
    let place = toolchain.rustlib().join(TARGET).join("lib");
    fs::create_dir_all(place.parent().context("the target has no directory")?)?;
    replace(&ready, &place, &staging)?;
    eprintln!("setup: library for {TARGET} put at {}", place.display());
    Ok(())
}

/// Renames `new` to `place`; what was there is moved aside, and back if that fails.
fn replace(new: &Path, place: &Path, staging: &Staging) -> Result<()> {
    let old = staging.path().join("replaced");
    let had_old = place.exists();
    if had_old {
        fs::rename(place, &old).with_context(|| format!("moving {} aside", place.display()))?;
    }
    fs::rename(new, place)
        .inspect_err(|_| {
            if had_old {
                // The first error is the one to tell.
                let _ = fs::rename(&old, place);
            }
        })
        .with_context(|| format!("putting {} in place", place.display()))
}

/// Removes what set-ups left behind that were killed: their process is gone.
fn remove_abandoned(rustlib: &Path) {
    for entry in rustlib.read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_gone = name.strip_prefix(STAGING_PREFIX).is_some_and(|pid| {
            Path::new("/proc/self").exists() && !Path::new("/proc").join(pid).exists()
        });
        if is_gone {
            // It is only in the way of the disk's space.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_process_that_is_gone_left_behind_is_removed() {
        let directory = std::env::temp_dir().join(format!("pivot-test-{}", process::id()));
        let abandoned = directory.join(format!("{STAGING_PREFIX}4294967295"));
        let own = directory.join(format!("{STAGING_PREFIX}{}", process::id()));
        let other = directory.join("src");
        for path in [&abandoned, &own, &other] {
            fs::create_dir_all(path).unwrap();
        }
        remove_abandoned(&directory);
        let is_linux = Path::new("/proc/self").exists();
        assert_eq!(abandoned.exists(), !is_linux);
        assert!(own.exists() && other.exists());
        fs::remove_dir_all(directory).unwrap();
    }
}
