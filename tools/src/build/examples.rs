//! The examples of the boards: applications that are built in place of the shell. Which there are, cargo says.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::board::Board;
use crate::failure::Failure;
use crate::step;
use crate::workspace::Workspace;

/// The feature by which a board's package builds them: a host, which could not, does not turn it on.
pub(crate) const FEATURE: &str = "examples";

/// Those of these boards that have an example of that name.
///
/// # Errors
///
/// None has: names those that there are.
pub(crate) fn check(workspace: &Workspace, boards: &[Board], name: &str) -> Result<Vec<Board>> {
    let metadata = Metadata::read(&workspace.root().join("Cargo.toml"))?;
    let names = |board: Board| metadata.examples(&board.package());
    let boards = boards.iter().copied();
    let found: Vec<Board> = boards
        .clone()
        .filter(|&board| names(board).contains(&name))
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let there: Vec<String> = boards
        .map(|board| format!("{}: {}", board.name(), names(board).join(", ")))
        .collect();
    let what = format!("there is no example `{name}`; {}", there.join("; "));
    Err(Failure::environment(what)
        .help(
            "a new one is a file boards/BOARD/examples/NAME.rs, or NAME/main.rs there (docs/applications.md)",
        )
        .into())
}

/// What cargo says of a workspace: "The Cargo Book", `cargo metadata`, "JSON format".
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
}

impl Metadata {
    /// Of the workspace of a `Cargo.toml`. Looks at no dependency, so it needs no network.
    fn read(manifest: &Path) -> Result<Self> {
        // Cargo names itself to what it runs.
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        command.arg("--manifest-path").arg(manifest);
        let text = step::output("asking cargo for the examples", &mut command)?;
        serde_json::from_str(&text).context("what `cargo metadata` says is not understood")
    }

    /// The examples of a package, in the order of their names.
    fn examples(&self, package: &str) -> Vec<&str> {
        let packages = self.packages.iter().filter(|one| one.name == package);
        let targets = packages.flat_map(|one| &one.targets);
        let examples = targets.filter(|target| target.kind.iter().any(|kind| kind == "example"));
        let mut names: Vec<&str> = examples.map(|target| target.name.as_str()).collect();
        names.sort_unstable();
        names
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_example_is_of_its_board_and_an_unknown_name_is_told_what_there_is() {
        let workspace = Workspace::find().unwrap();
        let check = |boards: &[Board], name| check(&workspace, boards, name);
        assert_eq!(check(&Board::ALL, "threads").unwrap(), Board::ALL);
        assert_eq!(check(&Board::ALL, "blinky").unwrap(), [Board::Rpi4]);
        let error = check(&Board::ALL, "thread").unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no example `thread`; virt: threads; rpi4: blinky, threads"
        );
        let error = check(&[Board::Virt], "blinky").unwrap_err().to_string();
        assert_eq!(error, "there is no example `blinky`; virt: threads");
    }

    #[test]
    fn a_file_a_folder_with_a_main_and_one_that_is_named_are_examples_and_nothing_else_is() {
        let base = env::temp_dir().join(format!("pivot-examples-{}", std::process::id()));
        let manifest = "[workspace]\n[package]\nname = 'p'\nversion = '0.0.0'\nedition = '2024'\n\
                        [[example]]\nname = 'named'\npath = 'elsewhere.rs'\n";
        for (file, text) in [
            ("Cargo.toml", manifest),
            ("src/lib.rs", ""),
            ("elsewhere.rs", ""),
            ("examples/file.rs", ""),
            ("examples/folder/main.rs", ""),
            ("examples/folder/part.rs", ""),
            ("examples/parts/part.rs", ""),
            ("examples/notes.txt", ""),
        ] {
            let file = base.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let metadata = Metadata::read(&base.join("Cargo.toml"));
        fs::remove_dir_all(&base).unwrap();
        let metadata = metadata.unwrap();
        assert_eq!(metadata.examples("p"), ["file", "folder", "named"]);
        assert!(metadata.examples("q").is_empty());
    }
}
