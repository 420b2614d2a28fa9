//! The shell at the other end of a serial line: gets its attention, types commands, takes their output line by line.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::set::Image;
use crate::failure::Failure;
use crate::serial::{Received, Serial};
use crate::session::PROMPT;

/// How often a silent board is called, and how long each time: a pty's other end notices within a second or so that
/// somebody has opened it.
const CALLS: u32 = 8;
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// Ctrl-C: stops a command that runs, and empties a line that somebody has begun.
const STOP: &[u8] = b"\x03";

/// A shell at its prompt.
pub(crate) struct Shell {
    serial: Serial,
}

impl Shell {
    /// Finds the prompt of a board that may be in the middle of anything.
    ///
    /// # Errors
    ///
    /// When nothing answers.
    pub(crate) fn find(mut serial: Serial, whom: &str) -> Result<Self> {
        for _ in 0..CALLS {
            serial.send(STOP)?;
            serial.send(b"\r")?;
            let deadline = Instant::now() + ANSWER_TIME;
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                let received = serial.receive(left);
                if serial.transcript().text().contains(PROMPT) {
                    serial.transcript().take_all();
                    return Ok(Self { serial });
                }
                match received {
                    Received::Closed => return Err(Failure::verdict(serial.end()).into()),
                    Received::Silence => break,
                    // Somebody who talks all the time is not at a prompt either.
                    Received::Bytes(_) if left.is_zero() => break,
                    Received::Bytes(_) => {}
                }
            }
        }
        let what = serial.failure(&format!("{whom} does not come to a prompt"));
        let help = "is the board on, is its image Pivot's, are GPIO 14 and 15 crossed?";
        Err(what.help(help).into())
    }

    /// Waits for the first prompt of a board that is just starting.
    pub(crate) fn boot(mut serial: Serial, timeout: Duration) -> Result<Self> {
        serial.expect(PROMPT, timeout)?;
        Ok(Self { serial })
    }

    /// The line, for whoever talks to the shell in another way.
    pub(crate) fn into_serial(self) -> Serial {
        self.serial
    }

    /// Types a command and hands over each line that it prints, until the next prompt.
    ///
    /// # Errors
    ///
    /// When the board falls silent for `silence`, or the line to it is cut.
    pub(super) fn command(
        &mut self,
        line: &str,
        silence: Duration,
        seen: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<()> {
        self.serial.send(line.as_bytes())?;
        self.serial.send(b"\r")?;
        let echo = format!("{line}\n");
        let mut is_echoed = false;
        loop {
            while let Some(text) = self.serial.transcript().take_until("\n") {
                if is_echoed {
                    seen(text.trim_end_matches('\n'))?;
                }
                is_echoed |= text.ends_with(&echo);
            }
            if is_echoed && self.serial.transcript().rest() == PROMPT {
                self.serial.transcript().take_all();
                return Ok(());
            }
            let what = match self.serial.receive(silence) {
                Received::Bytes(_) => continue,
                Received::Silence => format!("silent for {} s", silence.as_secs()),
                Received::Closed => self.serial.end(),
            };
            return Err(self.serial.failure(&format!("`{line}`: {what}")).into());
        }
    }
}

impl Image for Shell {
    fn ask(&mut self, line: &str, silence: Duration) -> Result<String> {
        let mut text = String::new();
        self.command(line, silence, &mut |line| {
            text.push_str(line);
            text.push('\n');
            Ok(())
        })?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::thread::{self, JoinHandle};

    use super::*;
    use crate::port::tests::Pty;

    const LONG: Duration = Duration::from_secs(30);

    /// A board that echoes a line and answers it from a table. At an answer without a prompt it ends, and hands its
    /// end of the wire back.
    fn board(mut wire: File, answers: &'static [(&'static str, &'static str)]) -> JoinHandle<File> {
        thread::spawn(move || {
            let (mut line, mut byte) = (String::new(), [0]);
            while let Ok(1) = wire.read(&mut byte) {
                match byte[0] {
                    3 => line.clear(),
                    b'\r' => {
                        let answer = answers.iter().find(|(question, _)| *question == line);
                        let (question, answer) = answer.unwrap_or_else(|| panic!("{line}"));
                        write!(wire, "{question}\r\n{answer}").unwrap();
                        if !answer.contains(PROMPT) {
                            break;
                        }
                        line.clear();
                    }
                    byte => line.push(char::from(byte)),
                }
            }
            wire
        })
    }

    #[test]
    fn a_board_in_the_middle_of_something_is_brought_to_its_prompt() {
        let pty = Pty::open();
        let answers = &[
            ("", "pivot> "),
            ("x", "one\r\n@a b=1\r\n\x1b[1mpivot> "),
            ("bye", ""),
        ];
        let served = board(pty.master, answers);
        let mut serial = Serial::open(&pty.name).unwrap();
        serial.send(b"half a li").unwrap();
        let mut shell = Shell::find(serial, "it").unwrap();
        assert_eq!(shell.ask("x", LONG).unwrap(), "one\n@a b=1\n");
        shell.serial.send(b"bye\r").unwrap();
        served.join().unwrap();
    }

    #[test]
    fn a_wire_that_is_cut_in_a_command_is_an_error_after_the_lines_before_it() {
        let pty = Pty::open();
        let mut served = Some(board(pty.master, &[("", "pivot> "), ("x", "one\r\n")]));
        let serial = Serial::open(&pty.name).unwrap();
        let mut shell = Shell::find(serial, "it").unwrap();
        let mut lines = Vec::new();
        let error = shell.command("x", LONG, &mut |line| {
            lines.push(line.to_owned());
            // Pulls the plug.
            drop(served.take().map(JoinHandle::join));
            Ok(())
        });
        let message = error.unwrap_err().to_string();
        assert!(message.starts_with("`x`: "), "{message}");
        assert!(message.contains("has gone"), "{message}");
        assert_eq!(lines, ["one"]);
    }
}
