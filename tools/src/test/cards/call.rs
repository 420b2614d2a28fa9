//! `./flash.sh` called: with nobody there, and at a terminal.

use std::fs::File;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::workspace::Workspace;

/// Who says nothing for so long asks something else, or hangs.
const SILENCE: Duration = Duration::from_secs(120);

/// `./flash.sh` with a list of disks from a file, or the machine's.
pub(super) struct Flash<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) list: Option<PathBuf>,
}

impl Flash<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.workspace.root().join("flash.sh"));
        command
            .args(words)
            .env("CARGO_TARGET_DIR", self.workspace.target())
            .env_remove("PIVOT_LSBLK")
            .env_remove("SUDO_USER")
            .stdin(Stdio::null());
        if let Some(list) = &self.list {
            command.env("PIVOT_LSBLK", list);
        }
        command
    }

    /// Exit code, and everything that it says.
    fn call(&self, words: &[&str]) -> Result<(Option<i32>, String)> {
        let output = self.command(words).output().context("starting flash.sh")?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok((output.status.code(), text))
    }

    /// The same at a terminal: when it asks `question`, something is done, and then `answer` is typed.
    pub(super) fn answer(
        &self,
        words: &[&str],
        question: &str,
        answer: &str,
        meanwhile: impl FnOnce() -> Result<()>,
    ) -> Result<(Option<i32>, String)> {
        let mut terminal = Terminal::open()?;
        let (said, says) = io::pipe()?;
        let mut command = self.command(words);
        command
            .stdin(terminal.input.try_clone()?)
            .stdout(says.try_clone()?)
            .stderr(says);
        let mut child = command.spawn().context("starting flash.sh")?;
        // It has the other end of the pipe, which ends with it.
        drop(command);
        let pieces = pieces(said);
        let (mut text, mut meanwhile) = (String::new(), Some(meanwhile));
        loop {
            match pieces.recv_timeout(SILENCE) {
                Ok(piece) => text += &piece,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    child.kill()?;
                    child.wait()?;
                    bail!("nothing came for {SILENCE:?} after\n{text}");
                }
            }
            if text.ends_with(question)
                && let Some(meanwhile) = meanwhile.take()
            {
                meanwhile()?;
                terminal.master.write_all(answer.as_bytes())?;
            }
        }
        Ok((child.wait()?.code(), text))
    }

    pub(super) fn expect(&self, words: &[&str], code: i32, says: &str) -> Result<()> {
        let (got, text) = self.call(words)?;
        ensure!(
            got == Some(code) && text.contains(says),
            "./flash.sh {}: exit code {got:?}, expected {code} and `{says}`\n{text}",
            words.join(" ")
        );
        Ok(())
    }
}

/// What comes out of a pipe, until it ends.
fn pieces(mut pipe: PipeReader) -> Receiver<String> {
    let (sender, received) = mpsc::channel();
    thread::spawn(move || {
        let mut piece = [0; 256];
        while let Ok(length @ 1..) = pipe.read(&mut piece) {
            let piece = String::from_utf8_lossy(&piece[..length]).into_owned();
            if sender.send(piece).is_err() {
                break;
            }
        }
    });
    received
}

/// A terminal at which nobody sits.
struct Terminal {
    master: File,
    /// What a program gets for its standard input.
    input: OwnedFd,
}

impl Terminal {
    fn open() -> Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let master = openpt(flags).context("opening a terminal")?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let input = rustix::fs::open(name.as_c_str(), flags, Mode::empty())?;
        Ok(Self {
            master: master.into(),
            input,
        })
    }
}
