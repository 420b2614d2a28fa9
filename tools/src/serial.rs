//! The serial line of a board, whatever it is made of: the pipes of an emulator that was started here, an adapter, or
//! a pty that somebody else's emulator gives.

mod peer;

use std::fmt::{self, Debug, Formatter};
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::explain;
use crate::failure::Failure;
use crate::transcript::Transcript;
use peer::{Ends, Peer};

/// How many of the console's last lines a failure shows, and how many if they are a report with a backtrace.
const TAIL_LINES: usize = 25;
const REPORT_LINES: usize = 100;

/// A board that is talked to. An emulator that was started for it is killed when it goes out of scope.
pub(crate) struct Serial {
    peer: Peer,
    output: Box<dyn Write + Send>,
    received: Receiver<io::Result<Vec<u8>>>,
    transcript: Transcript,
    console_file: Option<PathBuf>,
    /// Which file the image was made from.
    elf: Option<PathBuf>,
}

impl Debug for Serial {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serial")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// What a wait for received bytes ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// These bytes came.
    Bytes(Vec<u8>),
    /// None came in time.
    Silence,
    /// Nothing more can come: the emulator has ended, the adapter is unplugged.
    Closed,
}

impl Serial {
    /// Starts the emulator.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        Peer::start(command).map(Self::new)
    }

    /// Opens a port.
    pub(crate) fn open(name: &str) -> Result<Self> {
        Peer::open(name).map(Self::new)
    }

    fn new((peer, Ends { output, received }): (Peer, Ends)) -> Self {
        Self {
            peer,
            output,
            received,
            transcript: Transcript::default(),
            console_file: None,
            elf: None,
        }
    }

    /// Writes what was received to a file in the end, for whoever wants to see more than a failure shows.
    pub(crate) fn keep_console(&mut self, file: PathBuf) {
        self.console_file = Some(file);
    }

    /// Has a failure explain the frames that the console's last lines name.
    pub(crate) fn explain_by(&mut self, elf: PathBuf) {
        self.elf = Some(elf);
    }

    /// Sends bytes.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let sent = self.output.write_all(bytes);
        sent.map_err(|error| {
            let whom = self.peer.describe();
            Failure::verdict(format!("no more input is taken: {error}\n{whom}")).into()
        })
    }

    /// Waits for bytes and takes them into the transcript.
    pub(crate) fn receive(&mut self, timeout: Duration) -> Received {
        match self.received.recv_timeout(timeout) {
            Ok(Ok(bytes)) => {
                self.transcript.push(&bytes);
                Received::Bytes(bytes)
            }
            Ok(Err(why)) => {
                self.peer.has_failed(why);
                Received::Closed
            }
            Err(RecvTimeoutError::Timeout) => Received::Silence,
            Err(RecvTimeoutError::Disconnected) => Received::Closed,
        }
    }

    /// Waits until `pattern` has come; returns the text up to and including it.
    ///
    /// # Errors
    ///
    /// When it does not come within `timeout` or the emulator ends: says what was waited for and shows
    /// the console's last lines.
    pub(crate) fn expect(&mut self, pattern: &str, timeout: Duration) -> Result<String> {
        self.expect_watched(pattern, timeout, &mut |_| {})
    }

    /// As [`Serial::expect`]; hands over all that has come and is not consumed, whenever more of it comes.
    pub(crate) fn expect_watched(
        &mut self,
        pattern: &str,
        timeout: Duration,
        seen: &mut dyn FnMut(&str),
    ) -> Result<String> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(text) = self.transcript.take_until(pattern) {
                return Ok(text);
            }
            seen(self.transcript.rest());
            let left = deadline.saturating_duration_since(Instant::now());
            let why = match self.receive(left) {
                // A guest that never stops talking is not what was waited for either.
                Received::Bytes(_) if !left.is_zero() => continue,
                Received::Bytes(_) | Received::Silence => {
                    format!("it did not come within {} s", timeout.as_secs())
                }
                Received::Closed => self.end(),
            };
            return Err(self
                .failure(&format!("waiting for `{}`: {why}", pattern.trim()))
                .into());
        }
    }

    /// Waits until the emulator ends by itself.
    pub(crate) fn wait_for_end(&mut self, timeout: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + timeout;
        while self.receive(deadline.saturating_duration_since(Instant::now())) != Received::Closed {
            if Instant::now() >= deadline {
                let what = format!("the emulator did not end within {} s", timeout.as_secs());
                return Err(self.failure(&what).into());
            }
        }
        self.peer.wait()
    }

    /// How it came that nothing more comes.
    pub(crate) fn end(&mut self) -> String {
        self.peer.end()
    }

    /// A verdict with the console's last lines.
    pub(crate) fn failure(&self, what: &str) -> Failure {
        let text = self.transcript.text();
        let console = if text.is_empty() {
            "nothing came over the serial line".to_owned()
        } else {
            format!("the console's last lines:\n{}", self.last_lines())
        };
        let mut message = format!("{what}\n{console}\n");
        if let Some(file) = &self.console_file {
            message.push_str(&format!("all of them: {}\n", file.display()));
        }
        message.push_str(&self.peer.describe());
        Failure::verdict(message)
    }

    fn last_lines(&self) -> String {
        let lines: Vec<&str> = self.transcript.text().lines().collect();
        let last = |count: usize| &lines[lines.len().saturating_sub(count)..];
        let has_report = last(REPORT_LINES)
            .iter()
            .any(|line| line.starts_with("#0 "));
        let shown = last(if has_report { REPORT_LINES } else { TAIL_LINES });
        match &self.elf {
            Some(elf) => indent(&explain::noted(&shown.join("\n"), elf.clone())),
            None => indent(shown),
        }
    }

    /// What the emulator said on its error output, once it has ended.
    pub(crate) fn last_words(&mut self) -> String {
        self.peer.last_words()
    }

    /// What has been received.
    pub(crate) fn transcript(&mut self) -> &mut Transcript {
        &mut self.transcript
    }
}

impl Drop for Serial {
    fn drop(&mut self) {
        if let Some(file) = &self.console_file {
            // The verdict stands without it.
            let _ = fs::write(file, self.transcript.text());
        }
    }
}

fn indent(lines: &[impl fmt::Display]) -> String {
    lines
        .iter()
        .map(|line| format!("  | {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests;
