//! A running emulator and the two ends of its serial line.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::failure::Failure;
use crate::step::{render, tail};
use crate::transcript::Transcript;

/// How many of the console's last lines a failure shows.
const TAIL_LINES: usize = 25;

/// An emulator that is talked to; killed when it goes out of scope.
#[derive(Debug)]
pub(crate) struct Serial {
    child: Child,
    input: Option<ChildStdin>,
    received: Receiver<Vec<u8>>,
    errors: Option<thread::JoinHandle<String>>,
    transcript: Transcript,
    command: String,
    console_file: Option<PathBuf>,
}

/// What a wait for received bytes ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// These bytes came.
    Bytes(Vec<u8>),
    /// None came in time.
    Silence,
    /// The emulator has gone.
    Closed,
}

impl Serial {
    /// Starts the emulator.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let shown = render(command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                Failure::environment(format!("`{shown}` could not be started: {error}"))
                    .help("cargo xtask setup")
            })?;
        let mut output = child.stdout.take().context("the emulator has no output")?;
        let mut errors = child
            .stderr
            .take()
            .context("the emulator has no error output")?;
        let (sender, received) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let errors = thread::spawn(move || {
            let mut text = Vec::new();
            // What was read before an error is still worth showing.
            let _ = errors.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Self {
            input: child.stdin.take(),
            child,
            received,
            errors: Some(errors),
            transcript: Transcript::default(),
            command: shown,
            console_file: None,
        })
    }

    /// Writes what was received to a file in the end, for whoever wants to see more than a failure shows.
    pub(crate) fn keep_console(&mut self, file: PathBuf) {
        self.console_file = Some(file);
    }

    /// Sends bytes.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let input = self.input.as_mut().context("the emulator has no input")?;
        input
            .write_all(bytes)
            .and_then(|()| input.flush())
            .map_err(|error| {
                Failure::verdict(format!("the emulator takes no more input: {error}")).into()
            })
    }

    /// Waits for bytes and takes them into the transcript.
    pub(crate) fn receive(&mut self, timeout: Duration) -> Received {
        match self.received.recv_timeout(timeout) {
            Ok(bytes) => {
                self.transcript.push(&bytes);
                Received::Bytes(bytes)
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
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(text) = self.transcript.take_until(pattern) {
                return Ok(text);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let why = match self.receive(left) {
                // A guest that never stops talking is not what was waited for either.
                Received::Bytes(_) if !left.is_zero() => continue,
                Received::Bytes(_) | Received::Silence => {
                    format!("it did not come within {} s", timeout.as_secs())
                }
                Received::Closed => format!("the emulator ended{}", self.last_words()),
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
        self.child.wait().context("waiting for the emulator")
    }

    /// A verdict with the console's last lines.
    pub(crate) fn failure(&self, what: &str) -> Failure {
        let text = self.transcript.text();
        let console = if text.is_empty() {
            "nothing came over the serial line".to_owned()
        } else {
            format!(
                "the console's last lines:\n{}",
                indent(&tail(text, TAIL_LINES))
            )
        };
        let mut message = format!("{what}\n{console}\n");
        if let Some(file) = &self.console_file {
            message.push_str(&format!("all of them: {}\n", file.display()));
        }
        Failure::verdict(format!("{message}the emulator: {}", self.command))
    }

    /// What the emulator said on its error output, once it has ended.
    pub(crate) fn last_words(&mut self) -> String {
        let words = self
            .errors
            .take()
            .and_then(|reader| reader.join().ok())
            .unwrap_or_default();
        if words.trim().is_empty() {
            String::new()
        } else {
            format!(": {}", words.trim())
        }
    }

    /// What has been received.
    pub(crate) fn transcript(&mut self) -> &mut Transcript {
        &mut self.transcript
    }
}

impl Drop for Serial {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(file) = &self.console_file {
            // The verdict stands without it.
            let _ = fs::write(file, self.transcript.text());
        }
    }
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| format!("  | {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Serial {
        Serial::start(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn what_is_sent_is_answered_and_found() {
        let mut serial = shell("read line; echo \"got $line\"; exec sleep 60");
        serial.send(b"hello\n").unwrap();
        let text = serial
            .expect("got hello\n", Duration::from_secs(30))
            .unwrap();
        assert_eq!(text, "got hello\n");
    }

    #[test]
    fn a_program_that_ends_early_is_reported_with_its_last_words() {
        let mut serial = shell("echo boot; echo 'no such machine' >&2; exit 1");
        let message = serial
            .expect("prompt", Duration::from_secs(30))
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("the emulator ended: no such machine"),
            "{message}"
        );
        assert!(message.contains("  | boot"), "{message}");
    }

    #[test]
    fn silence_is_reported_after_the_time_given() {
        let mut serial = shell("exec sleep 60");
        let message = serial
            .expect("prompt", Duration::from_millis(50))
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("waiting for `prompt`: it did not come"),
            "{message}"
        );
        assert!(
            message.contains("nothing came over the serial line"),
            "{message}"
        );
    }
}
