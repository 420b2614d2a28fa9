//! What the person and the log see of a board: every byte, and below a line what there is to say about it.

use std::fs::File;
use std::io::Write;
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result};

use crate::explain::{Lines, note_line};
use crate::transcript::Transcript;

/// What the person and the log see.
pub(crate) struct View {
    /// What came, without terminal control.
    transcript: Transcript,
    lines: Lines,
    started: Instant,
    has_stamps: bool,
    /// Whether the next byte begins a line on the terminal.
    is_at_start: bool,
    log: Option<File>,
}

impl View {
    /// A view that has shown nothing yet.
    pub(crate) fn new(lines: Lines, has_stamps: bool, log: Option<File>) -> Self {
        Self {
            transcript: Transcript::default(),
            lines,
            started: Instant::now(),
            has_stamps,
            is_at_start: true,
            log,
        }
    }

    pub(super) fn begin_log(&mut self, name: &str) -> Result<()> {
        if let Some(log) = &mut self.log {
            let now = humantime::format_rfc3339_seconds(SystemTime::now());
            writeln!(log, "--- {now}, {name}")?;
        }
        Ok(())
    }

    fn stamp(&self) -> String {
        if self.has_stamps {
            stamp(self.started.elapsed().as_secs_f64())
        } else {
            String::new()
        }
    }

    /// Passes bytes on as they are, and says below a finished line what there is to say about it.
    pub(crate) fn show(&mut self, bytes: &[u8], out: &mut dyn Write) -> Result<()> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.is_at_start {
                out.write_all(self.stamp().as_bytes())?;
            }
            out.write_all(piece)?;
            self.is_at_start = piece.ends_with(b"\n");
            self.transcript.push(piece);
            let text = self.transcript.take_all();
            self.transcript.forget();
            for line in self.lines.push(&text) {
                self.log(&line.text)?;
                for note in line.notes {
                    self.note(&note, out)?;
                }
            }
        }
        out.flush()?;
        Ok(())
    }

    /// A line of the monitor's own.
    pub(super) fn note(&mut self, text: &str, out: &mut dyn Write) -> Result<()> {
        if !self.is_at_start {
            out.write_all(b"\r\n")?;
        }
        let line = note_line(text);
        write!(out, "{line}\r\n")?;
        out.flush()?;
        self.is_at_start = true;
        self.log(&line)
    }

    fn log(&mut self, line: &str) -> Result<()> {
        let stamp = self.stamp();
        if let Some(log) = &mut self.log {
            writeln!(log, "{stamp}{line}").context("writing the log")?;
        }
        Ok(())
    }
}

/// What begins a line, with `--timestamps`: the seconds since the start.
pub(crate) fn stamp(seconds: f64) -> String {
    format!("[{seconds:9.3}] ")
}

/// A line of a log without its stamp, where it has one.
pub(crate) fn without_stamp(line: &str) -> &str {
    let parts = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "));
    match parts {
        Some((seconds, rest))
            if seconds.contains('.') && seconds.trim_start().parse::<f64>().is_ok() =>
        {
            rest
        }
        _ => line,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::explain;

    pub(in crate::monitor) fn view(has_stamps: bool) -> View {
        View::new(explain::by(PathBuf::from("/no/such.elf")), has_stamps, None)
    }

    #[test]
    fn a_note_stands_below_its_line_even_if_more_came_with_it() {
        let mut out = Vec::new();
        let came = b"@x n=12 crc=0xc7ded56e\r\nnext\r\n";
        view(false).show(came, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), lines[2]), (3, "next"));
        assert!(
            lines[1].starts_with("--- ") && lines[1].contains("damaged"),
            "{text}"
        );
    }

    #[test]
    fn a_stamp_is_taken_off_again_and_nothing_else_is() {
        for seconds in [0.0, 1.25, 1e7] {
            assert_eq!(
                without_stamp(&format!("{}@x n=1", stamp(seconds))),
                "@x n=1"
            );
        }
        for line in ["[1] hog: passed", "@x n=1", "[core 0] x", "[] x", ""] {
            assert_eq!(without_stamp(line), line);
        }
    }

    #[test]
    fn each_line_begins_with_a_stamp_but_not_what_is_typed_into_it() {
        let mut view = view(true);
        let mut out = Vec::new();
        for bytes in [&b"one\r\ntw"[..], b"o\r\n", b"pivot> "] {
            view.show(bytes, &mut out).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.split("\r\n").map(|line| &line[12..]).collect();
        assert_eq!(lines, ["one", "two", "pivot> "]);
        assert!(text.starts_with("[    0."), "{text}");
    }
}
