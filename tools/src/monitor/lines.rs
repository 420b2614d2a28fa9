//! What there is to say about a line from the board: where its addresses are, and that it is damaged.

use pivot::report::is_whole;

use super::symbols::Symbols;

/// What begins the lines in which the kernel says why it stops.
const LAST_WORDS: [&str; 2] = ["pivot stops", "[core "];

/// What stands before an address that a call returns to: the call is the instruction before it.
const RETURN: &str = "lr";

/// Bytes of an instruction.
const INSTRUCTION: u64 = 4;

/// A line that is complete.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    /// What there is to say about it.
    pub(super) notes: Vec<String>,
}

/// Reads what comes, line by line.
pub(super) struct Lines {
    partial: String,
    /// The kernel has begun its last words: addresses are worth explaining.
    is_stopping: bool,
    symbols: Symbols,
}

impl Lines {
    pub(super) fn new(symbols: Symbols) -> Self {
        Self {
            partial: String::new(),
            is_stopping: false,
            symbols,
        }
    }

    /// Takes text; returns the lines that it completes.
    pub(super) fn push(&mut self, text: &str) -> Vec<Line> {
        self.partial.push_str(text);
        let mut lines = Vec::new();
        while let Some(end) = self.partial.find('\n') {
            let line: String = self.partial.drain(..=end).collect();
            let text = line.trim_end().to_owned();
            let notes = self.notes(&text);
            lines.push(Line { text, notes });
        }
        lines
    }

    fn notes(&mut self, line: &str) -> Vec<String> {
        if let Some(build) = build(line) {
            self.is_stopping = false;
            self.symbols.image_says(build);
            return Vec::new();
        }
        if line.starts_with('@') && is_whole(line) == Some(false) {
            return vec!["the line above is damaged: its CRC is another".to_owned()];
        }
        self.is_stopping |= LAST_WORDS.iter().any(|word| line.starts_with(word));
        if !self.is_stopping {
            return Vec::new();
        }
        let addresses = addresses(line);
        if addresses.is_empty() {
            return Vec::new();
        }
        self.symbols.explain(&addresses)
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

/// The numbers in a line that can be addresses of instructions, with what each is called there; a return address is
/// that of the call.
fn addresses(line: &str) -> Vec<(u64, u64)> {
    let is_end = |c: char| c.is_whitespace() || ",;:()[]".contains(c);
    let words: Vec<&str> = line.split(is_end).filter(|word| !word.is_empty()).collect();
    let mut found = Vec::new();
    for (number, word) in words.iter().enumerate() {
        let digits = word.strip_prefix("0x");
        let Some(address) = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()) else {
            continue;
        };
        let is_return = number > 0 && words[number - 1] == RETURN;
        let at = if is_return {
            address.saturating_sub(INSTRUCTION)
        } else {
            address
        };
        if address % INSTRUCTION == 0 {
            found.push((address, at));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

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
    fn addresses_are_explained_in_last_words_only_and_the_elf_is_asked_for() {
        let mut lines = lines();
        let quiet = lines.push("image at 0x80000\nstack ");
        assert_eq!((quiet.len(), quiet[0].notes.len()), (1, 0));
        let line = "at 0x80000\npivot stops: synchronous: abort, ESR 0x96000045, at 0x80123c, address 0x0\n";
        let stopping = lines.push(line);
        assert_eq!(stopping[0].text, "stack at 0x80000");
        assert!(stopping[0].notes.is_empty());
        assert!(
            stopping[1].notes[0].contains("/no/such.elf"),
            "{:?}",
            stopping[1].notes
        );
    }

    #[test]
    fn a_return_address_is_that_of_its_call() {
        assert_eq!(
            addresses("lr 0x81004, sp_el0 0x3ff, elr 0x81008"),
            [(0x8_1004, 0x8_1000), (0x8_1008, 0x8_1008)]
        );
    }

    #[test]
    fn a_damaged_line_of_a_dump_is_marked() {
        let mut lines = lines();
        let came = lines.push("@x n=123 crc=0xc7ded56e\n@x n=12 crc=0xc7ded56e\n");
        assert!(came[0].notes.is_empty());
        assert!(came[1].notes[0].contains("damaged"));
    }
}
