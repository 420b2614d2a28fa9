//! How what a command takes is shown: in a usage line, and in words.

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

use super::{Arg, Spec, Takes};

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
            Takes::ChoiceOrNumber { of, .. } => {
                for choice in of {
                    uwrite!(f, "{}|", *choice)?;
                }
                capitals(f, arg.name)
            }
            Takes::Number { .. } if arg.is_option => f.write_str("N"),
            Takes::Nothing => Ok(()),
            _ => {
                capitals(f, arg.name)?;
                let goes_on = arg.is_repeated() || arg.value == Takes::Words;
                f.write_str(if goes_on { "…" } else { "" })
            }
        }
    }
}

fn capitals<W: uWrite + ?Sized>(f: &mut Formatter<'_, W>, name: &str) -> Result<(), W::Error> {
    name.chars()
        .try_for_each(|c| f.write_char(c.to_ascii_uppercase()))
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
            Takes::Choices { called, .. } => f.write_str(called),
            Takes::ChoiceOrNumber { of, min, max } => {
                for choice in of {
                    uwrite!(f, "{}, ", *choice)?;
                }
                uwrite!(f, "or an integer from {} to {}", min, max)
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
