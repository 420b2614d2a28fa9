//! Runs one image until it is decided what became of it.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::verdict::{Outcome, of_line};
use crate::board::Board;
use crate::build::Firmware;
use crate::qemu::{self, Console, Launch, Start};
use crate::serial::{Received, Serial};
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// Longer than a correct image takes on a busy host for anything that it is asked here.
const CONTROL_TIMEOUT: Duration = Duration::from_secs(300);

/// A mutant that has not ended after so many times what the correct image took hangs.
const TIMEOUT_FACTOR: u32 = 3;

/// But no mutant has less time than this.
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(20);

/// The machine that images are run on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bench<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) toolchain: &'a Toolchain,
    pub(super) board: Board,
    pub(super) cores: usize,
    /// Whether mutants that are found get a row of their own too.
    pub(super) shows_all: bool,
}

/// What is run on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'a> {
    /// Directory of its files, below those of all mutants.
    pub(super) name: &'a str,
    pub(super) commands: &'a str,
    /// One instruction is 2^N ns of the machine's time.
    pub(super) icount: Option<u32>,
    pub(super) timeout: Duration,
}

impl Bench<'_> {
    /// Runs the bytes of an image, which replace those of `firmware`.
    pub(super) fn run_bytes(
        &self,
        job: Job<'_>,
        firmware: &Firmware,
        bytes: &[u8],
    ) -> Result<(Outcome, Duration)> {
        let directory = self.directory(job.name);
        fs::create_dir_all(&directory)
            .with_context(|| format!("creating {}", directory.display()))?;
        let image = directory.join("kernel8.img");
        fs::write(&image, bytes).with_context(|| format!("writing {}", image.display()))?;
        let elf = firmware.elf.clone();
        let result = self.run(job, &Firmware { elf, image })?;
        Ok(result)
    }

    /// Runs an image, and stops it as soon as something is decided: at the first register that is named, at the
    /// verdict, at the kernel's last words, or when its time is over.
    pub(super) fn run(&self, job: Job<'_>, firmware: &Firmware) -> Result<(Outcome, Duration)> {
        let launch = Launch {
            board: self.board,
            machine: match self.board {
                Board::Virt => qemu::virt_options(self.cores, 2),
                Board::Rpi4 => qemu::rpi4_options(),
            },
            start: Start::Loader,
            exec: Some(job.commands),
            icount: job.icount,
            console: Console::Pipe,
            debugger: None,
            directory: self.directory(job.name),
        };
        let mut command = launch.command(self.workspace, self.toolchain, firmware)?;
        let started = Instant::now();
        let mut serial = Serial::start(&mut command)?;
        serial.keep_console(self.console(job.name));
        let outcome = watch(&mut serial, job.timeout)?;
        Ok((outcome, started.elapsed()))
    }

    /// Runs a correct image, which must pass; returns how long a mutant may take, or `None` and says why.
    pub(super) fn control(
        &self,
        name: &str,
        commands: &str,
        icount: Option<u32>,
        firmware: &Firmware,
    ) -> Result<Option<Duration>> {
        let job = Job {
            name,
            commands,
            icount,
            timeout: CONTROL_TIMEOUT,
        };
        let (outcome, elapsed) = self.run(job, firmware)?;
        if outcome == Outcome::Green {
            println!("control {name}: passed in {:.1} s", elapsed.as_secs_f64());
            return Ok(Some((elapsed * TIMEOUT_FACTOR).max(SHORTEST_TIMEOUT)));
        }
        println!("control {name}: FAILED, {outcome}");
        println!("  what it printed: {}", self.console(name).display());
        Ok(None)
    }

    fn directory(&self, name: &str) -> PathBuf {
        self.workspace.run_dir("mutants").join(name)
    }

    /// Where what it printed can be read afterwards.
    pub(super) fn console(&self, name: &str) -> PathBuf {
        self.directory(name).join("console.log")
    }
}

/// Reads the console until a line decides. An emulator that ends by itself has not shown anything about its image: every
/// image that ends says so.
fn watch(serial: &mut Serial, timeout: Duration) -> Result<Outcome> {
    let deadline = Instant::now() + timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let received = serial.receive(left);
        while let Some(line) = serial.transcript().take_until("\n") {
            if let Some(outcome) = of_line(&line) {
                return Ok(outcome);
            }
        }
        match received {
            // A guest that never stops talking does not end either.
            Received::Bytes(_) if !left.is_zero() => {}
            Received::Bytes(_) | Received::Silence => return Ok(Outcome::TimeOut),
            Received::Closed => {
                let words = serial.last_words();
                bail!("the emulator ended without a verdict{words}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn outcome(script: &str, timeout: Duration) -> Result<Outcome> {
        let mut serial = Serial::start(Command::new("sh").args(["-c", script])).unwrap();
        watch(&mut serial, timeout)
    }

    #[test]
    fn the_first_line_that_decides_ends_the_run() {
        let long = Duration::from_secs(30);
        let script = "echo boot; echo '@regs.mismatch register=x3 kind=spin core=0 expected=0x1 \
                      got=0x0'; echo '@exit code=1'; exec sleep 60";
        assert!(matches!(outcome(script, long), Ok(Outcome::Mismatch(_))));
        assert_eq!(
            outcome("echo '@exit code=0'; exec sleep 60", long).unwrap(),
            Outcome::Green
        );
    }

    #[test]
    fn an_emulator_that_dies_has_found_no_mutant() {
        assert!(outcome("echo boot", Duration::from_secs(30)).is_err());
    }

    #[test]
    fn silence_and_endless_talk_are_time_outs() {
        let short = Duration::from_millis(300);
        assert_eq!(outcome("exec sleep 60", short).unwrap(), Outcome::TimeOut);
        assert_eq!(
            outcome("while echo still here; do sleep 0.01; done", short).unwrap(),
            Outcome::TimeOut
        );
    }
}
