//! `cargo xtask measure`: runs the benchmarks on a board, keeps every figure with its conditions, and draws them.
//!
//! What was measured is written as it comes in: a cable that is pulled costs the figure that was being taken, and no
//! other. See `docs/measuring.md`.

pub(crate) mod conditions;
mod consistency;
pub(crate) mod doubts;
mod figure;
mod histogram;
mod page;
mod plot;
pub(crate) mod record;
mod set;
pub(crate) mod shell;
pub(crate) mod summary;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};

use crate::board::Board;
use crate::build;
use crate::cli::MeasureOptions;
use crate::failure::{CODE_FAILED, Failure};
use crate::machines::{self, Role};
use crate::port;
use crate::progress::Progress;
use crate::qemu::{Console, Launch};
use crate::serial::Serial;
use crate::setup;
use crate::workspace::Workspace;
use record::{Command, Run, SCHEMA};
pub(crate) use set::Image;
use shell::Shell;

/// Longer than a boot takes on a busy host.
const BOOT_TIMEOUT: Duration = Duration::from_secs(120);

/// Longer than the image is silent in any command of the set, even where it is emulated on a busy host.
const SILENCE: Duration = Duration::from_secs(300);

/// Runs it; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &MeasureOptions) -> Result<u8> {
    let directory = options.out.clone().unwrap_or_else(|| {
        let name = now().replace(':', "");
        workspace.target().join("pivot").join("measure").join(name)
    });
    refuse_used(&directory)?;
    let (shell, wire) = connect(workspace, options)?;
    let mut campaign = Campaign {
        shell,
        wire,
        directory,
        runs: options.runs,
        quick: options.quick,
    };
    let is_good = campaign.run();
    ended(is_good, campaign.draw(), &campaign.directory)
}

/// Names the files; returns the exit code, or why the board was lost. That goes before whatever could not be drawn.
fn ended(is_good: Result<bool>, drawn: Result<Vec<PathBuf>>, directory: &Path) -> Result<u8> {
    for file in drawn.iter().flatten() {
        println!("{}", file.display());
    }
    match is_good {
        Ok(is_good) => drawn.map(|_| if is_good { 0 } else { CODE_FAILED }),
        Err(lost) if drawn.is_err() => Err(lost),
        Err(lost) => {
            let what = format!("what was measured before is in {}", directory.display());
            Err(lost.context(what))
        }
    }
}

/// Runs of two measurements would be taken for those of one.
fn refuse_used(directory: &Path) -> Result<()> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut runs = entries
        .map(|entry| entry.path())
        .filter(|file| is_run(file));
    let Some(file) = runs.next() else {
        return Ok(());
    };
    let what = format!("{} is of an earlier measurement", file.display());
    Err(Failure::environment(what)
        .help("--out with another directory, or none")
        .into())
}

/// Some runs of the set over one wire.
pub(crate) struct Campaign {
    pub(crate) shell: Shell,
    /// What the wire is, for whoever reads the files.
    pub(crate) wire: String,
    /// Where the files go.
    pub(crate) directory: PathBuf,
    pub(crate) runs: u32,
    pub(crate) quick: bool,
}

impl Campaign {
    /// Measures; whether everything was as it has to be.
    ///
    /// # Errors
    ///
    /// When the board is lost. What was measured until then is in its file.
    pub(crate) fn run(&mut self) -> Result<bool> {
        fs::create_dir_all(&self.directory)
            .with_context(|| format!("creating {}", self.directory.display()))?;
        let version = self.shell.ask("version", SILENCE)?.trim().to_owned();
        eprintln!("{version}");
        let lines = set::lines(&mut self.shell, self.quick)?;
        let progress = Progress::new(lines.len() * self.runs as usize);
        let mut is_good = true;
        for number in 1..=self.runs {
            let mut run = Run {
                schema: SCHEMA,
                run: number,
                started: now(),
                wire: self.wire.clone(),
                quick: self.quick,
                version: version.clone(),
                complete: false,
                error: None,
                commands: Vec::new(),
            };
            let file = self.directory.join(format!("run-{number}.json"));
            if let Err(error) = measure(&mut self.shell, &lines, &mut run, &file, &progress) {
                run.error = Some(format!("{error:#}"));
                run.write(&file)?;
                return Err(error);
            }
            is_good &= judge(&run, &progress);
        }
        Ok(is_good)
    }

    /// Draws what is in the directory; returns the files.
    pub(crate) fn draw(&self) -> Result<Vec<PathBuf>> {
        page::write(&self.directory, &read(&self.directory)?)
    }
}

fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// Starts an emulator or finds the board behind a port; says also what was connected.
fn connect(workspace: &Workspace, options: &MeasureOptions) -> Result<(Shell, String)> {
    if !options.qemu {
        let name = port::chosen(options.port.as_deref(), "cargo xtask measure")?;
        let shell = Shell::find(Serial::open(&name)?, &name)?;
        return Ok((shell, name));
    }
    let toolchain = setup::toolchain(workspace)?;
    setup::emulator()?;
    let firmware = build::firmware(workspace, &toolchain, options.board, "release")?;
    let machine = machines::all()
        .into_iter()
        .find(|machine| machine.board == options.board && machine.role == Role::Main)
        .context("the board has no machine")?;
    let launch = Launch {
        board: machine.board,
        machine: machine.options,
        start: machine.start.clone(),
        exec: None,
        icount: None,
        console: Console::Pipe,
        debugger: None,
        directory: workspace.run_dir(&format!("measure-{}", options.board.name())),
    };
    let mut command = launch.command(workspace, &toolchain, &firmware)?;
    let shell = Shell::boot(Serial::start(&mut command)?, BOOT_TIMEOUT)?;
    Ok((shell, format!("emulator, {}", name(options.board))))
}

fn name(board: Board) -> &'static str {
    match board {
        Board::Virt => "virt",
        Board::Rpi4 => "raspi4b",
    }
}

/// One run of the whole set; writes `file` whenever something has come.
fn measure(
    shell: &mut Shell,
    lines: &[String],
    run: &mut Run,
    file: &Path,
    progress: &Progress,
) -> Result<()> {
    for line in lines {
        progress.say(format!("run {}: {line}", run.run));
        run.commands.push(Command::new(line));
        let started = Instant::now();
        let result = shell.command(line, SILENCE, &mut |text| {
            let Some(command) = run.commands.last_mut() else {
                return Ok(());
            };
            command.seconds = started.elapsed().as_secs_f64();
            if command.take(text) {
                run.write(file)?;
            }
            Ok(())
        });
        // The last figure is complete now, or it never will be.
        if let Some(command) = run.commands.last_mut() {
            command.judge();
        }
        result?;
        progress.step();
    }
    run.complete = true;
    run.write(file)
}

/// Says what was wrong with a run that came to its end; whether nothing was.
fn judge(run: &Run, progress: &Progress) -> bool {
    let mut is_good = true;
    for command in &run.commands {
        let verdict = command.verdict.as_deref().unwrap_or("missing");
        let damaged = command.damaged.len();
        if verdict != "passed" || damaged > 0 {
            is_good = false;
            progress.note(&format!(
                "run {}, `{}`: verdict {verdict}, {damaged} damaged lines",
                run.run, command.line
            ));
        }
    }
    is_good
}

/// The runs in a directory, in their order, or the one in a file.
pub(crate) fn read(path: &Path) -> Result<Vec<Run>> {
    if path.is_file() {
        return Ok(vec![Run::read(path)?]);
    }
    let entries = fs::read_dir(path)
        .with_context(|| format!("reading the measurements in {}", path.display()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| is_run(file))
        .collect();
    files.sort();
    let mut runs: Vec<Run> = files
        .iter()
        .map(|file| Run::read(file))
        .collect::<Result<_>>()?;
    if runs.is_empty() {
        let what = format!("{} has no run-N.json", path.display());
        return Err(Failure::environment(what)
            .help("cargo xtask measure --qemu")
            .into());
    }
    runs.sort_by_key(|run| run.run);
    Ok(runs)
}

fn is_run(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("run-") && name.ends_with(".json"))
}

#[cfg(test)]
mod tests;
