//! The person's terminal: every key as it is typed, and put back as it was, however the monitor ends.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use anyhow::{Context, Result};
use rustix::stdio::stdin;
use rustix::termios::{OptionalActions, OutputModes, Termios, isatty, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// A terminal whose keys come one by one while this lives.
pub(super) struct Terminal {
    before: Option<Termios>,
    is_told_to_end: Arc<AtomicBool>,
}

impl Terminal {
    /// Has every key handed over as it is, Ctrl-C too. What is not a terminal stays what it is.
    pub(super) fn enter() -> Result<Self> {
        let mut terminal = Self::none();
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&terminal.is_told_to_end))
                .context("taking signals")?;
        }
        if isatty(stdin()) {
            let before = tcgetattr(stdin()).context("reading the terminal's modes")?;
            let mut raw = before.clone();
            raw.make_raw();
            // A newline of the monitor's own still begins at the left.
            raw.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
            // Before the modes change, so that whatever happens puts them back.
            terminal.before = Some(before);
            tcsetattr(stdin(), OptionalActions::Now, &raw)
                .context("setting the terminal's modes")?;
        }
        Ok(terminal)
    }

    /// No terminal at all.
    pub(super) fn none() -> Self {
        Self {
            before: None,
            is_told_to_end: Arc::default(),
        }
    }

    /// Whether a signal has come that means the end.
    pub(super) fn is_told_to_end(&self) -> bool {
        self.is_told_to_end.load(Ordering::Relaxed)
    }
}

/// What is typed.
pub(super) fn keys() -> Receiver<Vec<u8>> {
    let (sender, keys) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 256];
        while let Ok(count @ 1..) = io::stdin().read(&mut buffer) {
            if sender.send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    keys
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // There is nobody to tell if it fails.
            let _ = tcsetattr(stdin(), OptionalActions::Flush, before);
        }
    }
}
