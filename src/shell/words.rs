//! A command line cut up: into commands, and a command into words.
//!
//! `;` ends a command, `&` ends one that is to run in the background. `'…'` keeps everything, `"…"` keeps
//! everything but `\"` and `\\`, and outside of quotes `\` keeps the character that follows.

use alloc::{string::String, vec::Vec};

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Where it starts in the source, quotes included.
    pub(crate) start: usize,
    /// Its text, without quotes.
    pub(crate) text: String,
}

/// One command of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Its source, without the `;` or `&` that ended it.
    pub source: &'a str,
    /// Whether `&` ended it.
    pub is_background: bool,
}

/// Why a line cannot be cut up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxError {
    /// A quote that is opened and not closed.
    OpenQuote(char),
    /// `\` as the last character.
    OpenEscape,
    /// `&` with no command before it.
    NothingBeforeAmpersand,
}

impl uDisplay for SyntaxError {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        match self {
            Self::OpenQuote(quote) => uwrite!(f, "the quote {} is not closed", *quote),
            Self::OpenEscape => f.write_str("nothing follows the \\ at the end"),
            Self::NothingBeforeAmpersand => f.write_str("there is no command before &"),
        }
    }
}

/// What the next character of a line is.
enum Token {
    Space,
    /// `;` or `&`.
    End(char),
    /// A character of a word.
    Text(char),
    /// An opening or closing quote: part of a word, but no character of it.
    Quote,
}

/// Cuts a line into tokens; knows in which quote it is.
struct Scanner<'a> {
    chars: core::str::CharIndices<'a>,
    quote: Option<char>,
}

impl<'a> Scanner<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            chars: source.char_indices(),
            quote: None,
        }
    }

    /// The next token and where it starts.
    fn next(&mut self) -> Result<Option<(usize, Token)>, SyntaxError> {
        let Some((at, c)) = self.chars.next() else {
            return self
                .quote
                .map_or(Ok(None), |quote| Err(SyntaxError::OpenQuote(quote)));
        };
        let token = match (self.quote, c) {
            (Some(quote), c) if c == quote => {
                self.quote = None;
                Token::Quote
            }
            (Some('"'), '\\') => {
                let kept = self
                    .chars
                    .clone()
                    .next()
                    .map(|(_, c)| c)
                    .filter(|c| matches!(c, '"' | '\\'));
                kept.map_or(Token::Text('\\'), |c| {
                    self.chars.next();
                    Token::Text(c)
                })
            }
            (Some(_), c) => Token::Text(c),
            (None, '"' | '\'') => {
                self.quote = Some(c);
                Token::Quote
            }
            (None, '\\') => Token::Text(self.chars.next().ok_or(SyntaxError::OpenEscape)?.1),
            (None, ';' | '&') => Token::End(c),
            (None, c) if c.is_whitespace() => Token::Space,
            (None, c) => Token::Text(c),
        };
        Ok(Some((at, token)))
    }
}

/// The commands of `line`, in their order. Empty ones are left out.
///
/// # Errors
///
/// [`SyntaxError`]; then nothing of the line is to run.
pub fn split(line: &str) -> Result<Vec<Part<'_>>, SyntaxError> {
    let mut parts = Vec::new();
    // Where a command starts, and where the last of it ends that is no space: an escaped one is part of it.
    let (mut start, mut end) = (0, 0);
    let mut scanner = Scanner::new(line);
    while let Some((at, token)) = scanner.next()? {
        let Token::End(c) = token else {
            if !matches!(token, Token::Space) {
                end = scanner.chars.offset();
            }
            continue;
        };
        let source = line[start..end].trim_start();
        if !source.is_empty() {
            parts.push(Part {
                source,
                is_background: c == '&',
            });
        } else if c == '&' {
            return Err(SyntaxError::NothingBeforeAmpersand);
        }
        start = at + 1;
        end = start;
    }
    let source = line[start..end].trim_start();
    if !source.is_empty() {
        parts.push(Part {
            source,
            is_background: false,
        });
    }
    Ok(parts)
}

/// The words of one command. A `;` or `&` in it, which only a [`split`] that was left out lets in, is
/// a word of its own.
///
/// # Errors
///
/// [`SyntaxError`] when a quote or an escape is open at the end.
pub(crate) fn words(source: &str) -> Result<Vec<Word>, SyntaxError> {
    let cut = words_so_far(source);
    cut.error.map_or(Ok(cut.words), Err)
}

/// The words of a line that is being typed.
pub(crate) struct SoFar {
    /// The words; `;` and `&` are words of their own.
    pub(crate) words: Vec<Word>,
    /// Whether the line ends within the last word.
    pub(crate) is_inside: bool,
    /// What is still open at the end.
    pub(crate) error: Option<SyntaxError>,
}

/// Cuts up a line that is being typed.
pub(crate) fn words_so_far(source: &str) -> SoFar {
    let mut words: Vec<Word> = Vec::new();
    let mut is_inside = false;
    let mut scanner = Scanner::new(source);
    let error = loop {
        let (at, token) = match scanner.next() {
            Ok(Some(next)) => next,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        let is_text = matches!(token, Token::Text(_) | Token::Quote);
        if is_text && !is_inside || matches!(token, Token::End(_)) {
            words.push(Word {
                start: at,
                text: String::new(),
            });
        }
        is_inside = is_text;
        if let (Token::Text(c) | Token::End(c), Some(word)) = (token, words.last_mut()) {
            word.text.push(c);
        }
    };
    SoFar {
        words,
        is_inside,
        error,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::vec;

    use super::*;

    fn texts(source: &str) -> Vec<String> {
        words(source).unwrap().into_iter().map(|w| w.text).collect()
    }

    #[test]
    fn words_are_cut_at_spaces_that_are_not_quoted() {
        assert_eq!(texts("  a  b\tc "), ["a", "b", "c"]);
        assert_eq!(
            texts(r#"a "b  c" 'd "e' f\ g"#),
            ["a", "b  c", "d \"e", "f g"]
        );
        assert_eq!(texts(r#"a"b"'c'd "" "\"\\\n""#), ["abcd", "", r#""\\n"#]);
        assert_eq!(texts(""), [""; 0]);
    }

    #[test]
    fn a_word_knows_where_it_starts_quotes_included() {
        let starts: Vec<_> = words(r#" ab "c" d"#)
            .unwrap()
            .iter()
            .map(|w| w.start)
            .collect();
        assert_eq!(starts, [1, 4, 8]);
    }

    #[test]
    fn a_line_is_cut_at_semicolons_and_ampersands_that_are_not_quoted() {
        let part = |source, is_background| Part {
            source,
            is_background,
        };
        assert_eq!(
            split("a 1; b 2 & c ';&' ;; d\\;").unwrap(),
            vec![
                part("a 1", false),
                part("b 2", true),
                part("c ';&'", false),
                part("d\\;", false)
            ]
        );
        assert_eq!(split(" ; ").unwrap(), []);
    }

    #[test]
    fn an_escaped_space_at_the_end_belongs_to_the_command() {
        let parts = split(r"a \  ; b\ ").unwrap();
        let read: Vec<_> = parts.iter().map(|part| words(part.source)).collect();
        let texts = |read: &Result<Vec<Word>, SyntaxError>| -> Vec<String> {
            let read = read.as_ref().unwrap();
            read.iter().map(|word| word.text.clone()).collect()
        };
        assert_eq!(texts(&read[0]), ["a", " "]);
        assert_eq!(texts(&read[1]), ["b "]);
    }

    #[test]
    fn what_is_left_open_is_an_error() {
        assert_eq!(split("a; 'b"), Err(SyntaxError::OpenQuote('\'')));
        assert_eq!(words("a \"b"), Err(SyntaxError::OpenQuote('"')));
        assert_eq!(split("a \\"), Err(SyntaxError::OpenEscape));
        assert_eq!(split("& a"), Err(SyntaxError::NothingBeforeAmpersand));
        assert_eq!(split("a & & b"), Err(SyntaxError::NothingBeforeAmpersand));
    }

    proptest! {
        #[test]
        fn quoted_words_come_out_as_they_went_in(texts in prop::collection::vec("[ -&(-~é]{0,8}", 0..5)) {
            let line: String = texts.iter().map(|t| std::format!("'{t}' ")).collect();
            let parts = split(&line).unwrap();
            prop_assert_eq!(parts.len(), usize::from(!texts.is_empty()));
            let read = words(&line).unwrap();
            prop_assert_eq!(read.into_iter().map(|w| w.text).collect::<Vec<_>>(), texts);
        }

        #[test]
        fn the_parts_of_any_line_have_words_and_no_panic(line in any::<String>()) {
            for part in split(&line).unwrap_or_default() {
                prop_assert!(!words(part.source).unwrap().is_empty());
            }
        }
    }
}
