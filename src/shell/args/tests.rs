//! What follows from a specification; and a small table of commands for the tests of the shell.

use std::string::String;

use ufmt::{uDisplay, uWrite, uwrite};

use super::*;

/// A command with an argument of every common kind.
pub(crate) static CTXSW: Spec = Spec {
    name: "ctxsw",
    summary: "Measures",
    args: &[
        Arg::choice("mode", &["colocated", "apart", "nopin", "all"], "Where").or_choice("all"),
        Arg::number("seconds", 1, 3600, "How long")
            .or_number(1)
            .option(),
        Arg::number("threads", 2, 64, "How many").option(),
        Arg::flag("full", "All of it"),
    ],
};

/// A command that runs another.
pub(crate) static REPEAT: Spec = Spec {
    name: "repeat",
    summary: "Repeats",
    args: &[
        Arg::number("count", 1, 1_000_000, "How often"),
        Arg::command_line("command", "What"),
    ],
};

/// A command that takes any words.
pub(crate) static ECHO: Spec = Spec {
    name: "echo",
    summary: "Echoes",
    args: &[Arg::words("words", "What")],
};

/// A command that takes the name of a command.
pub(crate) static HELP: Spec = Spec {
    name: "help",
    summary: "Helps",
    args: &[Arg::command("command", "Which").optional()],
};

/// A command that takes one or more of some words.
pub(crate) static SUITE: Spec = Spec {
    name: "suite",
    summary: "Runs",
    args: &[
        Arg::choices("what", &["all", "pin", "prio"], "names of suites", "Which"),
        Arg::flag("strict", "Strictly"),
    ],
};

/// A command that takes a word or a number.
pub(crate) static CLOCK: Spec = Spec {
    name: "clock",
    summary: "Shows",
    args: &[Arg::choice_or_number("mhz", &["show", "max"], (1, 4000), "What").optional()],
};

/// A table of commands.
pub(crate) static SPECS: [&Spec; 4] = [&CTXSW, &ECHO, &HELP, &REPEAT];

/// `what`, as it is printed.
pub(crate) fn shown(what: &impl uDisplay) -> String {
    let mut text = String::new();
    uwrite!(Sink(&mut text), "{}", what).unwrap();
    text
}

struct Sink<'a>(&'a mut String);

impl uWrite for Sink<'_> {
    type Error = core::convert::Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Self::Error> {
        self.0.push_str(text);
        Ok(())
    }
}

#[test]
fn the_usage_line_shows_order_choices_and_what_may_be_left_out() {
    assert_eq!(
        shown(&CTXSW),
        "ctxsw [colocated|apart|nopin|all] [--seconds N] [--threads N] [--full]"
    );
    assert_eq!(shown(&REPEAT), "repeat COUNT COMMAND");
    assert_eq!(shown(&ECHO), "echo [WORDS…]");
    assert_eq!(shown(&SUITE), "suite WHAT… [--strict]");
    assert_eq!(shown(&CLOCK), "clock [show|max|MHZ]");
}

#[test]
fn what_an_argument_accepts_is_said_in_words() {
    let said = |i: usize| shown(&Accepts(&CTXSW.args[i]));
    assert_eq!(said(0), "one of colocated, apart, nopin, all");
    assert_eq!(said(1), "an integer from 1 to 3600");
    assert_eq!(
        shown(&Accepts(&Arg::number("n", 1, u64::MAX, ""))),
        "an integer from 1"
    );
    assert_eq!(
        shown(&Accepts(&CLOCK.args[0])),
        "show, max, or an integer from 1 to 4000"
    );
}
