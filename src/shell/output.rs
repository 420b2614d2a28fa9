//! Where commands print: whole lines, above the line that is being typed.

use alloc::string::String;
use core::convert::Infallible;

use ufmt::uWrite;

/// The output of one command. Each has its own, so that the lines of two commands never mix.
#[derive(Debug, Default)]
pub struct Output {
    pending: String,
}

/// Without an end of line, this many bytes are printed at once (the console wraps there anyway).
const FLUSH_AT: usize = 1024;

impl Output {
    /// Prints what has no end of line yet.
    pub fn flush(&mut self) {
        if !self.pending.is_empty() {
            crate::console::write(self.pending.as_bytes());
            self.pending.clear();
        }
    }
}

impl uWrite for Output {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
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
