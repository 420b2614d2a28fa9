//! Who is at the other end of a serial line, and the thread that reads from it.

use std::io::{self, ErrorKind, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::failure::Failure;
use crate::port;
use crate::step::render;

/// The other end. An emulator is killed when this goes out of scope.
#[derive(Debug)]
pub(super) enum Peer {
    /// An emulator of ours.
    Emulator {
        child: Child,
        errors: Option<thread::JoinHandle<String>>,
        command: String,
    },
    /// Whatever is behind a port.
    Port {
        name: String,
        /// Why nothing more can come, once it cannot.
        error: Option<io::Error>,
        /// Tells the thread that reads to end.
        stop: Arc<AtomicBool>,
        /// That thread: until it ends it has the port, which nobody else can open.
        reader: Option<thread::JoinHandle<()>>,
    },
}

/// The two directions of a line.
pub(super) struct Ends {
    pub(super) output: Box<dyn Write + Send>,
    pub(super) received: Receiver<io::Result<Vec<u8>>>,
}

impl Peer {
    /// Starts an emulator.
    pub(super) fn start(command: &mut Command) -> Result<(Self, Ends)> {
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
        let output = child.stdout.take().context("the emulator has no output")?;
        let input = child.stdin.take().context("the emulator has no input")?;
        let mut errors = child
            .stderr
            .take()
            .context("the emulator has no error output")?;
        let errors = thread::spawn(move || {
            let mut text = Vec::new();
            // What was read before an error is still worth showing.
            let _ = errors.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let peer = Self::Emulator {
            child,
            errors: Some(errors),
            command: shown,
        };
        let (ends, _) = Ends::new(input, output, Arc::default());
        Ok((peer, ends))
    }

    /// Opens a port.
    pub(super) fn open(name: &str) -> Result<(Self, Ends)> {
        let port = port::open(name)?;
        let input = port
            .try_clone()
            .with_context(|| format!("opening {name} a second time, to read"))?;
        let stop = Arc::new(AtomicBool::new(false));
        let (ends, reader) = Ends::new(port, input, Arc::clone(&stop));
        let peer = Self::Port {
            name: name.to_owned(),
            error: None,
            stop,
            reader: Some(reader),
        };
        Ok((peer, ends))
    }

    /// What a reader of a failure has to know about it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Emulator { command, .. } => format!("the emulator: {command}"),
            Self::Port { name, .. } => format!("the port: {name}"),
        }
    }

    /// Remembers why nothing more comes.
    pub(super) fn has_failed(&mut self, why: io::Error) {
        if let Self::Port { error, .. } = self {
            *error = Some(why);
        }
    }

    /// How it came that nothing more comes.
    pub(super) fn end(&mut self) -> String {
        match self {
            Self::Emulator { .. } => format!("the emulator ended{}", self.last_words()),
            Self::Port { name, error, .. } => {
                let why = error.as_ref().map(|error| format!(": {error}"));
                let why = why.unwrap_or_default();
                format!("{name} has gone (unplugged, or its emulator ended){why}")
            }
        }
    }

    /// What an emulator said on its error output, once it has ended.
    pub(super) fn last_words(&mut self) -> String {
        let errors = match self {
            Self::Emulator { errors, .. } => errors.take(),
            Self::Port { .. } => None,
        };
        let words = errors
            .and_then(|reader| reader.join().ok())
            .unwrap_or_default();
        if words.trim().is_empty() {
            String::new()
        } else {
            format!(": {}", words.trim())
        }
    }

    /// Waits for an emulator to end.
    pub(super) fn wait(&mut self) -> Result<ExitStatus> {
        match self {
            Self::Emulator { child, .. } => child.wait().context("waiting for the emulator"),
            Self::Port { name, .. } => bail!("{name} has no program that could end"),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        match self {
            Self::Emulator { child, .. } => {
                // It may have ended by itself; there is nobody left to tell.
                let _ = child.kill();
                let _ = child.wait();
            }
            Self::Port { stop, reader, .. } => {
                stop.store(true, Ordering::Relaxed);
                // A read ends after a moment without a byte. What the thread died of nobody asks any more.
                let _ = reader.take().map(thread::JoinHandle::join);
            }
        }
    }
}

impl Ends {
    fn new(
        output: impl Write + Send + 'static,
        mut input: impl Read + Send + 'static,
        stop: Arc<AtomicBool>,
    ) -> (Self, thread::JoinHandle<()>) {
        let (sender, received) = mpsc::channel();
        let reader = thread::spawn(move || forward(&mut input, &sender, &stop));
        let ends = Self {
            output: Box::new(output),
            received,
        };
        (ends, reader)
    }
}

/// Sends on what can be read, until there is nothing more, nobody who wants it, or `stop`.
fn forward(input: &mut dyn Read, sender: &Sender<io::Result<Vec<u8>>>, stop: &AtomicBool) {
    let mut buffer = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        let received = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => Ok(buffer[..count].to_vec()),
            Err(error) if is_temporary(&error) => continue,
            Err(error) => Err(error),
        };
        let is_last = received.is_err();
        if sender.send(received).is_err() || is_last {
            break;
        }
    }
}

fn is_temporary(error: &io::Error) -> bool {
    use ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}
