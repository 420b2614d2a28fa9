//! Keys against the line, one by one and at random.

use std::{string::String, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::shell::KeyDecoder;

struct Typist {
    decoder: KeyDecoder,
    history: History,
    line: LineEditor,
}

impl Typist {
    fn new() -> Self {
        Self {
            decoder: KeyDecoder::new(),
            history: History::new(4),
            line: LineEditor::new(),
        }
    }

    /// Types `bytes`; the last edit is returned.
    fn types(&mut self, bytes: &[u8]) -> Edit {
        let mut last = Edit::Nothing;
        for byte in bytes {
            if let Some(key) = self.decoder.feed(*byte) {
                last = self.line.apply(key, &mut self.history);
            }
        }
        last
    }

    fn shows(&self) -> (&str, usize) {
        (self.line.text(), self.line.cursor())
    }
}

/// What the line is, and where the cursor, after `bytes`.
fn after(bytes: &[u8]) -> (String, usize) {
    let mut typist = Typist::new();
    typist.types(bytes);
    (typist.line.text().into(), typist.line.cursor())
}

#[test]
fn backspace_removes_the_last_character_and_stops_at_the_start() {
    let mut typist = Typist::new();
    assert_eq!(typist.types(b"a"), Edit::Appended(b'a'));
    assert_eq!(typist.types(b"\x7f"), Edit::Changed);
    assert_eq!(typist.types(b"\x7f"), Edit::Refused);
    assert_eq!(typist.types(b"\r"), Edit::Entered);
    assert_eq!(typist.shows(), ("", 0));
}

#[test]
fn text_is_inserted_and_deleted_where_the_cursor_stands() {
    assert_eq!(after(b"ac\x1b[Db"), ("abc".into(), 2));
    assert_eq!(after(b"abc\x1b[D\x1b[D\x1b[3~"), ("ac".into(), 1));
    assert_eq!(after(b"abc\x1b[D\x08"), ("ac".into(), 1));
    assert_eq!(after(b"abc\x01\x04"), ("bc".into(), 0));
    assert_eq!(after(b"abc\x01\x06\x0b"), ("a".into(), 1));
    assert_eq!(after(b"abc\x02\x15"), ("c".into(), 0));
}

#[test]
fn words_are_what_stands_between_spaces() {
    assert_eq!(after(b"ab  cd-ef \x1bb"), ("ab  cd-ef ".into(), 4));
    assert_eq!(after(b"ab  cd-ef \x1bb\x1bb"), ("ab  cd-ef ".into(), 0));
    assert_eq!(after(b"ab  cd ef\x01\x1bf"), ("ab  cd ef".into(), 2));
    assert_eq!(
        after(b"ab  cd ef\x01\x1bf\x1b[1;5C"),
        ("ab  cd ef".into(), 6)
    );
    assert_eq!(after(b"ab  cd \x17"), ("ab  ".into(), 4));
    assert_eq!(after(b"ab  cd\x01\x1bd"), ("  cd".into(), 0));
}

#[test]
fn the_history_is_reached_by_arrows_and_the_draft_comes_back() {
    let mut typist = Typist::new();
    typist.history.push("first");
    typist.history.push("second");
    typist.types(b"dra\x1b[A\x10");
    assert_eq!(typist.shows(), ("first", 5));
    typist.types(b"\x0e\x1b[B");
    assert_eq!(typist.shows(), ("dra", 3));
    assert_eq!(typist.types(b"\x1b[B"), Edit::Refused);
}

#[test]
fn a_line_that_is_too_long_is_never_entered() {
    let mut typist = Typist::new();
    typist.types(&[b'a'; LINE_MAX]);
    assert_eq!(typist.types(b"\r"), Edit::Entered);
    assert_eq!(typist.types(b"b"), Edit::Refused);
    assert_eq!(typist.line.text().len(), LINE_MAX);
    assert_eq!(typist.types(b"\r"), Edit::TooLong);
}

#[test]
fn a_line_that_was_too_long_can_be_mended_by_deleting() {
    let mut typist = Typist::new();
    typist.types(&[b'a'; LINE_MAX + 1]);
    typist.types(b"\x7f");
    assert_eq!(typist.types(b"\r"), Edit::Entered);
    typist.types(&[b'a'; 2]);
    typist.line.clear();
    assert_eq!(typist.types(b"b\r"), Edit::Entered);
}

#[test]
fn an_insertion_is_made_whole_or_not_at_all() {
    let mut line = LineEditor::new();
    assert_eq!(line.insert(&"a".repeat(LINE_MAX - 1)), Edit::Changed);
    assert_eq!(line.insert("bc"), Edit::Refused);
    assert_eq!(line.text().len(), LINE_MAX - 1);
    assert_eq!(line.insert("\n"), Edit::Refused);
}

#[test]
fn end_of_input_deletes_unless_the_line_is_empty() {
    let mut typist = Typist::new();
    assert_eq!(typist.types(b"\x04"), Edit::EndOfInput);
    assert_eq!(typist.types(b"a\x01\x04"), Edit::Changed);
    assert_eq!(typist.types(b"\x04"), Edit::EndOfInput);
}

proptest! {
    #[test]
    fn any_bytes_leave_printable_text_and_a_cursor_within_it(bytes in any::<Vec<u8>>()) {
        let mut typist = Typist::new();
        for byte in bytes {
            let edit = typist.types(&[byte]);
            if edit == Edit::Entered {
                typist.history.push(typist.line.text());
                typist.line.clear();
            }
            let (text, cursor) = typist.shows();
            prop_assert!(cursor <= text.len() && text.len() <= LINE_MAX);
            prop_assert!(text.bytes().all(|b| (b' '..=b'~').contains(&b)));
        }
    }

    #[test]
    fn what_is_entered_is_exactly_what_was_typed_or_nothing(text in "[ -~]{0,300}") {
        let mut typist = Typist::new();
        typist.types(text.as_bytes());
        match typist.types(b"\r") {
            Edit::Entered => prop_assert_eq!(typist.line.text(), text),
            Edit::TooLong => prop_assert!(text.len() > LINE_MAX),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
