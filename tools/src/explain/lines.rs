//! Finds the lines in what comes from a board, and says what there is to say about each.

use pivot::report::is_whole;

use super::frame::Part;
use super::symbols::Symbols;

/// A line that is longer has nothing to say: it is noise. The longest that the image prints has a thousand characters.
const MAX_LINE_BYTES: usize = 1 << 16;

/// A line that is complete, or a piece of one that is far too long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// What there is to say about it.
    pub(crate) notes: Vec<String>,
}

/// Reads what comes, line by line.
pub(crate) struct Lines {
    /// The beginning of a line.
    partial: String,
    /// What comes belongs to a line that is too long.
    is_too_long: bool,
    symbols: Symbols,
}

impl Lines {
    pub(crate) fn new(symbols: Symbols) -> Self {
        Self {
            partial: String::new(),
            is_too_long: false,
            symbols,
        }
    }

    /// Takes text; returns the lines that it completes.
    pub(crate) fn push(&mut self, text: &str) -> Vec<Line> {
        let mut lines = Vec::new();
        for piece in text.split_inclusive('\n') {
            self.partial.push_str(piece);
            let is_complete = piece.ends_with('\n');
            if is_complete || self.partial.len() > MAX_LINE_BYTES {
                lines.push(self.take(is_complete));
            }
        }
        lines
    }

    /// The line that was never ended, if there is one.
    pub(crate) fn end(&mut self) -> Option<Line> {
        (!self.partial.is_empty()).then(|| self.take(true))
    }

    fn take(&mut self, is_complete: bool) -> Line {
        let text = std::mem::take(&mut self.partial).trim_end().to_owned();
        let is_whole = is_complete && !self.is_too_long && text.len() <= MAX_LINE_BYTES;
        self.is_too_long = !is_complete;
        let notes = if is_whole {
            self.notes(&text)
        } else {
            Vec::new()
        };
        Line { text, notes }
    }

    fn notes(&mut self, line: &str) -> Vec<String> {
        if let Some(build) = build(line) {
            self.symbols.image_says(build);
            return Vec::new();
        }
        if line.starts_with('@') && is_whole(line) == Some(false) {
            return vec!["the line above is damaged: its CRC is another".to_owned()];
        }
        match Part::parse(line) {
            Some(Part::Image(id)) => self.symbols.image_is(id),
            Some(Part::Frame(frame)) => self.symbols.explain(frame),
            None => Vec::new(),
        }
    }
}

/// The build that an image names in its first line, `pivot 0.1.0 (BUILD) on …`, and in `version`,
/// `Pivot 0.1.0 (build BUILD) on …`.
fn build(line: &str) -> Option<&str> {
    let rest = line
        .strip_prefix("pivot ")
        .or_else(|| line.strip_prefix("Pivot "))?;
    let (version, rest) = rest.split_once(" (")?;
    let (build, rest) = rest.split_once(')')?;
    let is_version = version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains(' ');
    (is_version && rest.starts_with(" on ")).then(|| build.strip_prefix("build ").unwrap_or(build))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;

    fn lines() -> Lines {
        Lines::new(Symbols::new(PathBuf::from("/no/such.elf")))
    }

    #[test]
    fn the_build_is_read_from_the_first_line_and_from_version() {
        assert_eq!(
            build("pivot 0.1.0 (f281f11abc) on Pi: EL2, image at 0x80000"),
            Some("f281f11abc")
        );
        assert_eq!(
            build("Pivot 0.1.0 (build f281f11abc+dirty) on virt, emulated"),
            Some("f281f11abc+dirty")
        );
        assert_eq!(build("pivot stops: panicked (x) on y"), None);
    }

    #[test]
    fn frames_are_explained_and_other_addresses_are_not() {
        let mut lines = lines();
        let came = lines.push("pivot stops: abort, at 0x80123c, lr 0x80123c\n#0 0x00000000");
        assert_eq!((came.len(), came[0].notes.len()), (1, 0));
        let came = lines.push("0008123c\r\n");
        assert_eq!(came[0].text, "#0 0x000000000008123c");
        assert!(came[0].notes[0].contains("/no/such.elf"), "{came:?}");
    }

    #[test]
    fn a_damaged_line_of_a_dump_is_marked() {
        let mut lines = lines();
        let came = lines.push("@x n=123 crc=0xc7ded56e\n@x n=12 crc=0xc7ded56e\n");
        assert!(came[0].notes.is_empty());
        assert!(came[1].notes[0].contains("damaged"));
    }

    #[test]
    fn a_line_that_never_ends_is_not_kept_and_its_end_is_no_line() {
        let mut lines = lines();
        let noise = "x".repeat(1000);
        for _ in 0..1000 {
            lines.push(&noise);
            assert!(lines.partial.len() <= MAX_LINE_BYTES + noise.len());
        }
        lines.push(&"x".repeat(MAX_LINE_BYTES));
        let came = lines.push("#0 0x000000000008123c\n#0 0x000000000008123c\n");
        assert!(came[0].notes.is_empty(), "{came:?}");
        assert!(!came[1].notes.is_empty());
    }

    proptest! {
        #[test]
        fn how_a_text_arrives_changes_nothing(
            text in "(#0 0x0000000000[0-9a-f]{6}|@x n=1 crc=0x[0-9a-f]{8}|image [0-9a-f]{16}|\\PC{0,20}|\r?\n){0,30}",
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
            cuts.sort_unstable();
            let at_once = lines().push(&text);
            let mut lines = lines();
            let mut in_pieces = Vec::new();
            let mut from = 0;
            for to in cuts.into_iter().chain([text.len()]) {
                in_pieces.extend(lines.push(&text[from..to]));
                from = to;
            }
            prop_assert_eq!(at_once, in_pieces);
        }
    }
}
