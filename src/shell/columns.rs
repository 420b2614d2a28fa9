//! A list of words, in as many columns as fit.

use alloc::string::String;

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

use super::pad;

/// Words in columns, read line by line, in lines of at most `width` characters.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// The words.
    pub words: &'a [String],
    /// The width of the terminal.
    pub width: usize,
}

impl uDisplay for Columns<'_> {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        let column = self.words.iter().map(String::len).max().unwrap_or(0) + 2;
        let count = (self.width / column).max(1);
        for line in self.words.chunks(count) {
            let Some((last, before)) = line.split_last() else {
                continue;
            };
            for word in before {
                uwrite!(f, "{}", pad::left(word.as_str(), column))?;
            }
            uwrite!(f, "{}\n", last.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::shell::args::tests::shown;

    fn columns(words: &[&str], width: usize) -> String {
        let words: Vec<String> = words.iter().map(|w| (*w).into()).collect();
        shown(&Columns {
            words: &words,
            width,
        })
    }

    #[test]
    fn words_stand_in_columns_as_wide_as_the_longest() {
        assert_eq!(columns(&["a", "bbb", "c"], 11), "a    bbb\nc\n");
        assert_eq!(columns(&["a", "bbb", "c"], 80), "a    bbb  c\n");
    }

    #[test]
    fn a_word_that_is_wider_than_the_terminal_has_a_line_of_its_own() {
        assert_eq!(columns(&["aaaa", "b"], 3), "aaaa\nb\n");
        assert_eq!(columns(&[], 3), "");
    }
}
