//! What is wrong with a command, in words that say what would be right.

use alloc::string::String;

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

use super::{
    args::{Accepts, Arg, Spec},
    words::SyntaxError,
};

/// Why a command was not understood.
#[derive(Clone, Debug)]
pub enum CallError {
    /// The line cannot be cut into words.
    Syntax(SyntaxError),
    /// There is no command where one is expected.
    Empty,
    /// There is no such command.
    Unknown {
        /// What stands there.
        name: String,
        /// The command that was probably meant.
        nearest: Option<&'static str>,
    },
    /// An argument is wrong.
    Bad {
        /// The command.
        spec: &'static Spec,
        /// What is wrong.
        problem: Problem,
    },
}

/// What is wrong with an argument.
#[derive(Clone, Debug)]
pub enum Problem {
    /// The command has no such option.
    UnknownOption {
        /// What stands there, without `--` and value.
        given: String,
        /// The option that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The argument does not accept this value.
    BadValue {
        /// The argument.
        arg: &'static Arg,
        /// What stands there.
        given: String,
        /// The value that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The option has no value behind it.
    NoValue(&'static Arg),
    /// The flag has a value behind it.
    NeedlessValue(&'static Arg),
    /// An argument that may not be left out is left out.
    Missing(&'static Arg),
    /// The option stands twice.
    Repeated(&'static Arg),
    /// There are more arguments than the command takes.
    TooMany {
        /// The first one too many.
        given: String,
    },
}

/// The name of an argument as it is typed or, for a positional one, as usage shows it.
struct Named<'a>(&'a Arg);

impl uDisplay for Named<'_> {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        f.write_str(if self.0.is_option { "--" } else { "" })?;
        f.write_str(self.0.name)
    }
}

/// `; did you mean …?`, if there is something to suggest.
fn suggestion<W: uWrite + ?Sized>(
    f: &mut Formatter<'_, W>,
    dashes: &str,
    nearest: Option<&str>,
) -> Result<(), W::Error> {
    nearest.map_or(Ok(()), |nearest| {
        uwrite!(f, "; did you mean `{}{}`?", dashes, nearest)
    })
}

impl uDisplay for Problem {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        match self {
            Self::UnknownOption { given, nearest } => {
                uwrite!(f, "there is no option `--{}`", given.as_str())?;
                suggestion(f, "--", *nearest)
            }
            Self::BadValue {
                arg,
                given,
                nearest,
            } => {
                uwrite!(f, "{} cannot be `{}`", Named(arg), given.as_str())?;
                suggestion(f, "", *nearest)?;
                let mark = if nearest.is_some() {
                    " It takes"
                } else {
                    "; it takes"
                };
                uwrite!(f, "{} {}", mark, Accepts(arg))
            }
            Self::NoValue(arg) => {
                uwrite!(f, "{} has no value; it takes {}", Named(arg), Accepts(arg))
            }
            Self::NeedlessValue(arg) => uwrite!(f, "{} takes no value", Named(arg)),
            Self::Missing(arg) => uwrite!(f, "{} is missing: {}", Named(arg), Accepts(arg)),
            Self::Repeated(arg) => uwrite!(f, "{} stands twice", Named(arg)),
            Self::TooMany { given } => uwrite!(f, "`{}` is one argument too many", given.as_str()),
        }
    }
}

impl uDisplay for CallError {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        match self {
            Self::Syntax(error) => uwrite!(f, "{}", error),
            Self::Empty => f.write_str("there is no command"),
            Self::Unknown { name, nearest } => {
                uwrite!(f, "there is no command `{}`", name.as_str())?;
                suggestion(f, "", *nearest)?;
                f.write_str(if nearest.is_some() { " " } else { "; " })?;
                f.write_str("`help` lists them all")
            }
            Self::Bad { spec, problem } => {
                uwrite!(f, "{}: {}\nusage: {}", spec.name, problem, **spec)
            }
        }
    }
}
