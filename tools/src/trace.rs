//! `cargo xtask trace`: turns what `trace dump` printed into a trace that Perfetto and Chrome show, and checks that it
//! is whole and can be true.
//!
//! `docs/tracing.md` says what is checked and what for.

mod check;
mod chrome;
mod dump;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cli::TraceOptions;
use crate::failure::{CODE_FAILED, Failure};
use crate::run;
use crate::workspace::Workspace;
use dump::Dump;

/// What is traced if nothing else is asked for.
const USUAL_COMMAND: &str = "ctxsw apart --seconds 1";

/// Gets a dump, converts and checks it; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &TraceOptions) -> Result<u8> {
    let text = match &options.file {
        Some(file) => read(file)?,
        None => run_traced(workspace, options)?,
    };
    let out = options
        .out
        .clone()
        .unwrap_or_else(|| workspace.target().join("pivot/trace.json"));
    convert(text.lines(), &out)
}

/// Converts the last dump in `lines` and writes it to `out`; prints what it is, and what is wrong with it. Returns the
/// exit code: 0 if nothing is wrong.
///
/// # Errors
///
/// If there is no dump, or `out` cannot be written.
pub(crate) fn convert<'a>(lines: impl Iterator<Item = &'a str>, out: &Path) -> Result<u8> {
    let dump = Dump::read(lines)?;
    let problems = check::problems(&dump);
    if let Some(directory) = out.parent() {
        fs::create_dir_all(directory)
            .with_context(|| format!("creating {}", directory.display()))?;
    }
    fs::write(out, chrome::json(&dump)).with_context(|| format!("writing {}", out.display()))?;
    print!("{}", check::summary(&dump));
    println!("{}", out.display());
    for problem in &problems {
        eprintln!("error: {problem}");
    }
    Ok(if problems.is_empty() { 0 } else { CODE_FAILED })
}

/// As [`convert`], for a test: the JSON and how many switches it shows, or what is wrong.
pub(crate) fn judge(text: &str) -> Result<(String, usize)> {
    let dump = Dump::read(text.lines())?;
    let problems = check::problems(&dump);
    if !problems.is_empty() {
        return Err(Failure::verdict(problems.join("\n")).into());
    }
    Ok((chrome::json(&dump), check::switches(&dump)))
}

fn read(file: &Path) -> Result<String> {
    let bytes = fs::read(file).map_err(|error| {
        Failure::environment(format!("{} cannot be read: {error}", file.display()))
    })?;
    // A captured line may hold anything; what is not text is no line of a dump.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn run_traced(workspace: &Workspace, options: &TraceOptions) -> Result<String> {
    let mut run = options.run.clone();
    let command = run.exec.as_deref().unwrap_or(USUAL_COMMAND);
    run.exec = Some(format!(
        "trace on --events {}; {command}; trace dump",
        options.events
    ));
    let (code, text) = run::capture(workspace, &run)?;
    if code != 0 {
        let said: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("@trace"))
            .collect();
        eprintln!("{}", said.join("\n"));
        let what = format!("what was to be traced ended with code {code}");
        return Err(Failure::verdict(what).into());
    }
    Ok(text)
}
