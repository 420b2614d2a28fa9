//! The emulator in this terminal: keys go to it, and what it prints comes through here.

use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::explain;
use crate::failure::Failure;
use crate::monitor::View;
use crate::step;

/// Runs the emulator in this terminal, whose keys it takes itself; what it prints goes through here, for what there is
/// to say about it. Whether it succeeded.
pub(super) fn converse(command: &mut Command, elf: PathBuf) -> Result<bool> {
    let shown = step::render(command);
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| {
        Failure::environment(format!("`{shown}` could not be started: {error}"))
    })?;
    let output = child.stdout.take().context("the emulator has no output")?;
    let passed = pass_on(output, elf, &mut Patient(io::stdout()));
    if passed.is_err() {
        // Nobody sees any more what it prints. It may have ended by itself.
        let _ = child.kill();
    }
    let status = child.wait().context("waiting for the emulator")?;
    passed?;
    Ok(status.success())
}

/// Passes on what can be read, byte for byte, until there is nothing more.
fn pass_on(mut from: impl Read, elf: PathBuf, out: &mut dyn Write) -> Result<()> {
    let mut view = View::new(explain::by(elf), false, None);
    let mut buffer = [0; 4096];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => view.show(&buffer[..count], out)?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("reading what the emulator prints"),
        }
    }
}

/// A terminal that the emulator has made non-blocking by its own end of it, as it does with its standard input: what
/// does not fit at once is written a little later.
struct Patient<W>(W);

/// How long a terminal that is full is left alone.
const TERMINAL_PAUSE: Duration = Duration::from_millis(5);

impl<W: Write> Patient<W> {
    fn retry<T>(&mut self, mut action: impl FnMut(&mut W) -> io::Result<T>) -> io::Result<T> {
        loop {
            match action(&mut self.0) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(TERMINAL_PAUSE);
                }
                result => return result,
            }
        }
    }
}

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.retry(|out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.retry(Write::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes, and between them none.
    struct Full {
        taken: Vec<u8>,
        is_full: bool,
    }

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.is_full = !self.is_full;
            if self.is_full {
                return Err(ErrorKind::WouldBlock.into());
            }
            let count = bytes.len().min(3);
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_the_emulator_prints_is_passed_on_byte_for_byte_to_a_terminal_that_is_often_full() {
        let mut out = Patient(Full {
            taken: Vec::new(),
            is_full: false,
        });
        let came: Vec<u8> = (0..=u8::MAX).chain(*b"\r\n\x1b[Kpivot> ").collect();
        pass_on(&came[..], PathBuf::from("/no/such.elf"), &mut out).unwrap();
        assert_eq!(out.0.taken, came);
    }
}
