//! What a scenario holds: a place to boot its machine, and a shell to talk to.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pivot::report::{DONE, Record, Verdict};

use crate::build::Firmware;
use crate::failure::Failure;
use crate::log;
use crate::machines::Machine;
use crate::qemu::{Console, Launch, Start, words};
use crate::serial::Serial;
use crate::toolchain::Toolchain;
use crate::transcript::{exit_code, records};
use crate::workspace::Workspace;

/// The prompt, as the firmware prints it at the start of a line.
pub(crate) const PROMPT: &str = "pivot> ";

/// Of the terminal that the shell takes for granted.
const COLUMNS: usize = 80;

/// Longer than a boot takes on a busy host: it detects a hang and measures nothing.
const BOOT_TIMEOUT: Duration = Duration::from_secs(120);

/// The same for a command at the prompt.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(300);

/// Boots one machine for one scenario.
#[derive(Debug)]
pub(crate) struct Rig<'a> {
    /// The machine of the matrix.
    pub(crate) machine: &'a Machine,
    /// Whether the whole counts are asked for.
    pub(crate) is_full: bool,
    pub(crate) workspace: &'a Workspace,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) firmware: &'a Firmware,
    /// Directory of this case's files.
    pub(crate) directory: PathBuf,
}

impl Rig<'_> {
    /// Boots to the prompt.
    pub(crate) fn boot(&self) -> Result<Session> {
        let mut session = self.start(None, None)?;
        session.wait_for_prompt()?;
        Ok(session)
    }

    /// Starts the machine in another way than its own, and waits for nothing.
    pub(crate) fn start_as(&self, start: Start) -> Result<Session> {
        let launch = self.launch(None, None, Console::Pipe);
        self.begin(&Launch { start, ..launch })
    }

    /// Boots to the prompt with further options of the emulator.
    pub(crate) fn boot_with(&self, options: &[&str]) -> Result<Session> {
        let mut launch = self.launch(None, None, Console::Pipe);
        launch.machine.extend(words(options));
        let mut session = self.begin(&launch)?;
        session.wait_for_prompt()?;
        Ok(session)
    }

    /// Boots with commands in the boot arguments, waits for their verdict, and returns the output.
    ///
    /// With `icount`, the run is the same every time: see [`Launch::icount`].
    ///
    /// # Errors
    ///
    /// When the verdict is not 0 or does not come, or the emulator's log is not empty.
    pub(crate) fn execute(
        &self,
        commands: &str,
        icount: Option<u32>,
        timeout: Duration,
    ) -> Result<String> {
        let mut session = self.start(Some(commands), icount)?;
        let mut output = session.serial.expect("@exit ", timeout)?;
        let verdict = session.serial.expect("\n", COMMAND_TIMEOUT)?;
        let code = exit_code(&format!("@exit {verdict}"));
        output.push_str(&verdict);
        if code != Some(0) {
            let failed = failed_checks(&output);
            let what = format!(
                "the verdict of `{commands}` is `@exit {}`{failed}",
                verdict.trim()
            );
            return Err(session.serial.failure(&what).into());
        }
        session.serial.wait_for_end(COMMAND_TIMEOUT)?;
        session.finish()?;
        Ok(output)
    }

    /// The command that starts the machine with its console on a pty.
    pub(crate) fn on_pty(&self) -> Result<Command> {
        self.launch(None, None, Console::Pty)
            .command(self.workspace, self.toolchain, self.firmware)
    }

    fn launch<'b>(
        &self,
        exec: Option<&'b str>,
        icount: Option<u32>,
        console: Console,
    ) -> Launch<'b> {
        Launch {
            board: self.machine.board,
            machine: self.machine.options.clone(),
            start: self.machine.start.clone(),
            exec,
            icount,
            console,
            debugger: None,
            directory: self.directory.clone(),
        }
    }

    fn start(&self, exec: Option<&str>, icount: Option<u32>) -> Result<Session> {
        self.begin(&self.launch(exec, icount, Console::Pipe))
    }

    fn begin(&self, launch: &Launch<'_>) -> Result<Session> {
        let mut command = launch.command(self.workspace, self.toolchain, self.firmware)?;
        // A log of an earlier run is not this run's.
        fs::write(launch.log(), "").context("emptying the emulator's log")?;
        let mut serial = Serial::start(&mut command)?;
        serial.keep_console(self.directory.join("console.log"));
        serial.explain_by(self.firmware.elf.clone());
        Ok(Session {
            serial,
            banner: String::new(),
            log: launch.log(),
            machine: self.machine.clone(),
        })
    }
}

/// A booted machine.
#[derive(Debug)]
pub(crate) struct Session {
    /// Its serial line.
    pub(crate) serial: Serial,
    /// What it said before the first prompt.
    pub(crate) banner: String,
    log: PathBuf,
    machine: Machine,
}

impl Session {
    /// Waits for the first prompt; what came before is the banner.
    pub(crate) fn wait_for_prompt(&mut self) -> Result<()> {
        self.banner = self.serial.expect(PROMPT, BOOT_TIMEOUT)?;
        Ok(())
    }

    /// Types a command, waits for the next prompt, and returns what the command printed.
    pub(crate) fn command(&mut self, line: &str) -> Result<String> {
        self.command_within(line, COMMAND_TIMEOUT)
    }

    /// As [`Session::command`], for one that takes long.
    pub(crate) fn command_within(&mut self, line: &str, timeout: Duration) -> Result<String> {
        // A longer one is shown in part, and its echo would be waited for in vain.
        let shown = COLUMNS - PROMPT.len() - 1;
        ensure!(
            line.len() <= shown,
            "`{line}` is longer than {shown} characters"
        );
        self.serial.send(line.as_bytes())?;
        self.serial.send(b"\r")?;
        // The echo ends with the line and a newline; a prompt that is only redrawn follows no newline.
        self.serial.expect(&format!("{line}\n"), timeout)?;
        let prompt = format!("\n{PROMPT}");
        let mut output = String::from("\n");
        loop {
            output.push_str(&self.serial.expect(PROMPT, timeout)?);
            if let Some(printed) = output.strip_suffix(&prompt) {
                return Ok(printed.trim_start_matches('\n').to_owned());
            }
        }
    }

    /// Types a command and requires each of `patterns` in what it prints; returns the output.
    pub(crate) fn check(&mut self, line: &str, patterns: &[&str]) -> Result<String> {
        let output = self.command(line)?;
        for pattern in patterns {
            if !output.contains(pattern) {
                let what = format!("`{line}` did not print `{pattern}`");
                return Err(self.serial.failure(&what).into());
            }
        }
        Ok(output)
    }

    /// Types a command that judges itself, and requires that all its verdicts are good.
    pub(crate) fn judged(&mut self, line: &str, timeout: Duration) -> Result<()> {
        let output = self.command_within(line, timeout)?;
        let verdicts: Vec<Record> = records(&output)
            .filter(|record| record.id() == DONE)
            .collect();
        let is_good = |record: &Record| record.verdict() == Some(Verdict::Passed);
        if !verdicts.is_empty() && verdicts.iter().all(is_good) {
            return Ok(());
        }
        let what = format!(
            "`{line}` did not end in a good verdict{}",
            failed_checks(&output)
        );
        Err(self.serial.failure(&what).into())
    }

    /// Ends the run and judges the emulator's log.
    pub(crate) fn finish(self) -> Result<()> {
        let Self {
            serial,
            log: path,
            machine,
            ..
        } = self;
        drop(serial);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let lines = log::unexpected(&text, machine.board);
        if lines.is_empty() {
            return Ok(());
        }
        let shown: Vec<&str> = lines.iter().take(10).copied().collect();
        Err(Failure::verdict(format!(
            "the emulator logged {} lines that no list allows:\n  {}\nall of them: {}",
            lines.len(),
            shown.join("\n  "),
            path.display()
        ))
        .into())
    }
}

/// The checks in a suite's output that did not hold, each on a line of its own.
pub(crate) fn failed_checks(output: &str) -> String {
    records(output)
        .filter(|record| record.id() == "check" && record.number("ok") == Some(0))
        .map(|record| {
            let fields: Vec<String> = record
                .fields()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            format!("\n  failed: {}", fields.join(" "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_checks_that_did_not_hold_are_named() {
        let output = "@check id=a.b ok=1 got=3\n@check id=a.c ok=0 got=5\n@done command=a\n";
        assert_eq!(failed_checks(output), "\n  failed: id=a.c ok=0 got=5");
        assert_eq!(failed_checks("text\n"), "");
    }
}
