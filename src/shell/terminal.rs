//! The terminal, which the line that is being typed shares with what commands print.
//!
//! One lock covers both, so that a command in the background prints above the prompt: the row is erased,
//! the text is printed, the row is drawn again.

use alloc::string::String;
use core::convert::Infallible;
use core::time::Duration;

use ufmt::{uDisplay, uWrite, uwrite};

use super::{
    Edit, History, Key, LINE_MAX, LineEditor, PromptRow,
    args::{Accepts, Spec},
    columns::Columns,
    complete::{Completion, complete},
};
use crate::{console, sync::Mutex};

const PROMPT: &str = "pivot> ";

/// The width that is assumed. It is not asked of the terminal: a pipe or a script does not answer.
const COLUMNS: usize = 80;

static TERMINAL: Mutex<Terminal> = Mutex::new(Terminal {
    row: PromptRow::new(PROMPT, COLUMNS),
    line: LineEditor::new(),
    is_prompting: false,
    is_stale: false,
    is_refused: false,
});

struct Terminal {
    row: PromptRow,
    line: LineEditor,
    /// Whether the row with the prompt is on the screen.
    is_prompting: bool,
    /// Whether the row shows another line than this.
    is_stale: bool,
    /// Whether a key was refused since the bell last rang.
    is_refused: bool,
}

/// The console as a sink.
struct Wire;

impl uWrite for Wire {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
        console::write(text.as_bytes());
        Ok(())
    }
}

/// Prints `text`, above the line that is being typed if there is one.
pub(crate) fn print(text: &str) {
    TERMINAL.lock_always().print(text);
}

/// As [`print`]; but past whoever has the terminal or the console and does not give it back within `patience`: it may be
/// on a core that hangs, and then this is what there is to say.
pub(crate) fn print_past(text: &str, patience: Duration) {
    match TERMINAL.lock_always_within(patience) {
        Some(mut terminal) if console::is_free_within(patience) => terminal.print(text),
        _ => console::panic_write(text.as_bytes()),
    }
}

/// Shows the prompt and an empty line. What is typed goes to [`take_keys`] until it returns a line.
pub(crate) fn prompt() {
    let mut terminal = TERMINAL.lock_always();
    terminal.line.clear();
    terminal.is_prompting = true;
    terminal.draw();
}

/// Takes the keys that were pressed at the prompt; returns the line that they end, after which there is no
/// prompt. What came at once is drawn at once, and only as it is in the end: so pasted text is read as fast as
/// it comes.
pub(crate) fn take_keys(
    keys: impl Iterator<Item = Key>,
    history: &mut History,
    specs: &[&'static Spec],
) -> Option<String> {
    let mut terminal = TERMINAL.lock_always();
    for key in keys {
        if let Some(line) = terminal.key(key, history, specs) {
            return Some(line);
        }
    }
    terminal.catch_up();
    if core::mem::take(&mut terminal.is_refused) {
        bell();
    }
    None
}

/// Rings the bell.
pub(crate) fn bell() {
    show("\x07");
}

fn show(what: impl uDisplay) {
    let Ok(()) = uwrite!(Wire, "{}", what);
}

impl Terminal {
    fn print(&mut self, text: &str) {
        if !self.is_prompting {
            return show(text);
        }
        let Ok(()) = self.row.erase(&mut Wire);
        show(text);
        // Without an end of line the prompt would overwrite it.
        show(if text.ends_with('\n') { "" } else { "\n" });
        self.draw();
    }

    fn draw(&mut self) {
        self.is_stale = false;
        let Ok(()) = self.row.draw(&self.line, &mut Wire);
    }

    /// Draws the row, if it shows another line than this.
    fn catch_up(&mut self) {
        if self.is_stale {
            self.draw();
        }
    }

    fn key(&mut self, key: Key, history: &mut History, specs: &[&'static Spec]) -> Option<String> {
        match self.line.apply(key, history) {
            Edit::Nothing => {}
            Edit::Appended(byte) => {
                if !self.is_stale {
                    let Ok(()) = self.row.append(byte, &self.line, &mut Wire);
                }
            }
            Edit::Changed => self.is_stale = true,
            Edit::Refused => self.is_refused = true,
            Edit::Entered => {
                let line = self.line.text().into();
                self.leave_row("");
                self.is_prompting = false;
                return Some(line);
            }
            Edit::TooLong => {
                self.leave_row("");
                let Ok(()) = uwrite!(
                    Wire,
                    "a line has at most {} characters; nothing of it ran\n",
                    LINE_MAX
                );
            }
            Edit::Interrupted => {
                history.leave();
                self.leave_row("^C");
            }
            Edit::EndOfInput => self.print("`halt` stops the machine\n"),
            Edit::ClearScreen => {
                show("\x1b[2J\x1b[H");
                self.is_stale = true;
            }
            Edit::Complete => self.complete(specs),
        }
        None
    }

    /// Goes on in the row below, with an empty line; this row keeps what it shows.
    fn leave_row(&mut self, mark: &str) {
        self.catch_up();
        show(mark);
        show("\n");
        self.line.clear();
        self.is_stale = true;
    }

    fn complete(&mut self, specs: &[&'static Spec]) {
        let Completion {
            insert,
            candidates,
            hint,
        } = complete(specs, self.line.before_cursor());
        if !insert.is_empty() {
            match self.line.insert(&insert) {
                Edit::Changed => self.is_stale = true,
                _ => self.is_refused = true,
            }
            return;
        }
        if candidates.is_empty() && hint.is_none() {
            self.is_refused = true;
            return;
        }
        self.catch_up();
        show("\n");
        if let Some(arg) = hint {
            let Ok(()) = uwrite!(Wire, "{}: {}\n", arg.name, Accepts(arg));
        }
        show(Columns {
            words: &candidates,
            width: COLUMNS,
        });
        self.is_stale = true;
    }
}
