//! Reading one line of the report grammar.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use super::{Verdict, is_bare, is_name, unsigned};

/// A line of the report grammar that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    id: String,
    fields: Vec<(String, String)>,
}

/// Why a line that starts like a report line is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// The line does not start with `@`: ordinary text.
    NotAReport,
    /// The ID after `@` is missing or has other characters than an ID has.
    BadId,
    /// What should be `key=value` is not, or the key has other characters than a key has.
    BadField(String),
    /// This key stands twice.
    Repeated(String),
    /// The value of this key is neither a bare word nor a complete quoted text.
    BadValue(String),
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAReport => write!(f, "not a report line"),
            Self::BadId => write!(f, "the ID after @ is missing or malformed"),
            Self::BadField(text) => write!(f, "`{text}` is not key=value"),
            Self::Repeated(key) => write!(f, "the key `{key}` stands twice"),
            Self::BadValue(key) => write!(f, "the value of `{key}` is malformed"),
        }
    }
}

impl core::error::Error for ParseError {}

impl Record {
    /// Reads a line, with or without its line ending.
    ///
    /// # Errors
    ///
    /// [`ParseError::NotAReport`] for ordinary text, the others for a line that starts with `@` and
    /// breaks the grammar (as one does that lost bytes on the wire).
    pub fn parse(line: &str) -> Result<Self, ParseError> {
        let line = line.trim_end_matches(['\r', '\n']);
        let line = line.strip_prefix('@').ok_or(ParseError::NotAReport)?;
        let (id, mut rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
        if !is_name(id) {
            return Err(ParseError::BadId);
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        while !rest.is_empty() {
            let bad_field = || ParseError::BadField(rest.trim().to_string());
            let (key, after) = rest
                .strip_prefix(' ')
                .and_then(|r| r.split_once('='))
                .filter(|(key, _)| is_name(key))
                .ok_or_else(bad_field)?;
            if fields.iter().any(|(known, _)| known == key) {
                return Err(ParseError::Repeated(key.to_string()));
            }
            let (value, after) =
                value(after).ok_or_else(|| ParseError::BadValue(key.to_string()))?;
            fields.push((key.to_string(), value));
            rest = after;
        }
        Ok(Self {
            id: id.to_string(),
            fields,
        })
    }

    /// The ID: what the line reports.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The text of the field `key`, unquoted.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }

    /// The field `key` as an integer that is not negative (decimal or `0x…`).
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        let text = self.get(key)?;
        match text.strip_prefix("0x") {
            Some(digits) => unsigned(digits, 16),
            None => unsigned(text, 10),
        }
    }

    /// The field `key` as a decimal integer.
    #[must_use]
    pub fn signed(&self, key: &str) -> Option<i64> {
        let text = self.get(key)?;
        text.parse().ok().filter(|_| !text.starts_with('+'))
    }

    /// The field `verdict`, if it stands there and is one.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        Verdict::from_word(self.get("verdict")?)
    }

    /// All fields in their order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

/// The value at the start of `text` and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (bare, rest) = text.split_at(text.find(' ').unwrap_or(text.len()));
        return is_bare(bare).then(|| (bare.to_string(), rest));
    };
    let mut content = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((content, &quoted[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => content.push('\n'),
                'r' => content.push('\r'),
                't' => content.push('\t'),
                c @ ('"' | '\\') => content.push(c),
                'u' => {
                    let (_, digits) = quoted[at + 2..]
                        .split_once('{')
                        .filter(|(b, _)| b.is_empty())?;
                    let (digits, _) = digits.split_once('}')?;
                    let code = u32::try_from(unsigned(digits, 16)?).ok()?;
                    content.push(char::from_u32(code)?);
                    // The braces and the digits, all of them ASCII.
                    chars.nth(digits.len() + 1)?;
                }
                _ => return None,
            },
            ' '..='~' => content.push(c),
            _ => return None,
        }
    }
    None
}

/// `line` as it stands on the screen in the end: without escape sequences, and without what a carriage
/// return went back over (a shell that prints above its prompt erases the prompt first).
#[must_use]
pub fn strip_terminal(line: &str) -> String {
    let line = line.trim_end_matches(['\r', '\n']);
    let line = line.rsplit_once('\r').map_or(line, |(_, last)| last);
    let mut text = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            text.push(c);
        } else if chars.next() == Some('[') {
            // A control sequence ends with a byte from `@` to `~` (ECMA-48, section 5.4).
            chars.by_ref().find(|c| ('@'..='~').contains(c));
        }
    }
    text
}

#[cfg(test)]
mod tests;
