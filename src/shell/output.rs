//! Where commands print: whole lines, above the line that is being typed.

use alloc::string::String;
use core::convert::Infallible;

use ufmt::uWrite;

use super::terminal;

/// Without an end of line, text is printed when it has this many bytes.
const FLUSH_AT: usize = 1024;

/// What is held back and has this many bytes is shown after all: something is very wrong, or very long.
const HELD_MAX: usize = 64 * 1024;

/// The output of one command. Each has its own, so that the lines of two commands never mix.
#[derive(Debug, Default)]
pub struct Output {
    pending: String,
    has_reported: bool,
    /// What is printed is kept for later.
    is_held: bool,
    /// Checks that were made, for whoever runs the commands that make them.
    checks: u32,
}

impl Output {
    /// Prints what has no end of line yet, such as a sign of progress; unless it is held back.
    pub fn flush(&mut self) {
        if !self.is_held && !self.pending.is_empty() {
            terminal::print(&self.pending);
            self.pending.clear();
        }
    }

    /// Keeps back what is printed from now on.
    pub(crate) fn hold(&mut self) {
        self.flush();
        self.is_held = true;
    }

    /// Ends [`hold`](Self::hold): shows what was kept back, or forgets it.
    pub(crate) fn release(&mut self, is_shown: bool) {
        if core::mem::take(&mut self.is_held) && !is_shown {
            self.pending.clear();
        }
        self.flush();
    }

    /// Notes that so many checks were made.
    pub(crate) fn add_checks(&mut self, checks: u32) {
        self.checks += checks;
    }

    /// How many checks were made since this was last asked.
    pub(crate) fn take_checks(&mut self) -> u32 {
        core::mem::take(&mut self.checks)
    }

    /// Whether a line for machines was printed since this was last asked.
    pub(crate) fn take_has_reported(&mut self) -> bool {
        core::mem::take(&mut self.has_reported)
    }
}

impl uWrite for Output {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
        self.has_reported |=
            text.starts_with('@') && matches!(self.pending.chars().last(), None | Some('\n'));
        self.pending.push_str(text);
        if self.is_held {
            self.is_held = self.pending.len() < HELD_MAX;
        } else if text.ends_with('\n') || self.pending.len() >= FLUSH_AT {
            self.flush();
        }
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.flush();
    }
}
