//! `cargo xtask trace`: turns what `trace dump` printed into a trace that Perfetto and Chrome show, and checks that it
//! is whole and can be true.
//!
//! `docs/tracing.md` says what is checked and what for.

mod check;
mod chrome;
mod dump;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use pivot::report::Verdict;

use crate::cli::TraceOptions;
use crate::failure::{CODE_FAILED, Failure};
use crate::measure::Image;
use crate::measure::shell::Shell;
use crate::run;
use crate::serial::Serial;
use crate::transcript::records;
use crate::workspace::Workspace;
use dump::Dump;

/// What is traced if nothing else is asked for.
const USUAL_COMMAND: &str = "ctxsw apart --seconds 1";

/// The command that prints what was recorded.
const DUMP: &str = "trace dump";

/// Events of each core that are kept, in an emulator and on a board: there they come over a wire of 11 KiB/s.
const EVENTS_IN_QEMU: u32 = 1 << 17;
const EVENTS_OVER_A_WIRE: u32 = 1 << 12;

/// Longer than what is traced is silent.
const SILENCE: Duration = Duration::from_secs(300);

/// Gets a dump, converts and checks it; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &TraceOptions) -> Result<u8> {
    refuse_example(options)?;
    let text = match (&options.file, &options.port) {
        (Some(file), _) => read(file)?,
        (None, Some(port)) => on_board(port, options)?,
        (None, None) => run_traced(workspace, options)?,
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

/// An application has no shell at which anybody could type what records and what prints.
fn refuse_example(options: &TraceOptions) -> Result<()> {
    let Some(name) = &options.run.example else {
        return Ok(());
    };
    let what = format!(
        "`{name}` cannot be traced: an example is there in place of the shell, which records and prints"
    );
    Err(Failure::environment(what)
        .help("leave out --example, and trace commands of the shell: --exec 'CMD; CMD'")
        .into())
}

fn read(file: &Path) -> Result<String> {
    let bytes = fs::read(file).map_err(|error| {
        Failure::environment(format!("{} cannot be read: {error}", file.display()))
    })?;
    // A captured line may hold anything; what is not text is no line of a dump.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Types what is to be traced at the board behind a port, and takes the dump.
fn on_board(port: &str, options: &TraceOptions) -> Result<String> {
    let mut shell = Shell::find(Serial::open(port)?, port)?;
    let command = options.run.exec.as_deref().unwrap_or(USUAL_COMMAND);
    over_wire(
        &mut shell,
        command,
        options.events.unwrap_or(EVENTS_OVER_A_WIRE),
    )
}

/// Has a shell record what `command` does, and takes the dump.
///
/// # Errors
///
/// When the board is lost, or one of the commands does not pass.
pub(crate) fn over_wire(shell: &mut Shell, command: &str, events: u32) -> Result<String> {
    let record = format!("trace on --events {events}");
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(200));
    let mut text = String::new();
    for line in [record.as_str(), command, DUMP] {
        spinner.set_message(line.to_owned());
        text = shell.ask(line, SILENCE)?;
        let verdict = records(&text).find_map(|record| record.get("verdict").map(str::to_owned));
        if verdict.is_some_and(|verdict| verdict != Verdict::Passed.as_str()) {
            spinner.finish_and_clear();
            let said: Vec<&str> = text.lines().filter(|line| !is_of_dump(line)).collect();
            let what = format!("`{line}` did not pass");
            return Err(Failure::verdict(what).help(said.join("\n")).into());
        }
    }
    spinner.finish_and_clear();
    Ok(text)
}

fn is_of_dump(line: &str) -> bool {
    line.starts_with("@trace")
}

fn run_traced(workspace: &Workspace, options: &TraceOptions) -> Result<String> {
    let mut run = options.run.clone();
    let command = run.exec.as_deref().unwrap_or(USUAL_COMMAND);
    let events = options.events.unwrap_or(EVENTS_IN_QEMU);
    run.exec = Some(format!("trace on --events {events}; {command}; {DUMP}"));
    let (code, text) = run::capture(workspace, &run)?;
    if code != 0 {
        let said: Vec<&str> = text.lines().filter(|line| !is_of_dump(line)).collect();
        eprintln!("{}", said.join("\n"));
        let what = format!("what was to be traced ended with code {code}");
        return Err(Failure::verdict(what).into());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Call, Cli};

    #[test]
    fn an_example_is_refused_in_words_wherever_the_trace_comes_from() {
        for from in [&["--qemu"][..], &["--port", "/dev/ttyUSB0"], &["file"]] {
            let refused = |more: &[&str]| {
                let words = [&["x", "trace"], from, more].concat();
                let Call::Trace(options) = Cli::try_parse_from(words).unwrap().call else {
                    panic!("not trace")
                };
                refuse_example(&options)
            };
            let error = refused(&["--example", "threads"]).unwrap_err().to_string();
            assert!(error.starts_with("`threads` cannot be traced: "), "{error}");
            refused(&[]).unwrap();
        }
    }
}
