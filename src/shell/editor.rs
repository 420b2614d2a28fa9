//! The line that is being typed: a buffer, a cursor, and what each key does to them.

use super::{History, Key};

/// The longest line, in bytes.
pub const LINE_MAX: usize = 255;

/// What a key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Nothing.
    Nothing,
    /// One character was added behind the last one: it is enough to echo it.
    Appended(u8),
    /// The line or the cursor changed: draw it again.
    Changed,
    /// The key could not be obeyed: ring the bell.
    Refused,
    /// The line is complete; take it with [`LineEditor::text`], then [`LineEditor::clear`].
    Entered,
    /// The line is complete but was too long for the buffer. It is not to be run, not even in part.
    TooLong,
    /// ^C: the line is given up.
    Interrupted,
    /// ^D on an empty line.
    EndOfInput,
    /// Tab: complete the word before the cursor.
    Complete,
    /// Clear the screen, then draw the line again.
    ClearScreen,
}

/// A line of printable ASCII that is being edited.
#[derive(Debug, Default)]
pub struct LineEditor {
    text: heapless::String<LINE_MAX>,
    cursor: usize,
    /// Characters were refused for lack of room since the last deletion.
    is_overlong: bool,
}

impl LineEditor {
    /// An empty line.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            text: heapless::String::new(),
            cursor: 0,
            is_overlong: false,
        }
    }

    /// The line.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor stands, in characters from the start; at most the length of the line.
    #[must_use]
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    /// The line up to the cursor.
    #[must_use]
    pub fn before_cursor(&self) -> &str {
        &self.text[..self.cursor]
    }

    /// Starts again with an empty line.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Inserts `text` at the cursor: all of it or, without room for all or with anything in it that is
    /// not printable ASCII, nothing.
    pub fn insert(&mut self, text: &str) -> Edit {
        let is_printable = text.bytes().all(|b| (b' '..=b'~').contains(&b));
        if !is_printable || text.len() > LINE_MAX - self.text.len() {
            return Edit::Refused;
        }
        let tail: heapless::String<LINE_MAX> =
            self.text[self.cursor..].try_into().unwrap_or_default();
        self.text.truncate(self.cursor);
        // Both fit: their length was compared with the room above.
        let is_complete = self
            .text
            .push_str(text)
            .and_then(|()| self.text.push_str(&tail))
            .is_ok();
        debug_assert!(is_complete, "the room was compared before");
        self.cursor += text.len();
        Edit::Changed
    }

    /// Does what `key` says.
    pub fn apply(&mut self, key: Key, history: &mut History) -> Edit {
        match key {
            Key::Char(byte) => self.typed(byte),
            Key::Backspace => self.delete(self.cursor.saturating_sub(1), self.cursor),
            Key::Delete => self.delete(self.cursor, self.cursor + 1),
            Key::KillToEnd => self.delete(self.cursor, self.text.len()),
            Key::KillToStart => self.delete(0, self.cursor),
            Key::KillWordLeft => self.delete(self.word_left(), self.cursor),
            Key::KillWordRight => self.delete(self.cursor, self.word_right()),
            Key::Left => self.move_to(self.cursor.saturating_sub(1)),
            Key::Right => self.move_to(self.cursor + 1),
            Key::WordLeft => self.move_to(self.word_left()),
            Key::WordRight => self.move_to(self.word_right()),
            Key::Home => self.move_to(0),
            Key::End => self.move_to(self.text.len()),
            Key::Previous => match history.older(&self.text) {
                Some(line) => self.replace(line),
                None => Edit::Refused,
            },
            Key::Next => match history.newer() {
                Some(line) => self.replace(line),
                None => Edit::Refused,
            },
            Key::Enter if self.is_overlong => Edit::TooLong,
            Key::Enter => Edit::Entered,
            Key::EndOfInput if self.text.is_empty() => Edit::EndOfInput,
            Key::EndOfInput => self.delete(self.cursor, self.cursor + 1),
            Key::Interrupt => Edit::Interrupted,
            Key::Complete => Edit::Complete,
            Key::ClearScreen => Edit::ClearScreen,
            Key::Refused => Edit::Refused,
        }
    }

    fn typed(&mut self, byte: u8) -> Edit {
        let is_last = self.cursor == self.text.len();
        let edit = self.insert(char::from(byte).encode_utf8(&mut [0; 4]));
        match edit {
            Edit::Changed if is_last => Edit::Appended(byte),
            Edit::Refused => {
                self.is_overlong = true;
                edit
            }
            _ => edit,
        }
    }

    fn replace(&mut self, line: &str) -> Edit {
        self.clear();
        self.insert(line)
    }

    fn delete(&mut self, from: usize, to: usize) -> Edit {
        let to = to.min(self.text.len());
        if from >= to {
            return Edit::Refused;
        }
        let tail: heapless::String<LINE_MAX> = self.text[to..].try_into().unwrap_or_default();
        self.text.truncate(from);
        let is_complete = self.text.push_str(&tail).is_ok();
        debug_assert!(is_complete, "what was there before fits");
        self.cursor = from;
        self.is_overlong = false;
        Edit::Changed
    }

    fn move_to(&mut self, to: usize) -> Edit {
        let to = to.min(self.text.len());
        if to == self.cursor {
            return Edit::Refused;
        }
        self.cursor = to;
        Edit::Changed
    }

    /// The start of the word before the cursor. Words are what stands between spaces.
    fn word_left(&self) -> usize {
        let trimmed = self.before_cursor().trim_end_matches(' ');
        trimmed.rfind(' ').map_or(0, |space| space + 1)
    }

    /// The end of the word after the cursor.
    fn word_right(&self) -> usize {
        let rest = &self.text[self.cursor..];
        let word = rest.len() - rest.trim_start_matches(' ').len();
        rest[word..]
            .find(' ')
            .map_or(self.text.len(), |end| self.cursor + word + end)
    }
}

#[cfg(test)]
mod tests;
