//! The whole way of what is typed, from the bytes on the wire to a command and its arguments, with any bytes.
//!
//! Each step has tests of its own; these are about what the steps promise together.

use std::{format, string::String, vec::Vec};

use proptest::{collection::vec, prelude::*};

use super::args::tests::{SPECS, shown};
use super::*;

/// The pure part of a terminal at the prompt: what `Terminal::key` does, without drawing.
struct AtPrompt {
    decoder: KeyDecoder,
    history: History,
    line: LineEditor,
    entered: Vec<String>,
}

impl AtPrompt {
    fn new() -> Self {
        Self {
            decoder: KeyDecoder::new(),
            history: History::new(4),
            line: LineEditor::new(),
            entered: Vec::new(),
        }
    }

    fn type_bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if let Some(key) = self.decoder.feed(byte) {
                self.press(key);
            }
        }
    }

    fn press(&mut self, key: Key) -> Edit {
        let edit = self.line.apply(key, &mut self.history);
        match edit {
            Edit::Entered => {
                let line = String::from(self.line.text());
                self.history.push(&line);
                self.entered.push(line);
                self.line.clear();
            }
            Edit::TooLong => self.line.clear(),
            Edit::Interrupted => {
                self.history.leave();
                self.line.clear();
            }
            Edit::Complete => {
                let insert = complete(&SPECS, self.line.before_cursor()).insert;
                self.line.insert(&insert);
            }
            _ => {}
        }
        edit
    }
}

/// Bytes of all kinds: anything, words that mean something here, sequences that are whole, cut or wrong.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => vec(any::<u8>(), 1..8),
        4 => "(ctxsw|repeat 3|echo|help|apart|--seconds|=|;|&|'|\"|\\\\| |\r|\n|\t){1,4}".prop_map(String::into_bytes),
        4 => "\u{1b}(\\[|O|\\[\\[)?[0-9;]{0,6}[A-Za-z~]?".prop_map(String::into_bytes),
        1 => vec(b' '..=b'~', LINE_MAX - 2..LINE_MAX + 20),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn keys() -> impl Strategy<Value = Key> {
    prop_oneof![
        8 => (b' '..=b'~').prop_map(Key::Char),
        1 => Just(Key::Backspace),
        1 => Just(Key::Delete),
        2 => Just(Key::Left),
        1 => Just(Key::Right),
        1 => Just(Key::Home),
        1 => Just(Key::End),
        1 => Just(Key::KillToEnd),
        1 => Just(Key::KillToStart),
    ]
}

/// A line as one would write an editor that has no bound, and no eye for memory.
#[derive(Default)]
struct Model {
    text: Vec<u8>,
    cursor: usize,
    /// How many characters more were typed than there was room for, since something was deleted.
    refused: usize,
}

impl Model {
    fn press(&mut self, key: Key) {
        let before = self.text.len();
        match key {
            Key::Char(_) if before == LINE_MAX => self.refused += 1,
            Key::Char(byte) => {
                self.text.insert(self.cursor, byte);
                self.cursor += 1;
            }
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            Key::Delete if self.cursor < before => {
                self.text.remove(self.cursor);
            }
            Key::KillToEnd => self.text.truncate(self.cursor),
            Key::KillToStart => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = before.min(self.cursor + 1),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = before,
            _ => {}
        }
        if self.text.len() < before {
            self.refused = 0;
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_line_deaf(noise in bytes(), line in "[ -~]{0,255}") {
        let mut prompt = AtPrompt::new();
        prompt.type_bytes(&noise);
        prompt.type_bytes(b"\x03");
        prompt.entered.clear();
        prompt.type_bytes(line.as_bytes());
        prompt.type_bytes(b"\r");
        prop_assert_eq!(prompt.entered, [line]);
    }

    #[test]
    fn whatever_is_entered_is_a_line_that_is_run_or_refused_with_words(noise in bytes()) {
        let mut prompt = AtPrompt::new();
        prompt.type_bytes(&noise);
        prompt.type_bytes(b"\r\n");
        for line in &prompt.entered {
            prop_assert!(line.len() <= LINE_MAX && line.bytes().all(|b| (b' '..=b'~').contains(&b)));
            let parts = match split(line) {
                Ok(parts) => parts,
                Err(error) => {
                    prop_assert!(!shown(&error).is_empty());
                    continue;
                }
            };
            for part in parts {
                prop_assert!(line.contains(part.source) && !part.source.trim().is_empty());
                if let Err(error) = call(&SPECS, part.source) {
                    let text = shown(&error);
                    // What it says is printable, and does not grow beyond what was typed and the usage.
                    prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", text);
                    prop_assert!((1..=2 * LINE_MAX + 500).contains(&text.len()), "{}", text);
                }
            }
        }
    }

    #[test]
    fn the_line_is_what_an_editor_without_bounds_would_have_or_is_refused(
        keys in vec(keys(), 0..120),
        many in prop_oneof![4 => Just(0_usize), 1 => LINE_MAX - 30..LINE_MAX + 10],
    ) {
        let (mut prompt, mut model) = (AtPrompt::new(), Model::default());
        for key in core::iter::repeat_n(Key::Char(b'x'), many).chain(keys) {
            prompt.press(key);
            model.press(key);
            prop_assert_eq!(prompt.line.text().as_bytes(), &model.text[..]);
            prop_assert_eq!(prompt.line.cursor(), model.cursor);
        }
        let edit = prompt.press(Key::Enter);
        let expected = if model.refused == 0 { Edit::Entered } else { Edit::TooLong };
        prop_assert_eq!(edit, expected);
        prop_assert_eq!(prompt.entered.len(), usize::from(model.refused == 0));
    }

    #[test]
    fn a_completion_is_inserted_whole_or_not_at_all_and_changes_nothing_else(
        before in "(ctxsw |repeat 2 |help |echo )?[ a-z-]{0,12}",
        filler in prop_oneof![3 => Just(0_usize), 1 => LINE_MAX - 24..LINE_MAX],
        after in "[ -~]{0,6}",
    ) {
        let start = format!("{};{before}", "y".repeat(filler));
        prop_assume!(start.len() + after.len() <= LINE_MAX);
        let mut line = LineEditor::new();
        line.insert(&start);
        line.insert(&after);
        let mut history = History::new(1);
        for _ in 0..after.len() {
            line.apply(Key::Left, &mut history);
        }
        let insert = complete(&SPECS, line.before_cursor()).insert;
        let whole = format!("{start}{insert}{after}");
        let edit = line.insert(&insert);
        if whole.len() <= LINE_MAX {
            prop_assert_eq!(line.text(), whole);
            prop_assert_eq!(line.cursor(), start.len() + insert.len());
        } else {
            prop_assert_eq!(edit, Edit::Refused);
            prop_assert_eq!(line.text(), format!("{start}{after}"));
        }
    }

    #[test]
    fn what_is_typed_while_a_command_runs_is_kept_in_order_or_counted(
        bytes in vec(prop_oneof![20 => b' '..=b'~', 1 => Just(3_u8)], 0..60),
    ) {
        let mut typed = TypeAhead::new(8);
        for &byte in &bytes {
            typed.push(byte);
        }
        let since = bytes.iter().rposition(|&byte| byte == 3).map_or(0, |at| at + 1);
        let (lost, kept) = (typed.take_lost(), core::iter::from_fn(|| typed.pop()).collect::<Vec<u8>>());
        let fits = bytes[since..].len().min(8);
        prop_assert_eq!(&kept[..], &bytes[since..since + fits]);
        prop_assert_eq!(kept.len() + lost, bytes.len() - since);
    }
}
