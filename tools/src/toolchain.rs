//! The Rust toolchain that builds the images: usually the one that built this tool.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::failure::Failure;
use crate::setup::versions::RustVersion;
use crate::step;

/// The target of the images: hard float, since the subject is floating-point state.
pub(crate) const TARGET: &str = "aarch64-unknown-none";

/// The libraries that the images link; all three must be there.
pub(crate) const TARGET_LIBRARIES: [&str; 3] = ["core", "alloc", "compiler_builtins"];

/// An installed Rust toolchain.
#[derive(Clone, Debug)]
pub(crate) struct Toolchain {
    sysroot: PathBuf,
    bin: PathBuf,
    version: RustVersion,
}

impl Toolchain {
    /// The toolchain that cargo ran this tool with.
    pub(crate) fn active() -> Result<Self> {
        let printed = step::output(
            "asking the Rust compiler where it lives",
            Command::new(rustc_program()).args(["--print", "sysroot"]),
        )?;
        Self::at(Path::new(printed.trim()))
    }

    /// The toolchain in a directory.
    ///
    /// # Errors
    ///
    /// When there is no compiler in it that says its version.
    pub(crate) fn at(sysroot: &Path) -> Result<Self> {
        let bin = sysroot.join("bin");
        let text = step::output(
            "asking the Rust compiler for its version",
            Command::new(bin.join("rustc")).arg("--version"),
        )?;
        let version = RustVersion::parse(&text).ok_or_else(|| {
            Failure::environment(format!("`rustc --version` printed `{}`", text.trim()))
        })?;
        Ok(Self {
            sysroot: sysroot.to_path_buf(),
            bin,
            version,
        })
    }

    /// Other toolchains beside this one, as rustup lays them out.
    pub(crate) fn siblings(&self) -> Vec<Self> {
        let Some(parent) = self
            .sysroot
            .parent()
            .filter(|dir| dir.ends_with("toolchains"))
        else {
            return Vec::new();
        };
        let entries = parent.read_dir().into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| *path != self.sysroot)
            .collect();
        paths.sort();
        paths
            .iter()
            .filter_map(|path| Self::at(path).ok())
            .collect()
    }

    /// What `rustc --version` says.
    pub(crate) fn version(&self) -> RustVersion {
        self.version
    }

    /// The directory that holds it.
    pub(crate) fn sysroot(&self) -> &Path {
        &self.sysroot
    }

    /// Where the libraries of all targets lie.
    pub(crate) fn rustlib(&self) -> PathBuf {
        self.sysroot.join("lib").join("rustlib")
    }

    /// Where `-Zbuild-std` looks for the sources of the standard library.
    pub(crate) fn library_source(&self) -> PathBuf {
        self.rustlib().join("src").join("rust").join("library")
    }

    /// Whether it can build for [`TARGET`], link-time optimisation included.
    pub(crate) fn has_target(&self) -> bool {
        let directory = self.rustlib().join(TARGET).join("lib");
        let is_from_rustup = self
            .rustlib()
            .join(format!("manifest-rust-std-{TARGET}"))
            .is_file();
        has_libraries(&directory) && (is_from_rustup || has_bitcode(&directory))
    }

    /// Whether it has the sources of its standard library.
    pub(crate) fn has_source(&self) -> bool {
        self.library_source()
            .join("core")
            .join("Cargo.toml")
            .is_file()
            && self.library_source().join("Cargo.lock").is_file()
    }

    /// A program of this toolchain, set up so that whatever it starts is of this toolchain too.
    pub(crate) fn command(&self, program: &str) -> Result<Command> {
        let old_path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(
            [self.bin.clone()]
                .into_iter()
                .chain(env::split_paths(&old_path)),
        )
        .context("putting the toolchain on the search path")?;
        let mut command = Command::new(self.bin.join(program));
        command
            .env("PATH", path)
            .env("RUSTUP_TOOLCHAIN", &self.sysroot)
            .env_remove("RUSTC")
            .env_remove("CARGO");
        Ok(command)
    }

    /// Cargo of this toolchain.
    pub(crate) fn cargo(&self) -> Result<Command> {
        self.command("cargo")
    }
}

/// Whether a directory holds each of [`TARGET_LIBRARIES`].
pub(crate) fn has_libraries(directory: &Path) -> bool {
    TARGET_LIBRARIES
        .iter()
        .all(|name| !library_files(directory, name).is_empty())
}

/// Whether the libraries carry what link-time optimisation works on. One that was built without would
/// stop the build of an image much later, with an error that says nothing of its cause.
pub(crate) fn has_bitcode(directory: &Path) -> bool {
    let section = b".llvmbc";
    library_files(directory, "compiler_builtins")
        .iter()
        .any(|file| {
            std::fs::read(file)
                .is_ok_and(|bytes| bytes.windows(section.len()).any(|w| w == section))
        })
}

/// The `.rlib` files of the crate `name` in a directory.
pub(crate) fn library_files(directory: &Path, name: &str) -> Vec<PathBuf> {
    let entries = directory.read_dir().into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| is_library(path, name))
        .collect()
}

fn is_library(path: &Path, name: &str) -> bool {
    let file = path
        .file_name()
        .map(|file| file.to_string_lossy())
        .unwrap_or_default();
    file.strip_prefix("lib")
        .and_then(|rest| rest.strip_suffix(".rlib"))
        .and_then(|rest| rest.split('-').next())
        == Some(name)
}

/// The compiler beside the cargo that runs this tool, else the one on the search path.
fn rustc_program() -> PathBuf {
    let beside_cargo = env::var_os("CARGO")
        .and_then(|cargo| Some(Path::new(&cargo).parent()?.join("rustc")))
        .filter(|rustc| rustc.is_file());
    beside_cargo.unwrap_or_else(|| PathBuf::from("rustc"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_known_by_its_whole_crate_name() {
        let path = Path::new("/x/libcore-0123456789abcdef.rlib");
        assert!(is_library(path, "core"));
        assert!(!is_library(path, "compiler_builtins"));
        assert!(!is_library(Path::new("/x/libcore-01.rmeta"), "core"));
        assert!(!is_library(Path::new("/x/libcore_arch-01.rlib"), "core"));
    }

    #[test]
    fn a_directory_that_is_not_there_holds_no_libraries() {
        assert!(!has_libraries(Path::new("/nonexistent")));
    }
}
