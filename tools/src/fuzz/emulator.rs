//! One run of the image's `fuzz` in the emulator, with or without a trace.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use pivot::report::Record;

use super::code::{Code, INSTRUCTION};
use super::round::{Round, exec, machine, replay};
use super::trace::{Addresses, Executed, Reader};
use crate::board::Board;
use crate::build::Firmware;
use crate::failure::Failure;
use crate::qemu::{self, Console, Launch, Start};
use crate::serial::Serial;
use crate::session::failed_checks;
use crate::toolchain::Toolchain;
use crate::transcript::{exit_code, records};
use crate::workspace::Workspace;

/// Longer than any run takes: it detects a hang.
const TIMEOUT: Duration = Duration::from_secs(600);
/// For the machine to halt after its verdict.
const TIME_TO_HALT: Duration = Duration::from_secs(60);

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The instructions at which interrupts were taken.
    pub(crate) covered: Addresses,
    /// How many interrupts there were, on all cores.
    pub(crate) interrupts: u64,
    /// Of each core: all addresses in their order, as one number.
    pub(crate) digests: Vec<u64>,
}

/// Where it is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Emulator<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) firmware: &'a Firmware,
    pub(crate) board: Board,
    /// For the files of its runs.
    pub(crate) directory: &'a Path,
}

impl Emulator<'_> {
    /// Runs a round.
    pub(crate) fn run(&self, round: Round) -> Result<Outcome> {
        let directory = self.directory.join(format!("cores{}", round.cores));
        let mut command = self.command(round, &directory)?;
        execute(&mut command, round, &directory)
            .with_context(|| format!("again by `{}`", replay(self.board, round)))
    }

    /// Runs a round until its interrupts have come, and traces what of `code` it executes meanwhile.
    pub(crate) fn trace(&self, round: Round, code: &Code) -> Result<Executed> {
        let directory = self.directory.join(format!("trace{}", round.cores));
        let mut command = self.command(round, &directory)?;
        let pipe = qemu::trace_pipe(&directory)?;
        // The last of two options of one name counts: this log takes the place of the usual one.
        command.args(["-accel", "tcg,one-insn-per-tb=on", "-d", "cpu,nochain"]);
        command.arg("-dfilter").arg(code.filter());
        command.arg("-D").arg(&pipe);
        let mut serial = Serial::start(&mut command)?;
        serial.keep_console(directory.join("console.log"));
        let (sender, executed) = mpsc::channel();
        let interrupt = code.interrupt;
        thread::spawn(move || sender.send(read_trace(&pipe, interrupt)));
        let why = match executed.recv_timeout(TIMEOUT) {
            Ok(Ok(Some(executed))) => return Ok(executed),
            Ok(Ok(None)) => format!("it ended too early{}", serial.last_words()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it did not end within {} s", TIMEOUT.as_secs()),
        };
        Err(serial
            .failure(&format!("tracing `{}`: {why}", exec(round)))
            .into())
    }

    fn command(&self, round: Round, directory: &Path) -> Result<Command> {
        let exec = exec(round);
        let launch = Launch {
            board: self.board,
            machine: machine(self.board, round.cores),
            start: Start::Loader,
            exec: Some(&exec),
            // One instruction is a nanosecond, and the counter has as many ticks: every instruction is a moment.
            icount: Some(0),
            console: Console::Pipe,
            debugger: None,
            directory: directory.to_path_buf(),
        };
        launch.command(self.workspace, self.toolchain, self.firmware)
    }
}

/// The cores of the machines on which a board's image is run; of the first only, if it is to be short.
pub(crate) fn cores(board: Board, is_short: bool) -> &'static [usize] {
    match board {
        Board::Virt if is_short => &[1],
        Board::Virt => &[1, 2],
        Board::Rpi4 => &[4],
    }
}

fn execute(command: &mut Command, round: Round, directory: &Path) -> Result<Outcome> {
    let mut serial = Serial::start(command)?;
    serial.keep_console(directory.join("console.log"));
    let mut output = serial.expect("@exit ", TIMEOUT)?;
    let verdict = serial.expect("\n", TIMEOUT)?;
    if exit_code(&format!("@exit {verdict}")) != Some(0) {
        let what = format!(
            "`{}` on {} cores failed{}",
            exec(round),
            round.cores,
            failed_checks(&output)
        );
        return Err(serial.failure(&what).into());
    }
    output.push_str(&verdict);
    serial.wait_for_end(TIME_TO_HALT)?;
    outcome(&output)
        .ok_or_else(|| Failure::verdict("the image's `fuzz` did not report what it came to").into())
}

/// Reads the report lines of a run.
fn outcome(output: &str) -> Option<Outcome> {
    let mut outcome = Outcome::default();
    for record in records(output) {
        match record.id() {
            "fuzz" => {
                outcome.interrupts += record.number("interrupts")?;
                outcome.digests.push(record.number("digest")?);
            }
            "fuzz.covered" => outcome.covered.extend(covered(&record)?),
            _ => {}
        }
    }
    (outcome.interrupts > 0).then_some(outcome)
}

/// The addresses of a line: a bit for each instruction, the lowest first.
fn covered(record: &Record) -> Option<impl Iterator<Item = u64> + use<>> {
    let (at, bits) = (record.number("at")?, record.number("bits")?);
    let set = (0..u64::from(u64::BITS)).filter(move |bit| bits >> bit & 1 != 0);
    Some(set.map(move |bit| at + bit * INSTRUCTION))
}

/// Reads what the emulator writes, until a core has had all its interrupts or the emulator ends.
fn read_trace(pipe: &Path, interrupt: u64) -> Result<Option<Executed>> {
    let mut trace = BufReader::with_capacity(1 << 20, File::open(pipe)?);
    let (mut reader, mut line) = (Reader::new(interrupt), Vec::new());
    while !reader.has_closed() && trace.read_until(b'\n', &mut line)? > 0 {
        reader.line(&line);
        line.clear();
    }
    Ok(reader.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_gives_addresses_counts_and_a_digest_for_each_core() {
        let output = "text\n@fuzz.covered at=0x1000 bits=0x8000000000000005\n\
                      @fuzz.covered at=0x1100 bits=0x2\n\
                      @fuzz core=0 seed=7 interrupts=10 rotations=5 digest=0xab\n\
                      @fuzz core=1 seed=7 interrupts=11 rotations=5 digest=0xcd\n";
        let outcome = outcome(output).unwrap();
        assert_eq!(outcome.covered, [0x1000, 0x1008, 0x10fc, 0x1104].into());
        assert_eq!(
            (outcome.interrupts, outcome.digests),
            (21, vec![0xab, 0xcd])
        );
    }

    #[test]
    fn a_run_without_an_interrupt_or_with_half_a_line_is_no_run() {
        assert!(outcome("text\n").is_none());
        assert!(outcome("@fuzz.covered at=0x1000\n@fuzz interrupts=1 digest=0x1\n").is_none());
    }
}
