//! Says below what a board prints what there is to say about it: which function, file and line the frames of a
//! backtrace are, and which lines are damaged.

mod frame;
mod image;
mod lines;
mod symbols;

use std::io::{self, Write};
use std::path::PathBuf;

pub(crate) use image::{Image, Place};
pub(crate) use lines::{Line, Lines};
pub(crate) use symbols::Symbols;

/// A line of the host tool's own.
pub(crate) fn note_line(note: &str) -> String {
    format!("--- {note}")
}

/// A reader of lines by the ELF file that belongs to the board's image, if that is the one.
pub(crate) fn by(elf: PathBuf) -> Lines {
    Lines::new(Symbols::new(elf))
}

/// Writes text that came as it is, and below each line that it completes what there is to say about it.
pub(crate) fn write(lines: &mut Lines, text: &str, out: &mut dyn Write) -> io::Result<()> {
    for piece in text.split_inclusive('\n') {
        out.write_all(piece.as_bytes())?;
        for note in lines.push(piece).into_iter().flat_map(|line| line.notes) {
            writeln!(out, "{}", note_line(&note))?;
        }
    }
    out.flush()
}

/// The lines of a text, those of notes included.
pub(crate) fn noted(text: &str, elf: PathBuf) -> Vec<String> {
    let mut lines = by(elf);
    let mut noted = Vec::new();
    for Line { text, notes } in lines.push(text).into_iter().chain(lines.end()) {
        noted.push(text);
        noted.extend(notes.iter().map(|note| note_line(note)));
    }
    noted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_written_as_it_is_and_notes_stand_below_their_lines() {
        let mut lines = by(PathBuf::from("/no/such.elf"));
        let mut out = Vec::new();
        for text in ["@x n=1", "2 crc=0xc7ded56e\nnext\npart", "ly"] {
            write(&mut lines, text, &mut out).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        let (first, rest) = text.split_once('\n').unwrap();
        assert_eq!(first, "@x n=12 crc=0xc7ded56e");
        assert!(rest.starts_with("--- the line above is damaged"), "{text}");
        assert!(rest.ends_with("\nnext\npartly"), "{text}");
        let noted = noted(first, PathBuf::from("/no/such.elf"));
        assert_eq!(noted.len(), 2, "{noted:?}");
    }
}
