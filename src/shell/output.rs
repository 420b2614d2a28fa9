//! Where commands print: whole lines, above the line that is being typed.

use alloc::string::String;
use core::convert::Infallible;

use ufmt::uWrite;

use super::terminal;

/// Without an end of line, text is printed when it has this many bytes.
const FLUSH_AT: usize = 1024;

/// The output of one command. Each has its own, so that the lines of two commands never mix.
#[derive(Debug, Default)]
pub struct Output {
    pending: String,
    has_reported: bool,
}

impl Output {
    /// Prints what has no end of line yet, such as a sign of progress.
    pub fn flush(&mut self) {
        if !self.pending.is_empty() {
            terminal::print(&self.pending);
            self.pending.clear();
        }
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
        if text.ends_with('\n') || self.pending.len() >= FLUSH_AT {
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
