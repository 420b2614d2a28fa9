//! `cargo xtask check`: what can be judged without running the firmware.

use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::board::Board;
use crate::build::{cargo_for_target, examples};
use crate::failure::CODE_FAILED;
use crate::setup;
use crate::step;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// Runs every check, also after one has failed; returns the exit code.
pub(crate) fn run(workspace: &Workspace) -> Result<u8> {
    let toolchain = setup::toolchain(workspace)?;
    let mut failed = Vec::new();
    for (name, mut command) in steps(workspace, &toolchain)? {
        eprintln!("check: {name}");
        let started = Instant::now();
        let passed = step::passthrough(&mut command)?;
        let verdict = if passed { "ok" } else { "FAILED" };
        println!(
            "check {name} ... {verdict} ({:.1} s)",
            started.elapsed().as_secs_f64()
        );
        if !passed {
            eprintln!("check: {}", step::render(&command));
            failed.push(name);
        }
    }
    if failed.is_empty() {
        return Ok(0);
    }
    eprintln!("error: failed: {}", failed.join(", "));
    Ok(CODE_FAILED)
}

fn steps(workspace: &Workspace, toolchain: &Toolchain) -> Result<Vec<(String, Command)>> {
    let host = |arguments: &[&str]| -> Result<Command> {
        let mut command = toolchain.cargo()?;
        command
            .current_dir(workspace.root())
            .env("CARGO_TARGET_DIR", workspace.target());
        command.args(arguments);
        Ok(command)
    };
    let deny = ["--", "-D", "warnings"];
    let mut host_docs = host(&[
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ])?;
    host_docs.env("RUSTDOCFLAGS", "-D warnings");
    let mut steps = vec![
        ("format".to_owned(), host(&["fmt", "--all", "--check"])?),
        (
            "clippy on the host".to_owned(),
            host(&[&["clippy", "--workspace", "--all-targets"], &deny[..]].concat())?,
        ),
        ("documentation on the host".to_owned(), host_docs),
    ];
    // The host never compiles what is gated on the target, so the boards are checked by themselves.
    for board in Board::ALL {
        let mut clippy = cargo_for_target(workspace, toolchain)?;
        clippy.args(["clippy", "--target", TARGET, "--package", "pivot"]);
        clippy.args(["--package", &board.package()]);
        // The examples are built for the target only.
        let examples = format!("{}/{}", board.package(), examples::FEATURE);
        clippy.args(["--lib", "--bins", "--examples", "--features", &examples]);
        clippy.args(deny);
        steps.push((format!("clippy for {}", board.name()), clippy));
        let mut docs = cargo_for_target(workspace, toolchain)?;
        docs.args([
            "doc",
            "--target",
            TARGET,
            "--no-deps",
            "--document-private-items",
        ]);
        docs.args(["--package", "pivot", "--package", &board.package()]);
        docs.env("RUSTDOCFLAGS", "-D warnings");
        steps.push((format!("documentation for {}", board.name()), docs));
    }
    Ok(steps)
}
