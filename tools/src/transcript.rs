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
                // Noise can look like the beginning of a sequence. A control character is none of its bytes: it ends it,
                // and counts for itself, so that no line is lost but the one that is damaged.
                (_, ..0x20) => {
                    self.plain(byte);
                    Escape::None
                }
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
            let may_go_on = match std::str::from_utf8(&self.partial) {
                Ok(_) => false,
                Err(error) => error.error_len().is_none(),
            };
            if !may_go_on {
                self.text.push_str(&String::from_utf8_lossy(&self.partial));
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn whatever_comes_every_line_that_is_plain_is_there_and_little_is_kept_back(
            noise in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0x1b), Just(b'['), 0x80_u8..], 0..60),
            line in "[ -~]{0,40}",
            cut in any::<prop::sample::Index>(),
        ) {
            let all = [&noise[..], b"\r\n", line.as_bytes(), b"\n"].concat();
            let (first, second) = all.split_at(cut.index(all.len()));
            let mut transcript = transcript(first);
            prop_assert!(transcript.partial.len() < 4, "{} bytes", transcript.partial.len());
            transcript.push(second);
            prop_assert!(transcript.text().ends_with(&format!("\n{line}\n")), "{:?}", transcript.text());
            let newlines = |text: &[u8]| text.iter().filter(|&&byte| byte == b'\n').count();
            prop_assert_eq!(newlines(transcript.text().as_bytes()), newlines(&all));
            let mut at_once = Transcript::default();
            at_once.push(&all);
            prop_assert_eq!(at_once.text(), transcript.text());
        }
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
