//! `cargo xtask paths`: where each instruction of a hot path goes.
//!
//! QEMU writes down every instruction that a benchmark executes; the trace is cut into rounds, and the most frequent
//! one is counted by function and line. See `docs/paths.md`.

mod code;
mod cut;
mod cycles;
mod page;
mod rows;
mod steps;
mod trace;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path as FilePath;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use self::code::Code;
use self::cut::{Cutter, Round, most_frequent};
use self::page::Found;
use self::rows::{Figure, PATHS, Path};
use self::steps::{is_sample, steps};
use self::trace::Reader;
use crate::bench::figures::{Hundredths, Read};
use crate::bench::page::with_table;
use crate::bench::rows::ROWS;
use crate::bench::{self, PROFILE};
use crate::board::Board;
use crate::build::{self, Firmware};
use crate::cli::PathOptions;
use crate::failure::{CODE_FAILED, Failure};
use crate::progress::Progress;
use crate::qemu::{self, Console, Launch, Start};
use crate::serial::Serial;
use crate::setup;
use crate::step;
use crate::toolchain::Toolchain;
use crate::transcript::records;
use crate::workspace::Workspace;

/// Longer than a machine takes on a busy host: it detects a hang.
const TIMEOUT: Duration = Duration::from_secs(900);

/// A path explains its benchmark's figure if it is no further away.
const NEAR: Hundredths = Hundredths(200);

/// The path that the full test run follows.
const TESTED: &str = "switch.yield.same_core";

/// Follows the paths; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &PathOptions) -> Result<u8> {
    let toolchain = setup::toolchain(workspace)?;
    setup::emulator()?;
    let is_chosen = |path: &&Path| {
        let names = &options.names;
        names.is_empty() || names.iter().any(|part| path.id.contains(part.as_str()))
    };
    let paths: Vec<&'static Path> = PATHS.iter().filter(is_chosen).collect();
    if paths.is_empty() {
        let ids: Vec<&str> = PATHS.iter().map(|path| path.id).collect();
        let what = format!("no path has {:?} in its benchmark's name", options.names);
        return Err(Failure::environment(what).help(ids.join(" ")).into());
    }
    let firmware = build::firmware(workspace, &toolchain, Board::Virt, PROFILE)?;
    let rig = Rig {
        workspace,
        toolchain: &toolchain,
        code: Code::read(&firmware.elf)?,
        firmware: &firmware,
    };
    if !cycles::is_there() {
        eprintln!("no cycles: llvm-mc and llvm-mca are not there");
    }
    let found = rig.follow(&paths)?;
    for one in &found {
        println!("{}", page::terminal(one));
    }
    let mut code = 0;
    for one in found.iter().filter(|one| one.off() > NEAR) {
        println!("FAILED {}", unexplained(one));
        code = CODE_FAILED;
    }
    if options.bless {
        let compiler = step::output(
            "asking the compiler for its version",
            toolchain.command("rustc")?.arg("-V"),
        )?;
        let path = workspace.root().join("docs/paths.md");
        let text =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let text = with_table(&text, &page::markdown(&found, compiler.trim()))
            .with_context(|| format!("{} has no marks for the tables", path.display()))?;
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(code)
}

/// Follows one path and holds it against its benchmark's figure; what it came to.
pub(crate) fn test(
    workspace: &Workspace,
    toolchain: &Toolchain,
    firmware: &Firmware,
) -> Result<String> {
    let rig = Rig {
        workspace,
        toolchain,
        code: Code::read(&firmware.elf)?,
        firmware,
    };
    let tested = PATHS.iter().filter(|path| path.id == TESTED);
    let found = rig.follow(&tested.collect::<Vec<_>>())?;
    match found.iter().find(|one| one.off() > NEAR) {
        Some(one) => Err(Failure::verdict(unexplained(one)).into()),
        None => Ok(found.iter().map(Found::summary).collect()),
    }
}

fn unexplained(found: &Found) -> String {
    let (id, off) = (found.path.id, found.off());
    let total = found.total();
    format!("{id}: the round of {total} instructions is {off} from explaining its figure")
}

/// What paths are followed on.
struct Rig<'a> {
    workspace: &'a Workspace,
    toolchain: &'a Toolchain,
    firmware: &'a Firmware,
    code: Code,
}

impl Rig<'_> {
    /// Follows paths, those that can be on one machine; in their order.
    fn follow(&self, paths: &[&'static Path]) -> Result<Vec<Found>> {
        let progress = Progress::new(paths.len());
        let machine = |path: &Path| (path.cores, path.operations, path.untraced);
        let machines: BTreeSet<_> = paths.iter().map(|path| machine(path)).collect();
        let mut found = Vec::new();
        for one in machines {
            let here = paths.iter().copied();
            let here: Vec<_> = here.filter(|path| machine(path) == one).collect();
            let (cores, operations, untraced) = one;
            progress.say(format!("on {cores} cores, {operations} operations of each"));
            found.extend(self.machine(cores, operations, untraced, &here)?);
            progress.at(found.len());
        }
        found.sort_by_key(|one| PATHS.iter().position(|path| path.id == one.path.id));
        Ok(found)
    }

    /// Runs the benchmarks of some paths on one machine, and cuts what its last core executes.
    fn machine(
        &self,
        cores: usize,
        operations: u64,
        untraced: Option<&str>,
        paths: &[&'static Path],
    ) -> Result<Vec<Found>> {
        let ids: Vec<&str> = paths.iter().map(|path| path.id).collect();
        let exec = format!("bench {} --iterations {operations}", ids.join(" "));
        let directory = self
            .workspace
            .run_dir(&format!("paths-smp{cores}-{operations}"));
        let pipe = qemu::trace_pipe(&directory)?;
        let launch = Launch {
            board: Board::Virt,
            machine: bench::machine(cores),
            start: Start::Loader,
            exec: Some(&exec),
            icount: Some(0),
            console: Console::Pipe,
            debugger: None,
            directory,
        };
        let mut command: Command = launch.command(self.workspace, self.toolchain, self.firmware)?;
        // The last of two options of one name counts: this log takes the place of the usual one.
        command.args(["-accel", "tcg,one-insn-per-tb=on", "-d", "exec,nochain"]);
        command.arg("-D").arg(&pipe);
        if let Some(file) = untraced {
            command.arg("-dfilter").arg(self.code.without(file));
        }
        let cutters = paths.iter().map(|path| {
            let [begin, end] = [path.begin, path.end].map(|anchor| self.code.marks(anchor));
            Ok(Cutter::new(begin?, end?))
        });
        let mut cutters: Vec<Cutter> = cutters.collect::<Result<_>>()?;
        let mut serial = Serial::start(&mut command)?;
        serial.keep_console(launch.directory.join("console.log"));
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let read = read_trace(&pipe, cores - 1, &mut cutters);
            sender.send(read.map(|()| cutters))
        });
        let output = serial.expect("@exit ", TIMEOUT)?;
        serial.wait_for_end(TIMEOUT)?;
        let cutters = receiver
            .recv_timeout(TIMEOUT)
            .context("the trace does not end")??;
        let found = paths.iter().zip(&cutters);
        found
            .map(|(path, cutter)| self.found(path, cutter, &output))
            .collect()
    }

    fn found(&self, path: &'static Path, cutter: &Cutter, output: &str) -> Result<Found> {
        let id = path.id;
        let row = ROWS.iter().find(|row| row.id == id);
        let row = row.with_context(|| format!("{id} is no benchmark"))?;
        let record = records(output).find(|record| record.id() == id);
        let read = match path.figure {
            Figure::Mean => row.read,
            Figure::LessClock | Figure::More(_) => Read::Least,
        };
        let figure = record.and_then(|record| read.of(&record));
        let needed = path.executes.map(|anchor| self.code.marks(anchor));
        let needed = needed.transpose()?;
        let chosen = most_frequent(&cutter.rounds, |round| {
            needed.as_ref().is_none_or(|marks| round.executes(marks)) && self.is_of(path, round)
        });
        let Some(chosen) = chosen else {
            let (of, through) = (cutter.rounds.len(), path.through.join(" and "));
            let needed = path
                .executes
                .map(|anchor| format!(" and executes {anchor:?}"));
            let needed = needed.unwrap_or_default();
            bail!("{id}: of {of} different rounds none comes through {through}{needed}");
        };
        let round = &chosen.round.instructions;
        let words: Vec<u32> = round.iter().map(|&at| self.code.word(at)).collect();
        let cycles = cycles::is_there().then(|| cycles::estimate(&words));
        Ok(Found {
            path,
            figure: figure.with_context(|| format!("{id} has no figure"))?,
            goal: row.goal.map(|(goal, _)| goal),
            steps: steps(round, |at| self.code.places(at)),
            mean: Hundredths(chosen.instructions * 100 / chosen.of),
            rounds: (chosen.as_long, chosen.of),
            next: chosen.others.first().copied(),
            cycles: cycles.transpose()?,
        })
    }

    /// Whether a round comes through all that the path does, and writes down no sample.
    fn is_of(&self, path: &Path, round: &Round) -> bool {
        let mut missing: BTreeSet<&str> = path.through.iter().copied().collect();
        for &at in std::iter::once(&round.before).chain(&round.instructions) {
            let places = self.code.places(at);
            if is_sample(&places) {
                return false;
            }
            missing.retain(|&part| {
                !places
                    .iter()
                    .any(|place| place.file.starts_with(part) || place.function == part)
            });
        }
        missing.is_empty()
    }
}

/// Reads what the emulator writes, until it ends.
fn read_trace(pipe: &FilePath, core: usize, cutters: &mut [Cutter]) -> Result<()> {
    let mut trace = BufReader::with_capacity(1 << 20, File::open(pipe)?);
    let (mut reader, mut line) = (Reader::default(), Vec::new());
    while trace.read_until(b'\n', &mut line)? > 0 {
        if let Some(step) = reader.line(&line).filter(|step| step.core == core) {
            cutters.iter_mut().for_each(|cutter| cutter.step(step.pc));
        }
        line.clear();
    }
    Ok(())
}
