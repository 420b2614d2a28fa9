//! Bytes of a terminal in, keys out.
//!
//! Every byte is accepted in every state: what is no key is swallowed, and a control character within an
//! escape sequence ends it and counts for itself, so that no garbage makes the line deaf.
//! Sequences: ECMA-48, section 5.4 (CSI), and what xterm, rxvt, the Linux console and PuTTY send.

/// What was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A printable ASCII character.
    Char(u8),
    /// The end of the line: CR, LF, or both.
    Enter,
    /// Tab.
    Complete,
    /// Deletes the character before the cursor.
    Backspace,
    /// Deletes the character under the cursor.
    Delete,
    /// One character to the left.
    Left,
    /// One character to the right.
    Right,
    /// To the start of the word before the cursor.
    WordLeft,
    /// To the end of the word after the cursor.
    WordRight,
    /// To the start of the line.
    Home,
    /// To the end of the line.
    End,
    /// The line before in the history.
    Previous,
    /// The line after in the history.
    Next,
    /// Deletes from the cursor to the end.
    KillToEnd,
    /// Deletes from the start to the cursor.
    KillToStart,
    /// Deletes the word before the cursor.
    KillWordLeft,
    /// Deletes the word after the cursor.
    KillWordRight,
    /// Clears the screen and keeps the line.
    ClearScreen,
    /// ^C.
    Interrupt,
    /// ^D: end of input on an empty line, [`Key::Delete`] on any other.
    EndOfInput,
    /// A byte that is no key here, such as one of a UTF-8 character.
    Refused,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// A CR ended a line: an LF right behind it belongs to it.
    AfterCr,
    Escape,
    /// `ESC [`: parameters are being read.
    Csi(Parameters),
    /// `ESC O`.
    Ss3,
    /// `ESC [ [`: the function keys of the Linux console have one more byte.
    LinuxFunction,
}

/// The first two parameters of a control sequence; the second is the modifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Parameters {
    values: [u8; 2],
    index: usize,
}

/// Turns bytes into keys.
#[derive(Debug, Default)]
pub struct KeyDecoder {
    state: State,
}

const ESC: u8 = 0x1b;
const DEL: u8 = 0x7f;
const BS: u8 = 0x08;

impl KeyDecoder {
    /// A decoder between two keys.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: State::Ground,
        }
    }

    /// Takes one byte; returns the key that it completes.
    pub fn feed(&mut self, byte: u8) -> Option<Key> {
        let state = core::mem::take(&mut self.state);
        match (state, byte) {
            (State::AfterCr, b'\n') => None,
            (State::Escape, DEL | BS) => Some(Key::KillWordLeft),
            (State::Ground | State::AfterCr, _) | (_, 0..=0x1f | DEL..) => self.plain(byte),
            (State::Escape, _) => self.escaped(byte),
            (State::Csi(parameters), _) => self.control_sequence(parameters, byte),
            (State::Ss3, _) => ss3(byte),
            (State::LinuxFunction, _) => None,
        }
    }

    fn plain(&mut self, byte: u8) -> Option<Key> {
        Some(match byte {
            b' '..=b'~' => Key::Char(byte),
            b'\r' => {
                self.state = State::AfterCr;
                Key::Enter
            }
            b'\n' => Key::Enter,
            b'\t' => Key::Complete,
            DEL | BS => Key::Backspace,
            ESC => {
                self.state = State::Escape;
                return None;
            }
            0x01 => Key::Home,
            0x02 => Key::Left,
            0x03 => Key::Interrupt,
            0x04 => Key::EndOfInput,
            0x05 => Key::End,
            0x06 => Key::Right,
            0x0b => Key::KillToEnd,
            0x0c => Key::ClearScreen,
            0x0e => Key::Next,
            0x10 => Key::Previous,
            0x15 => Key::KillToStart,
            0x17 => Key::KillWordLeft,
            0x80.. => Key::Refused,
            _ => return None,
        })
    }

    fn escaped(&mut self, byte: u8) -> Option<Key> {
        match byte {
            b'[' => self.state = State::Csi(Parameters::default()),
            b'O' => self.state = State::Ss3,
            b'b' => return Some(Key::WordLeft),
            b'f' => return Some(Key::WordRight),
            b'd' => return Some(Key::KillWordRight),
            _ => {}
        }
        None
    }

    fn control_sequence(&mut self, mut parameters: Parameters, byte: u8) -> Option<Key> {
        match byte {
            b'0'..=b'9' => {
                if let Some(value) = parameters.values.get_mut(parameters.index) {
                    *value = value.saturating_mul(10).saturating_add(byte - b'0');
                }
            }
            b';' => parameters.index = parameters.index.saturating_add(1),
            b'[' if parameters == Parameters::default() => {
                self.state = State::LinuxFunction;
                return None;
            }
            b'@'..=b'~' => return csi(parameters.values, byte),
            // Other parameter and intermediate bytes: the sequence goes on.
            _ => {}
        }
        self.state = State::Csi(parameters);
        None
    }
}

/// The key of a complete control sequence.
fn csi([first, modifier]: [u8; 2], last: u8) -> Option<Key> {
    // 1 + (1: shift, 2: alt, 4: control); some terminals leave the first parameter out.
    let is_word = modifier.max(first).saturating_sub(1) & 6 != 0;
    Some(match (last, first) {
        (b'A', _) => Key::Previous,
        (b'B', _) => Key::Next,
        (b'C', _) if is_word => Key::WordRight,
        (b'D', _) if is_word => Key::WordLeft,
        (b'C', _) => Key::Right,
        (b'D', _) => Key::Left,
        (b'H', _) | (b'~', 1 | 7) => Key::Home,
        (b'F', _) | (b'~', 4 | 8) => Key::End,
        (b'~', 3) if modifier.saturating_sub(1) & 6 != 0 => Key::KillWordRight,
        (b'~', 3) => Key::Delete,
        _ => return None,
    })
}

/// The key of `ESC O byte`: application mode; lower case is rxvt's control key.
fn ss3(byte: u8) -> Option<Key> {
    Some(match byte {
        b'A' => Key::Previous,
        b'B' => Key::Next,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        b'M' => Key::Enter,
        b'c' => Key::WordRight,
        b'd' => Key::WordLeft,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
