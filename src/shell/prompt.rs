//! Drawing the line that is being typed, in one row of the terminal.
//!
//! A line that is wider than the row is shown in part, around the cursor: a row that never wraps can be
//! erased and drawn again without knowing how the terminal wraps. The width is not asked of the terminal,
//! since a pipe or a script does not answer.

use ufmt::{uWrite, uwrite};

use super::LineEditor;

/// The row of the terminal with the prompt and the line.
#[derive(Debug)]
pub struct PromptRow {
    prompt: &'static str,
    /// Columns behind the prompt, without the last one: no cursor ever stands there.
    room: usize,
    /// The first character of the line that is shown.
    first: usize,
}

impl PromptRow {
    /// A row of `columns` that starts with `prompt`. There is room for at least eight characters, even
    /// where the terminal has none.
    #[must_use]
    pub const fn new(prompt: &'static str, columns: usize) -> Self {
        let room = columns.saturating_sub(prompt.len() + 1);
        Self {
            prompt,
            room: if room < 8 { 8 } else { room },
            first: 0,
        }
    }

    /// Draws the row, whatever stood there, and leaves the cursor where `line` has it.
    ///
    /// # Errors
    ///
    /// What the sink returns.
    pub fn draw<W: uWrite + ?Sized>(
        &mut self,
        line: &LineEditor,
        out: &mut W,
    ) -> Result<(), W::Error> {
        let (text, cursor) = (line.text(), line.cursor());
        if text.len() <= self.room {
            self.first = 0;
        } else if cursor <= self.first {
            self.first = cursor.saturating_sub(self.room / 3);
        } else if cursor > self.first + self.room {
            // By several characters at once: text that is pasted is not drawn anew for each of them.
            self.first = cursor - self.room * 2 / 3;
        }
        let end = text.len().min(self.first + self.room);
        uwrite!(out, "\r{}{}\x1b[K", self.prompt, &text[self.first..end])?;
        match end - cursor {
            0 => Ok(()),
            back => uwrite!(out, "\x1b[{}D", back),
        }
    }

    /// Shows a character that was added behind the last one.
    ///
    /// # Errors
    ///
    /// What the sink returns.
    pub fn append<W: uWrite + ?Sized>(
        &mut self,
        byte: u8,
        line: &LineEditor,
        out: &mut W,
    ) -> Result<(), W::Error> {
        if line.text().len() - self.first > self.room {
            return self.draw(line, out);
        }
        out.write_char(char::from(byte))
    }

    /// Empties the row, so that other output can take its place.
    ///
    /// # Errors
    ///
    /// What the sink returns.
    pub fn erase<W: uWrite + ?Sized>(&mut self, out: &mut W) -> Result<(), W::Error> {
        self.first = 0;
        out.write_str("\r\x1b[K")
    }
}

#[cfg(test)]
mod tests;
