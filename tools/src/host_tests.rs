//! Runs the tests of the host and counts them.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::build;
use crate::test::Count;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// Runs `cargo test` for the default members, passing its output through to standard error.
pub(crate) fn run(workspace: &Workspace, toolchain: &Toolchain) -> Result<Count> {
    let mut command = cargo_test(workspace, toolchain)?;
    command
        .env("CARGO_TARGET_DIR", workspace.target())
        // As the tool itself is built, so that what both need is compiled once.
        .args(["--profile", "xtask"]);
    counted(&mut command)
}

/// Runs the models of the kernel's lock-free parts under the model checker (`docs/testing.md`): the tests of
/// modules that are named `model`. In a directory of its own, because the flag that puts loom's atomics in
/// place is every crate's.
pub(crate) fn models(workspace: &Workspace, toolchain: &Toolchain) -> Result<Count> {
    let mut command = cargo_test(workspace, toolchain)?;
    build::add_flags(&mut command, "\"cfg(all())\"", &["--cfg", "loom"]);
    command
        .env("CARGO_TARGET_DIR", workspace.target().join("loom"))
        .args(["--profile", "loom", "--package", "pivot", "--lib"])
        .args(["--", "model::"]);
    counted(&mut command)
}

fn cargo_test(workspace: &Workspace, toolchain: &Toolchain) -> Result<Command> {
    let mut command = toolchain.cargo()?;
    command
        .current_dir(workspace.root())
        .args(["test", "--quiet", "--no-fail-fast"])
        .args(["--target", "host-tuple"]);
    Ok(command)
}

/// Runs a `cargo test` and adds up what it says.
fn counted(command: &mut Command) -> Result<Count> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("starting the host tests")?;
    let output = child
        .stdout
        .take()
        .context("the host tests have no output")?;
    let mut count = Count::default();
    for line in BufReader::new(output).lines() {
        let line = line.context("reading the output of the host tests")?;
        if !line.trim().is_empty() {
            eprintln!("{line}");
        }
        count += parse(&line).unwrap_or_default();
    }
    let status = child.wait().context("waiting for the host tests")?;
    // What does not build has no line to be counted by; neither has a run in which no test was found.
    if !status.success() && count.failed == 0 || count.passed + count.failed == 0 {
        count.failed = 1;
    }
    Ok(count)
}

/// Reads `test result: ok. 3 passed; 0 failed; …`.
fn parse(line: &str) -> Option<Count> {
    let (_, rest) = line
        .trim()
        .strip_prefix("test result: ")?
        .split_once(". ")?;
    let number = |word: &str| -> Option<usize> {
        rest.split("; ")
            .find_map(|part| part.strip_suffix(word))?
            .trim()
            .parse()
            .ok()
    };
    Some(Count {
        passed: number(" passed")?,
        failed: number(" failed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_line_is_counted_whether_it_passed_or_failed() {
        let ok = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out";
        assert_eq!(
            parse(ok),
            Some(Count {
                passed: 12,
                failed: 0
            })
        );
        let bad = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured";
        assert_eq!(
            parse(bad),
            Some(Count {
                passed: 3,
                failed: 2
            })
        );
    }

    #[test]
    fn other_lines_are_not_counted() {
        for line in [
            "running 3 tests",
            "...",
            "test result: ",
            "test result: ok. many passed",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
