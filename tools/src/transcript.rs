//! What came over the serial line, as a person would read it, and where a reader of it stands. Pure.

use pivot::report::{EXIT, Record};

/// Received text without terminal control, and how much of it has been consumed.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    text: String,
    consumed: usize,
    escape: Escape,
    /// Bytes of a character that is not complete yet.
    partial: Vec<u8>,
}

/// How far into a terminal control sequence the received bytes are (ECMA-48, section 5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    /// ESC was seen.
    Started,
    /// `ESC [` was seen: parameters follow, a letter ends it.
    Control,
}

impl Transcript {
    /// Takes received bytes: control sequences and carriage returns are left out.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.escape = match (self.escape, byte) {
                (_, 0x1b) => Escape::Started,
                (Escape::Started, b'[') => Escape::Control,
                (Escape::Started, _) => Escape::None,
                (Escape::Control, 0x40..=0x7e) => Escape::None,
                (Escape::Control, _) => Escape::Control,
                (Escape::None, _) => {
                    self.plain(byte);
                    Escape::None
                }
            };
        }
    }

    fn plain(&mut self, byte: u8) {
        if byte < 0x80 {
            if !self.partial.is_empty() {
                self.text.push_str(&String::from_utf8_lossy(&self.partial));
                self.partial.clear();
            }
            // Bell and carriage return move nothing that a reader of the text would see.
            if byte == b'\n' || byte == b'\t' || (0x20..0x7f).contains(&byte) {
                self.text.push(char::from(byte));
            }
        } else {
            self.partial.push(byte);
            if let Ok(character) = std::str::from_utf8(&self.partial) {
                self.text.push_str(character);
                self.partial.clear();
            }
        }
    }

    /// The text up to and including the next `pattern`, which is consumed; `None` while it is not there.
    pub(crate) fn take_until(&mut self, pattern: &str) -> Option<String> {
        let rest = &self.text[self.consumed..];
        let end = rest.find(pattern)? + pattern.len();
        let taken = rest[..end].to_owned();
        self.consumed += end;
        Some(taken)
    }

    /// What has not been consumed.
    pub(crate) fn rest(&self) -> &str {
        &self.text[self.consumed..]
    }

    /// Consumes everything that has been received.
    pub(crate) fn take_all(&mut self) -> String {
        let taken = self.text[self.consumed..].to_owned();
        self.consumed = self.text.len();
        taken
    }

    /// Drops what has been consumed: for a line that is watched for days.
    pub(crate) fn forget(&mut self) {
        self.text.drain(..self.consumed);
        self.consumed = 0;
    }

    /// Everything that was received.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// The report lines in a text.
pub(crate) fn records(text: &str) -> impl Iterator<Item = Record> {
    text.lines()
        .filter_map(|line| Record::parse(line.trim_end()).ok())
}

/// The code in the line that ends a run of commands, `@exit code=N`.
pub(crate) fn exit_code(line: &str) -> Option<u8> {
    let end = records(line).find(|record| record.id() == EXIT)?;
    end.number("code")?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(bytes: &[u8]) -> Transcript {
        let mut transcript = Transcript::default();
        transcript.push(bytes);
        transcript
    }

    #[test]
    fn control_sequences_are_left_out_even_when_they_arrive_in_pieces() {
        let mut transcript = transcript(b"a\x1b[1");
        transcript.push(b";31mb\x1b[Kc\r\n\x07d\x1b7e");
        assert_eq!(transcript.text(), "abc\nde");
    }

    #[test]
    fn a_pattern_is_found_once_and_what_follows_stays() {
        let mut transcript = transcript(b"boot\r\npivot> ");
        assert_eq!(
            transcript.take_until("pivot> ").as_deref(),
            Some("boot\npivot> ")
        );
        assert_eq!(transcript.take_until("pivot> "), None);
        transcript.push(b"ls\r\nx");
        assert_eq!(transcript.take_until("\n").as_deref(), Some("ls\n"));
        assert_eq!(transcript.take_all(), "x");
    }

    #[test]
    fn a_character_of_several_bytes_may_arrive_in_pieces_or_broken() {
        let mut transcript = transcript(b"5 \xc2");
        transcript.push(b"\xb5s ");
        assert_eq!(transcript.text(), "5 \u{b5}s ");
        transcript.push(b"\xff!");
        assert_eq!(transcript.text(), "5 \u{b5}s \u{fffd}!");
    }

    #[test]
    fn only_a_verdict_line_has_an_exit_code() {
        assert_eq!(exit_code("@exit code=0"), Some(0));
        assert_eq!(exit_code("@exit reason=x code=2\r"), Some(2));
        assert_eq!(exit_code("the line `@exit code=0`"), None);
        assert_eq!(exit_code("@exit code=300"), None);
        assert_eq!(exit_code("@exit"), None);
    }
}
