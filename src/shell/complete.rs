//! Tab: what can stand at the cursor, from the specifications of the commands.

use alloc::{format, string::String, vec::Vec};

use super::{
    args::{Arg, Spec, Takes},
    parse::find,
    words::{Word, words_so_far},
};

/// What Tab does at the cursor.
#[derive(Clone, Debug, Default)]
pub struct Completion {
    /// What is certain and is to be inserted; empty when nothing is.
    pub insert: String,
    /// What to choose from when nothing is certain.
    pub candidates: Vec<String>,
    /// The argument that is expected, when its values cannot be listed.
    pub hint: Option<&'static Arg>,
}

/// What can stand at the end of `typed`, the line up to the cursor.
#[must_use]
pub fn complete(specs: &[&'static Spec], typed: &str) -> Completion {
    let cut = words_so_far(typed);
    if cut.error.is_some() {
        return Completion::default();
    }
    let (partial, words) = match cut.words.split_last() {
        Some((last, before)) if cut.is_inside => (last.text.as_str(), before),
        _ => ("", cut.words.as_slice()),
    };
    let is_end = |word: &Word| typed[word.start..].starts_with([';', '&']);
    let start = words.iter().rposition(is_end).map_or(0, |end| end + 1);
    expected(specs, &words[start..], partial).completion(partial)
}

/// What can stand at the cursor, whatever is typed of it.
#[derive(Default)]
struct Expected {
    candidates: Vec<String>,
    hint: Option<&'static Arg>,
}

impl Expected {
    fn commands(specs: &[&'static Spec]) -> Self {
        let candidates = specs.iter().map(|spec| spec.name.into()).collect();
        Self {
            candidates,
            hint: None,
        }
    }

    /// The values of `arg`, each behind `prefix`.
    fn values(specs: &[&'static Spec], arg: &'static Arg, prefix: &str) -> Self {
        let candidates = match arg.value {
            Takes::Choice { of, .. }
            | Takes::Choices { of, .. }
            | Takes::ChoiceOrNumber { of, .. } => of
                .iter()
                .map(|choice| format_pair(prefix, choice))
                .collect(),
            Takes::Command => specs
                .iter()
                .map(|spec| format_pair(prefix, spec.name))
                .collect(),
            Takes::CommandLine => return Self::commands(specs),
            _ => {
                return Self {
                    candidates: Vec::new(),
                    hint: Some(arg),
                };
            }
        };
        Self {
            candidates,
            hint: None,
        }
    }

    fn completion(mut self, partial: &str) -> Completion {
        self.candidates
            .retain(|candidate| candidate.starts_with(partial));
        let Some((first, others)) = self.candidates.split_first() else {
            return Completion {
                hint: self.hint,
                ..Completion::default()
            };
        };
        if others.is_empty() && self.hint.is_none() {
            let insert = format_pair(&first[partial.len()..], " ");
            return Completion {
                insert,
                ..Completion::default()
            };
        }
        let common = others.iter().fold(first.len(), |common, other| {
            first
                .bytes()
                .zip(other.bytes())
                .take(common)
                .take_while(|(a, b)| a == b)
                .count()
        });
        match &first[partial.len()..common] {
            "" => Completion {
                insert: String::new(),
                candidates: self.candidates,
                hint: self.hint,
            },
            certain => Completion {
                insert: certain.into(),
                ..Completion::default()
            },
        }
    }
}

fn format_pair(a: &str, b: &str) -> String {
    [a, b].concat()
}

/// What can follow `words`, the complete words of one command, where `partial` is typed.
fn expected(specs: &[&'static Spec], words: &[Word], partial: &str) -> Expected {
    let Some((name, mut words)) = words.split_first() else {
        return Expected::commands(specs);
    };
    let Some(spec) = find(specs, &name.text) else {
        return Expected::default();
    };
    let option_named = |name: &str| spec.args.iter().find(|a| a.is_option && a.name == name);
    let mut positionals = spec.args.iter().filter(|arg| !arg.is_option);
    let (mut given, mut has_options, mut is_enough) = (Vec::new(), true, false);
    while let Some((word, rest)) = words.split_first() {
        let is_greedy = positionals.clone().next().is_some_and(Arg::takes_the_rest);
        if let Some(option) = word.text.strip_prefix("--").filter(|_| has_options)
            && (!is_greedy || spec.has_option(option))
        {
            has_options = !option.is_empty();
            words = rest;
            given.push(option.split_once('=').map_or(option, |(name, _)| name));
            let takes_word = |arg: &&Arg| arg.value != Takes::Nothing && !option.contains('=');
            if let Some(arg) = option_named(option).filter(takes_word) {
                match words.split_first() {
                    Some((_, rest)) => words = rest,
                    None => return Expected::values(specs, arg, ""),
                }
            }
            continue;
        }
        if positionals.clone().next().is_some_and(Arg::is_repeated) {
            (is_enough, words) = (true, rest);
            continue;
        }
        match positionals.next().map(|arg| arg.value) {
            Some(Takes::CommandLine) => return expected(specs, words, partial),
            Some(Takes::Words) | None => return Expected::default(),
            Some(_) => words = rest,
        }
    }
    if let Some((name, _)) = partial.strip_prefix("--").and_then(|o| o.split_once('=')) {
        let values = |arg| Expected::values(specs, arg, &format!("--{name}="));
        return option_named(name).map_or_else(Expected::default, values);
    }
    let next = positionals.next();
    let mut expected = match next {
        Some(arg) if !partial.starts_with('-') => Expected::values(specs, arg, ""),
        _ => Expected::default(),
    };
    let is_option = partial.starts_with('-');
    is_enough |= next.is_none_or(|arg| arg.is_optional);
    if has_options && (is_option || is_enough) {
        let options = spec
            .args
            .iter()
            .filter(|arg| arg.is_option)
            .map(|arg| arg.name);
        let options = options.filter(|name| !given.contains(name));
        let help = is_option.then_some("help");
        expected
            .candidates
            .extend(options.chain(help).map(|name| format_pair("--", name)));
    }
    expected
}

#[cfg(test)]
mod tests;
