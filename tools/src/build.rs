//! Builds a board's firmware: `kernel8.elf` for the debugger, `kernel8.img` for the machine.

pub(crate) mod examples;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::board::Board;
use crate::failure::Failure;
use crate::image::Image;
use crate::step;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// Cargo's separator of flags in `CARGO_ENCODED_RUSTFLAGS`.
const FLAG_SEPARATOR: char = '\u{1f}';

/// What every crate of an image is compiled with.
const CRATE_FLAGS: [&str; 2] = [
    // Backtraces walk the frame chain.
    "-Cforce-frame-pointers=yes",
    // Linked for one address: there is nobody who would relocate the image. No target CPU: rustc's cortex-a72 has AES
    // and SHA, which the BCM2711 has not (hazard H19).
    "-Crelocation-model=static",
];

/// A finished firmware.
#[derive(Clone, Debug)]
pub(crate) struct Firmware {
    /// With debug information.
    pub(crate) elf: PathBuf,
    /// The bytes that are flashed.
    pub(crate) image: PathBuf,
}

/// Builds the shell firmware of a board and prints its size on standard error.
pub(crate) fn firmware(
    workspace: &Workspace,
    toolchain: &Toolchain,
    board: Board,
    profile: &str,
) -> Result<Firmware> {
    program(workspace, toolchain, board, profile, None)
}

/// Builds an example of a board, or its shell firmware, and prints its size on standard error.
pub(crate) fn program(
    workspace: &Workspace,
    toolchain: &Toolchain,
    board: Board,
    profile: &str,
    example: Option<&str>,
) -> Result<Firmware> {
    let mut command = cargo_for_target(workspace, toolchain)?;
    command.env("PIVOT_PROFILE", profile);
    command.args(["rustc", "--target", TARGET, "--profile", profile]);
    command.args(["--package", &board.package()]);
    let mut built = workspace.target().join(TARGET).join(profile_dir(profile));
    let directory = match example {
        Some(name) => {
            examples::check(workspace, &[board], name)?;
            command.args(["--example", name, "--features", examples::FEATURE]);
            built.extend(["examples", name]);
            workspace.example_dir(board, profile, name)
        }
        None => {
            command.args(["--bin", &board.binary()]);
            built.push(board.binary());
            workspace.image_dir(board, profile)
        }
    };
    command.arg("--").args(linker_flags(workspace, board)?);
    if !step::passthrough(&mut command)? {
        let what = example.unwrap_or("firmware");
        let board = board.name();
        return Err(Failure::verdict(format!("the {what} for {board} does not build")).into());
    }
    package(&built, &directory, board)
}

/// Copies the linked program and its flat image to where people look for them.
fn package(built: &Path, directory: &Path, board: Board) -> Result<Firmware> {
    let elf = fs::read(built).with_context(|| format!("reading {}", built.display()))?;
    let image = Image::from_elf(&elf)
        .and_then(|image| image.check_header().map(|()| image))
        .with_context(|| format!("making kernel8.img for {}", board.name()))?;
    fs::create_dir_all(directory)?;
    let firmware = Firmware {
        elf: directory.join("kernel8.elf"),
        image: directory.join("kernel8.img"),
    };
    fs::write(&firmware.elf, &elf)?;
    fs::write(&firmware.image, image.bytes())?;
    eprintln!(
        "{}: {} bytes, {} in memory, loaded at {:#x}",
        firmware.image.display(),
        image.bytes().len(),
        image.memory_size(),
        image.load_address()
    );
    Ok(firmware)
}

/// Cargo with the flags that every crate of an image needs; also for clippy and rustdoc.
pub(crate) fn cargo_for_target(workspace: &Workspace, toolchain: &Toolchain) -> Result<Command> {
    let mut command = toolchain.cargo()?;
    command.current_dir(workspace.root());
    command.env("CARGO_TARGET_DIR", workspace.target());
    command.env("PIVOT_BUILD_HASH", build_hash(workspace.root()));
    add_flags(&mut command, TARGET, &CRATE_FLAGS);
    Ok(command)
}

/// Has cargo compile with `flags` what it builds for `target`: a triple, or a `cfg(…)` in quotes.
///
/// Flags of the person's own survive: cargo takes flags from one place only, so where the environment
/// has some, ours are added to them there, and otherwise to those of the person's configuration files.
pub(crate) fn add_flags(command: &mut Command, target: &str, flags: &[&str]) {
    let flags = flags.iter().map(|&flag| flag.to_owned());
    match flags_from_environment() {
        Some(mut all) => {
            all.extend(flags);
            let separator = FLAG_SEPARATOR.to_string();
            command
                .env("CARGO_ENCODED_RUSTFLAGS", all.join(&separator))
                .env_remove("RUSTFLAGS");
        }
        None => {
            let flags: Vec<String> = flags.collect();
            command
                .arg("--config")
                .arg(format!("target.{target}.rustflags={}", toml_array(&flags)));
        }
    }
}

/// The flags that only the last step needs; what is compiled before it serves both boards.
fn linker_flags(workspace: &Workspace, board: Board) -> Result<[String; 3]> {
    let text = |path: PathBuf| {
        path.into_os_string()
            .into_string()
            .map_err(|path: OsString| {
                Failure::environment(format!("the path {} is not UTF-8", path.display()))
                    .help("clone into a directory with a plain name")
            })
    };
    let script = text(workspace.root().join("tools").join("link.ld"))?;
    let board_dir = text(workspace.root().join("boards").join(board.name()))?;
    Ok([
        format!("-Clink-arg=-T{script}"),
        // Where the script finds the board's `memory.ld`.
        format!("-Clink-arg=-L{board_dir}"),
        // By which an image's backtrace finds its symbols.
        "-Clink-arg=--build-id=sha1".to_owned(),
    ])
}

/// Flags that the person has set in the environment, as cargo would read them.
fn flags_from_environment() -> Option<Vec<String>> {
    let words = |text: &str, separator: char| -> Vec<String> {
        text.split(separator)
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    if let Ok(text) = env::var("CARGO_ENCODED_RUSTFLAGS") {
        return Some(words(&text, FLAG_SEPARATOR));
    }
    env::var("RUSTFLAGS").ok().map(|text| words(&text, ' '))
}

/// A TOML array of strings.
fn toml_array(words: &[String]) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    format!("[{}]", quoted.join(", "))
}

/// The directory that cargo gives to a profile.
fn profile_dir(profile: &str) -> &str {
    if profile == "dev" { "debug" } else { profile }
}

/// Short commit hash, with a mark where files differ from it; the same as long as nothing changes.
fn build_hash(root: &Path) -> String {
    let git = |arguments: &[&str]| {
        step::output("", Command::new("git").arg("-C").arg(root).args(arguments))
            .map(|text| text.trim().to_owned())
    };
    let Ok(hash) = git(&["rev-parse", "--short=10", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let is_clean =
        git(&["status", "--porcelain", "--untracked-files=no"]).is_ok_and(|s| s.is_empty());
    if is_clean {
        hash
    } else {
        format!("{hash}+dirty")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_with_quotes_and_backslashes_stay_one_string_each() {
        let words = ["-Clink-arg=-T/a b/link.ld".to_owned(), r#"x"\y"#.to_owned()];
        assert_eq!(
            toml_array(&words),
            r#"["-Clink-arg=-T/a b/link.ld", "x\"\\y"]"#
        );
    }

    #[test]
    fn only_cargos_development_profile_has_a_directory_of_another_name() {
        assert_eq!(profile_dir("dev"), "debug");
        assert_eq!(profile_dir("checked"), "checked");
    }
}
