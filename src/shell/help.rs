//! What `help` says, all of it from the specifications.

use ufmt::{Formatter, uDisplay, uWrite, uwrite, uwriteln};

use super::{
    args::{Accepts, Arg, Spec, Takes},
    pad,
};

/// The help of one command: summary, usage line, and a line for each argument.
#[derive(Clone, Copy, Debug)]
pub struct Help<'a>(pub &'a Spec);

/// One line for each command.
#[derive(Clone, Copy, Debug)]
pub struct Overview<'a>(pub &'a [&'static Spec]);

/// The value of an argument when it is left out, if it has one.
struct Default<'a>(&'a Arg);

/// An argument as the help of its command names it: `--seconds N`, `mode`.
struct Label<'a>(&'a Arg);

impl uDisplay for Label<'_> {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        let Arg {
            name,
            is_option,
            value,
            ..
        } = self.0;
        match value {
            _ if !is_option => f.write_str(name),
            Takes::Nothing => uwrite!(f, "--{}", *name),
            Takes::Number { .. } => uwrite!(f, "--{} N", *name),
            _ => uwrite!(f, "--{} …", *name),
        }
    }
}

impl uDisplay for Default<'_> {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        match self.0.value {
            Takes::Choice {
                default: Some(word),
                ..
            } => uwrite!(f, "; {} if left out", word),
            Takes::Number {
                default: Some(n), ..
            } => uwrite!(f, "; {} if left out", n),
            _ => Ok(()),
        }
    }
}

impl uDisplay for Help<'_> {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        let Spec {
            name,
            summary,
            args,
        } = self.0;
        uwriteln!(f, "{}: {}", *name, *summary)?;
        uwriteln!(f, "usage: {}", *self.0)?;
        let width = args
            .iter()
            .map(|arg| pad::width(&Label(arg)))
            .max()
            .unwrap_or(0)
            + 2;
        for arg in *args {
            uwrite!(f, "  {}{}", pad::left(Label(arg), width), arg.help)?;
            if arg.value != Takes::Nothing {
                uwrite!(f, ": {}{}", Accepts(arg), Default(arg))?;
            }
            uwriteln!(f, "")?;
        }
        Ok(())
    }
}

impl uDisplay for Overview<'_> {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        let width = self.0.iter().map(|spec| spec.name.len()).max().unwrap_or(0) + 2;
        for spec in self.0 {
            uwriteln!(f, "  {}{}", pad::left(spec.name, width), spec.summary)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::args::tests::{CTXSW, SPECS, shown};

    #[test]
    fn the_help_of_a_command_says_what_each_argument_takes() {
        assert_eq!(
            shown(&Help(&CTXSW)),
            "ctxsw: Measures\n\
             usage: ctxsw [colocated|apart|nopin|all] [--seconds N] [--threads N] [--full]\n\
             \x20 mode         Where: one of colocated, apart, nopin, all; all if left out\n\
             \x20 --seconds N  How long: an integer from 1 to 3600; 1 if left out\n\
             \x20 --threads N  How many: an integer from 2 to 64\n\
             \x20 --full       All of it\n"
        );
    }

    #[test]
    fn the_overview_has_one_aligned_line_for_each_command() {
        assert_eq!(
            shown(&Overview(&SPECS)),
            "  ctxsw   Measures\n  echo    Echoes\n  help    Helps\n  repeat  Repeats\n"
        );
    }
}
