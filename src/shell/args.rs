//! What a command takes: declared once; usage, help, completion and parsing all follow from it.

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

/// What a command is called and takes.
#[derive(Debug)]
pub struct Spec {
    /// What is typed. Lower case, no spaces.
    pub name: &'static str,
    /// One line for the list of commands, without a full stop.
    pub summary: &'static str,
    /// Positional arguments in their order, and options in the order in which help shows them.
    pub args: &'static [Arg],
}

/// One argument of a command: positional, option with a value, or flag.
#[derive(Debug)]
pub struct Arg {
    /// Its name, in usage and for the typed access of the command that runs.
    pub name: &'static str,
    /// One line for the help of the command, without a full stop.
    pub help: &'static str,
    /// What it takes.
    pub value: Takes,
    /// Whether it is `--name VALUE` and not positional.
    pub is_option: bool,
    /// Whether it may be left out.
    pub is_optional: bool,
}

/// What an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One of these words; `default` when it is left out.
    Choice {
        /// The words.
        of: &'static [&'static str],
        /// What leaving it out means.
        default: Option<&'static str>,
    },
    /// An integer in a range; `default` when it is left out.
    Number {
        /// The least value that is accepted.
        min: u64,
        /// The greatest value that is accepted.
        max: u64,
        /// What leaving it out means.
        default: Option<u64>,
    },
    /// Any word.
    Word,
    /// The name of a command.
    Command,
    /// Nothing: its presence says it all.
    Nothing,
    /// All words that follow, unquoted.
    Words,
    /// All that follows, as it was typed: a command line.
    CommandLine,
}

impl Arg {
    const fn new(name: &'static str, value: Takes, help: &'static str) -> Self {
        Self {
            name,
            help,
            value,
            is_option: false,
            is_optional: false,
        }
    }

    /// A positional argument that is one of `of`.
    pub const fn choice(
        name: &'static str,
        of: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self::new(name, Takes::Choice { of, default: None }, help)
    }

    /// A positional integer from `min` to `max`, both included.
    pub const fn number(name: &'static str, min: u64, max: u64, help: &'static str) -> Self {
        assert!(min <= max, "an empty range accepts nothing");
        Self::new(
            name,
            Takes::Number {
                min,
                max,
                default: None,
            },
            help,
        )
    }

    /// A positional argument that is any word.
    pub const fn word(name: &'static str, help: &'static str) -> Self {
        Self::new(name, Takes::Word, help)
    }

    /// A positional argument that is the name of a command.
    pub const fn command(name: &'static str, help: &'static str) -> Self {
        Self::new(name, Takes::Command, help)
    }

    /// All the words that follow. It stands last.
    pub const fn words(name: &'static str, help: &'static str) -> Self {
        Self::new(name, Takes::Words, help).optional()
    }

    /// All that follows, unparsed: a command line of its own. It stands last.
    pub const fn command_line(name: &'static str, help: &'static str) -> Self {
        Self::new(name, Takes::CommandLine, help)
    }

    /// `--name`, present or not.
    pub const fn flag(name: &'static str, help: &'static str) -> Self {
        Self {
            is_option: true,
            ..Self::new(name, Takes::Nothing, help).optional()
        }
    }

    /// Turns it from a positional argument into `--name VALUE`, which may be left out.
    pub const fn option(self) -> Self {
        Self {
            is_option: true,
            is_optional: true,
            ..self
        }
    }

    /// It may be left out.
    pub const fn optional(self) -> Self {
        Self {
            is_optional: true,
            ..self
        }
    }

    /// It may be left out, which means `default`: one of the choices.
    pub const fn or_choice(self, default: &'static str) -> Self {
        let Takes::Choice { of, .. } = self.value else {
            panic!("only a choice has a word as its default");
        };
        Self {
            value: Takes::Choice {
                of,
                default: Some(default),
            },
            ..self.optional()
        }
    }

    /// It may be left out, which means `default`.
    pub const fn or_number(self, default: u64) -> Self {
        let Takes::Number { min, max, .. } = self.value else {
            panic!("only a number has a number as its default");
        };
        assert!(
            min <= default && default <= max,
            "the default is in the range"
        );
        Self {
            value: Takes::Number {
                min,
                max,
                default: Some(default),
            },
            ..self.optional()
        }
    }
}

/// The value in usage lines: `colocated|apart`, `N`, `WORD`.
struct Shape<'a>(&'a Arg);

impl uDisplay for Shape<'_> {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        let arg = self.0;
        match arg.value {
            Takes::Choice { of, .. } => {
                for (i, choice) in of.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { "|" })?;
                    f.write_str(choice)?;
                }
                Ok(())
            }
            Takes::Number { .. } if arg.is_option => f.write_str("N"),
            Takes::Nothing => Ok(()),
            _ => {
                arg.name
                    .chars()
                    .try_for_each(|c| f.write_char(c.to_ascii_uppercase()))?;
                f.write_str(if arg.value == Takes::Words { "…" } else { "" })
            }
        }
    }
}

/// One argument as the usage line shows it: `[--seconds N]`.
impl uDisplay for Arg {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        f.write_str(if self.is_optional { "[" } else { "" })?;
        if self.is_option {
            uwrite!(f, "--{}", self.name)?;
            f.write_str(if self.value == Takes::Nothing {
                ""
            } else {
                " "
            })?;
        }
        uwrite!(f, "{}", Shape(self))?;
        f.write_str(if self.is_optional { "]" } else { "" })
    }
}

/// The usage line: `ctxsw [colocated|apart|nopin|all] [--seconds N]`.
impl uDisplay for Spec {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        f.write_str(self.name)?;
        self.args.iter().try_for_each(|arg| uwrite!(f, " {}", arg))
    }
}

/// What an argument accepts, in words: `one of a, b`, `an integer from 1 to 60`.
#[derive(Clone, Copy, Debug)]
pub struct Accepts<'a>(pub &'a Arg);

impl uDisplay for Accepts<'_> {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        match self.0.value {
            Takes::Choice { of, .. } => {
                f.write_str("one of")?;
                for (i, choice) in of.iter().enumerate() {
                    uwrite!(f, "{}{}", if i == 0 { " " } else { ", " }, *choice)?;
                }
                Ok(())
            }
            Takes::Number {
                min, max: u64::MAX, ..
            } => uwrite!(f, "an integer from {}", min),
            Takes::Number { min, max, .. } => uwrite!(f, "an integer from {} to {}", min, max),
            Takes::Word => f.write_str("a word"),
            Takes::Command => f.write_str("the name of a command"),
            Takes::Words => f.write_str("any words"),
            Takes::CommandLine => f.write_str("a command with its arguments"),
            Takes::Nothing => f.write_str("no value"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::string::String;

    use super::*;

    /// A command with an argument of every common kind, for the tests of the shell.
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
        static REPEAT: Spec = Spec {
            name: "repeat",
            summary: "",
            args: &[
                Arg::number("count", 1, 9, ""),
                Arg::command_line("command", ""),
            ],
        };
        assert_eq!(shown(&REPEAT), "repeat COUNT COMMAND");
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
    }
}
