//! A command and its words, understood by the specifications of the commands.

use alloc::string::{String, ToString};

use super::{
    args::{Arg, Spec, Takes},
    problem::{CallError, Problem},
    suggest::nearest,
    values::{Value, Values},
    words::{Word, words},
};

/// What a command line means.
#[derive(Clone, Debug)]
pub enum Call {
    /// Run this command with these arguments.
    Run(&'static Spec, Values),
    /// Show the help of this command.
    Help(&'static Spec),
}

/// Finds the specification of the command `name`.
#[must_use]
pub fn find(specs: &[&'static Spec], name: &str) -> Option<&'static Spec> {
    specs.iter().copied().find(|spec| spec.name == name)
}

/// Understands `source`, one command with its arguments.
///
/// Options are `--name VALUE` or `--name=VALUE`, anywhere among the positional arguments; after `--`
/// nothing is an option. `--help` asks for help, whatever else is right or wrong behind it.
///
/// # Errors
///
/// [`CallError`], which names what is wrong and what would be right.
pub fn call(specs: &[&'static Spec], source: &str) -> Result<Call, CallError> {
    let words = words(source).map_err(CallError::Syntax)?;
    let Some((first, words)) = words.split_first() else {
        return Err(CallError::Empty);
    };
    let spec = find(specs, &first.text).ok_or_else(|| CallError::Unknown {
        name: first.text.clone(),
        nearest: nearest(&first.text, specs.iter().map(|spec| spec.name)),
    })?;
    let parser = Parser {
        spec,
        specs,
        source,
        words,
        values: Values::new(spec),
    };
    parser
        .run()
        .map_err(|problem| CallError::Bad { spec, problem })
}

struct Parser<'a> {
    spec: &'static Spec,
    specs: &'a [&'static Spec],
    source: &'a str,
    words: &'a [Word],
    values: Values,
}

impl Parser<'_> {
    fn run(mut self) -> Result<Call, Problem> {
        let mut positionals = self.spec.args.iter().filter(|arg| !arg.is_option);
        let mut has_options = true;
        while let Some((word, rest)) = self.words.split_first() {
            let arg = positionals.clone().next();
            if let Some(option) = word.text.strip_prefix("--").filter(|_| has_options)
                && (!arg.is_some_and(Arg::takes_the_rest) || self.spec.has_option(option))
            {
                self.words = rest;
                match option {
                    "" => has_options = false,
                    "help" => return Ok(Call::Help(self.spec)),
                    _ => self.option(option)?,
                }
                continue;
            }
            if !arg.is_some_and(Arg::is_repeated) {
                positionals.next();
            }
            match arg {
                Some(arg) => self.positional(arg)?,
                None => {
                    return Err(Problem::TooMany {
                        given: word.text.clone(),
                    });
                }
            }
        }
        positionals
            .find(|arg| !arg.is_optional && !self.values.is_given(arg.name))
            .map_or(Ok(Call::Run(self.spec, self.values)), |arg| {
                Err(Problem::Missing(arg))
            })
    }

    /// Takes a positional argument: the next word, or all of them.
    fn positional(&mut self, arg: &'static Arg) -> Result<(), Problem> {
        let Some((word, rest)) = self.words.split_first() else {
            return Ok(());
        };
        let value = match arg.value {
            Takes::Words => Value::Text(joined(self.words)),
            // One word is a line in quotes; several are a line as it stands.
            Takes::CommandLine if !rest.is_empty() => {
                Value::Text(self.source[word.start..].to_string())
            }
            _ => self.value(arg, &word.text)?,
        };
        self.words = if arg.takes_the_rest() { &[] } else { rest };
        self.values.set(arg.name, value);
        Ok(())
    }

    /// Takes an option; its value may be the next word.
    fn option(&mut self, option: &str) -> Result<(), Problem> {
        let (name, inline) = option
            .split_once('=')
            .map_or((option, None), |(name, value)| (name, Some(value)));
        let arg = find_option(self.spec, name)?;
        if self.values.is_given(arg.name) {
            return Err(Problem::Repeated(arg));
        }
        let value = match (arg.value, inline) {
            (Takes::Nothing, None) => Value::Present,
            (Takes::Nothing, Some(_)) => return Err(Problem::NeedlessValue(arg)),
            (_, Some(text)) => self.value(arg, text)?,
            (_, None) => {
                let (word, rest) = self.words.split_first().ok_or(Problem::NoValue(arg))?;
                self.words = rest;
                self.value(arg, &word.text)?
            }
        };
        self.values.set(arg.name, value);
        Ok(())
    }

    /// What `text` means to `arg`.
    fn value(&self, arg: &'static Arg, text: &str) -> Result<Value, Problem> {
        let bad = |nearest| Problem::BadValue {
            arg,
            given: text.to_string(),
            nearest,
        };
        match arg.value {
            Takes::Choice { of, .. } | Takes::Choices { of, .. } => {
                match of.iter().find(|choice| **choice == text) {
                    Some(choice) => Ok(Value::Choice(choice)),
                    None => Err(bad(nearest(text, of.iter().copied()))),
                }
            }
            Takes::Number { min, max, .. } => number(text)
                .filter(|n| (min..=max).contains(n))
                .map(Value::Number)
                .ok_or_else(|| bad(None)),
            Takes::ChoiceOrNumber { of, min, max } => {
                let choice = of.iter().find(|choice| **choice == text);
                let in_range = |n: &u64| (min..=max).contains(n);
                choice
                    .map(|choice| Value::Choice(choice))
                    .or_else(|| number(text).filter(in_range).map(Value::Number))
                    .ok_or_else(|| bad(nearest(text, of.iter().copied())))
            }
            Takes::Command => match find(self.specs, text) {
                Some(spec) => Ok(Value::Choice(spec.name)),
                None => Err(bad(nearest(text, self.specs.iter().map(|spec| spec.name)))),
            },
            Takes::Word | Takes::Words | Takes::CommandLine | Takes::Nothing => {
                Ok(Value::Text(text.to_string()))
            }
        }
    }
}

fn find_option(spec: &'static Spec, name: &str) -> Result<&'static Arg, Problem> {
    let options = || spec.args.iter().filter(|arg| arg.is_option);
    options()
        .find(|arg| arg.name == name)
        .ok_or_else(|| Problem::UnknownOption {
            given: name.to_string(),
            nearest: nearest(name, options().map(|arg| arg.name)),
        })
}

/// The texts of `words` with one space between them.
fn joined(words: &[Word]) -> String {
    let mut text = String::new();
    for (i, word) in words.iter().enumerate() {
        text.push_str(if i == 0 { "" } else { " " });
        text.push_str(&word.text);
    }
    text
}

/// An integer, decimal or `0x…`. A sign is no digit.
fn number(text: &str) -> Option<u64> {
    let (digits, radix) = text
        .strip_prefix("0x")
        .map_or((text, 10), |digits| (digits, 16));
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests;
