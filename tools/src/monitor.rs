//! `cargo xtask monitor`: a terminal on a board's serial port. It explains addresses, and waits for a cable that was
//! pulled to come back.

mod terminal;
mod view;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cli::MonitorOptions;
use crate::explain;
use crate::port;
use crate::serial::{Received, Serial};
use crate::workspace::Workspace;
use terminal::Terminal;
#[cfg(test)]
pub(crate) use view::stamp;
pub(crate) use view::{View, without_stamp};

/// Ctrl-].
pub(crate) const QUIT: u8 = 0x1d;

/// How long a key may wait while nothing comes from the board.
const TICK: Duration = Duration::from_millis(20);

/// How often a port that has gone is looked for.
const RETRY: Duration = Duration::from_millis(300);

/// Runs it until Ctrl-] or a signal; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &MonitorOptions) -> Result<u8> {
    let name = port::chosen(options.port.as_deref(), "cargo xtask monitor")?;
    let elf = options.elf.clone().unwrap_or_else(|| {
        let directory = workspace.image_dir(options.board, "release");
        directory.join("kernel8.elf")
    });
    let log = options
        .log
        .as_ref()
        .map(|path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.with_context(|| format!("opening {}", path.display()))
        })
        .transpose()?;
    let serial = Serial::open(&name)?;
    eprintln!(
        "{name} at 115200 8N1; Ctrl-] quits. Addresses are explained by {}.",
        elf.display()
    );
    let terminal = Terminal::enter()?;
    let keys = terminal::keys();
    let mut view = View::new(explain::by(elf), options.timestamps, log);
    view.begin_log(&name)?;
    watch(
        &name,
        serial,
        &terminal,
        &keys,
        &mut view,
        &mut io::stdout(),
    )?;
    drop(terminal);
    eprintln!();
    Ok(0)
}

/// Passes bytes both ways until the person has enough.
fn watch(
    name: &str,
    mut serial: Serial,
    terminal: &Terminal,
    keys: &Receiver<Vec<u8>>,
    view: &mut View,
    out: &mut dyn Write,
) -> Result<()> {
    while !terminal.is_told_to_end() {
        let mut is_gone = false;
        for typed in keys.try_iter() {
            let (before, is_quit) = match typed.iter().position(|&key| key == QUIT) {
                Some(at) => (&typed[..at], true),
                None => (&typed[..], false),
            };
            is_gone |= serial.send(before).is_err();
            if is_quit {
                return Ok(());
            }
        }
        match serial.receive(TICK) {
            Received::Bytes(bytes) => {
                view.show(&bytes, out)?;
                // The view has a text of its own, and this one would grow for as long as somebody watches.
                serial.transcript().take_all();
                serial.transcript().forget();
            }
            Received::Silence => {}
            Received::Closed => is_gone = true,
        }
        if is_gone {
            view.note(&format!("{}; waiting for it", serial.end()), out)?;
            // Only one can have the port.
            drop(serial);
            match reopened(name, terminal, keys) {
                Some(again) => serial = again,
                None => return Ok(()),
            }
            view.note(&format!("{name} is back"), out)?;
        }
    }
    Ok(())
}

/// The port once it is there again; `None` where the person has enough before.
fn reopened(name: &str, terminal: &Terminal, keys: &Receiver<Vec<u8>>) -> Option<Serial> {
    while !terminal.is_told_to_end() {
        if keys.try_iter().any(|typed| typed.contains(&QUIT)) {
            return None;
        }
        if let Ok(serial) = Serial::open(name) {
            return Some(serial);
        }
        thread::sleep(RETRY);
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::view::tests::view;
    use super::*;
    use crate::port::tests::Pty;

    type Action = Box<dyn FnOnce() + Send>;

    /// Collects what is shown, and types the next key whenever a text has come.
    struct Typist {
        shown: Vec<u8>,
        script: Vec<(&'static str, Action)>,
    }

    impl Write for Typist {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.shown.extend_from_slice(bytes);
            let text = String::from_utf8_lossy(&self.shown).into_owned();
            if self
                .script
                .first()
                .is_some_and(|(wanted, _)| text.contains(wanted))
            {
                (self.script.remove(0).1)();
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_cable_that_is_pulled_is_reported_and_control_bracket_ends_the_waiting() {
        let pty = Pty::open();
        let mut board = pty.master;
        let serial = Serial::open(&pty.name).unwrap();
        board.write_all(b"pivot> ").unwrap();
        let (typist, keys) = mpsc::channel();
        let mut out = Typist {
            shown: Vec::new(),
            script: vec![
                ("pivot> ", Box::new(move || drop(board))),
                (
                    "waiting for it",
                    Box::new(move || typist.send(vec![b'x', QUIT]).unwrap()),
                ),
            ],
        };
        let terminal = Terminal::none();
        watch(
            &pty.name,
            serial,
            &terminal,
            &keys,
            &mut view(false),
            &mut out,
        )
        .unwrap();
        let shown = String::from_utf8(out.shown).unwrap();
        let gone = format!("pivot> \r\n--- {} has gone", pty.name);
        assert!(shown.starts_with(&gone), "{shown:?}");
    }
}
