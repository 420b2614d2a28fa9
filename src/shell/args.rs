//! What a command takes: declared once; usage, help, completion and parsing all follow from it.

mod shown;

pub use shown::Accepts;

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
    /// One or more of these words, one word each.
    Choices {
        /// The words.
        of: &'static [&'static str],
        /// What they are, in a few words: there may be too many to name them all.
        called: &'static str,
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
    /// One of these words, or an integer in a range.
    ChoiceOrNumber {
        /// The words.
        of: &'static [&'static str],
        /// The least value that is accepted.
        min: u64,
        /// The greatest value that is accepted.
        max: u64,
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

impl Spec {
    /// Whether the command has the option or flag `--name`, given with or without a value. Every command
    /// has `--help`, and `--` for the end of the options.
    #[must_use]
    pub fn has_option(&self, option: &str) -> bool {
        let name = option.split('=').next().unwrap_or_default();
        matches!(name, "" | "help")
            || self
                .args
                .iter()
                .any(|arg| arg.is_option && arg.name == name)
    }
}

impl Arg {
    /// Whether nothing can stand behind it.
    #[must_use]
    pub const fn takes_the_rest(&self) -> bool {
        matches!(self.value, Takes::Words | Takes::CommandLine)
    }

    /// Whether it may stand several times.
    #[must_use]
    pub const fn is_repeated(&self) -> bool {
        matches!(self.value, Takes::Choices { .. })
    }

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

    /// A positional argument that is one or more of `of`, which are `called` so. It stands last.
    pub const fn choices(
        name: &'static str,
        of: &'static [&'static str],
        called: &'static str,
        help: &'static str,
    ) -> Self {
        Self::new(name, Takes::Choices { of, called }, help)
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

    /// A positional argument that is one of `of`, or an integer from `min` to `max`, both included.
    pub const fn choice_or_number(
        name: &'static str,
        of: &'static [&'static str],
        (min, max): (u64, u64),
        help: &'static str,
    ) -> Self {
        assert!(min <= max, "an empty range accepts no number");
        Self::new(name, Takes::ChoiceOrNumber { of, min, max }, help)
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

#[cfg(test)]
pub(crate) mod tests;
