//! What is drawn against what a terminal makes of it.

use core::convert::Infallible;
use std::{string::String, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::shell::{Edit, History, KeyDecoder};

/// One row of a terminal that knows CR, CSI K and CSI D, and never wraps.
struct Terminal {
    row: Vec<char>,
    cursor: usize,
    columns: usize,
    sequence: String,
}

impl Terminal {
    fn new(columns: usize) -> Self {
        Self {
            row: Vec::new(),
            cursor: 0,
            columns,
            sequence: String::new(),
        }
    }

    fn row(&self) -> String {
        self.row.iter().collect::<String>().trim_end().into()
    }

    fn take(&mut self, c: char) {
        if !self.sequence.is_empty() || c == '\u{1b}' {
            self.sequence.push(c);
            if c.is_ascii_alphabetic() {
                self.control();
            }
            return;
        }
        match c {
            '\r' => self.cursor = 0,
            ' '..='~' => {
                self.row.resize(self.row.len().max(self.cursor + 1), ' ');
                self.row[self.cursor] = c;
                self.cursor += 1;
                assert!(self.cursor < self.columns, "the last column would wrap");
            }
            _ => panic!("not in one row: {c:?}"),
        }
    }

    fn control(&mut self) {
        let sequence = core::mem::take(&mut self.sequence);
        let body = sequence.strip_prefix("\u{1b}[").unwrap();
        match body.split_at(body.len() - 1) {
            ("", "K") => self.row.truncate(self.cursor),
            (count, "D") => {
                let count: usize = count.parse().unwrap();
                assert!(count > 0, "zero means one to a terminal");
                self.cursor = self.cursor.checked_sub(count).expect("within the row");
            }
            other => panic!("unknown to this terminal: {other:?}"),
        }
    }
}

impl uWrite for Terminal {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
        text.chars().for_each(|c| self.take(c));
        Ok(())
    }
}

fn typed(columns: usize, bytes: &[u8]) -> (Terminal, LineEditor) {
    let (mut terminal, mut row) = (Terminal::new(columns), PromptRow::new("> ", columns));
    let (mut line, mut decoder, mut history) =
        (LineEditor::new(), KeyDecoder::new(), History::new(4));
    history.push("one line before");
    history.push("x");
    row.draw(&line, &mut terminal).unwrap();
    for byte in bytes {
        let Some(key) = decoder.feed(*byte) else {
            continue;
        };
        match line.apply(key, &mut history) {
            Edit::Appended(byte) => row.append(byte, &line, &mut terminal).unwrap(),
            Edit::Entered | Edit::TooLong | Edit::Interrupted => {
                line.clear();
                row.erase(&mut terminal).unwrap();
                assert_eq!(terminal.row(), "");
                row.draw(&line, &mut terminal).unwrap();
            }
            Edit::Refused => {}
            _ => row.draw(&line, &mut terminal).unwrap(),
        }
    }
    (terminal, line)
}

#[test]
fn a_short_line_stands_behind_the_prompt() {
    let (terminal, _) = typed(20, b"ac\x1b[Db");
    assert_eq!((terminal.row().as_str(), terminal.cursor), ("> abc", 4));
}

#[test]
fn a_wide_line_shows_the_part_around_the_cursor() {
    let shows = |bytes: &[u8]| {
        let (terminal, _) = typed(13, bytes);
        (terminal.row(), terminal.cursor)
    };
    assert_eq!(shows(b"0123456789"), ("> 0123456789".into(), 12));
    assert_eq!(shows(b"0123456789a"), ("> 56789a".into(), 8));
    assert_eq!(shows(b"0123456789abcdef"), ("> abcdef".into(), 8));
    assert_eq!(
        shows(b"0123456789abcdef\x02\x02\x02\x02\x02\x02"),
        ("> 789abcdef".into(), 5)
    );
    assert_eq!(shows(b"0123456789abcdef\x01"), ("> 0123456789".into(), 2));
}

#[test]
fn a_wide_line_that_becomes_short_is_shown_from_its_start() {
    let (terminal, _) = typed(13, b"0123456789abcdef\x17ab");
    assert_eq!((terminal.row().as_str(), terminal.cursor), ("> ab", 4));
}

proptest! {
    #[test]
    fn the_screen_shows_the_line_and_the_cursor_stands_in_it(
        keys in prop::collection::vec(prop_oneof![
            6 => "[ -~]{1,3}",
            1 => Just(String::from("\u{7f}")),
            3 => "\u{1b}(\\[(A|B|C|D|H|F|3~|1;5C|1;5D)|b|f|d)",
            2 => "[\u{1}-\u{1f}]",
        ], 0..120),
        columns in 11_usize..40,
    ) {
        let (terminal, line) = typed(columns, keys.concat().as_bytes());
        let screen = terminal.row();
        let shown = screen.get(2..).unwrap_or_default();
        let width = columns - 3;
        // The cursor's column says which part of the line is shown; that part must be what is shown.
        let first = line.cursor() + 2 - terminal.cursor;
        let end = line.text().len().min(first + width);
        prop_assert_eq!(shown, line.text()[first..end].trim_end());
        prop_assert!(screen.starts_with('>'));
        prop_assert!(line.text().len() > width || first == 0);
    }
}
