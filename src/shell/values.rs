//! The arguments of one call, by name.

use alloc::{string::String, vec::Vec};

use super::args::{Spec, Takes};

/// The arguments of one call, each accepted by the specification of its command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    given: Vec<(&'static str, Value)>,
    defaults: Vec<(&'static str, Value)>,
}

/// The value of one argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One of the choices of the specification.
    Choice(&'static str),
    /// An integer in the range of the specification.
    Number(u64),
    /// A word, or the rest of the line.
    Text(String),
    /// A flag.
    Present,
}

impl Values {
    /// What `spec` says when nothing is given.
    #[must_use]
    pub fn new(spec: &Spec) -> Self {
        let default = |value| match value {
            Takes::Choice { default, .. } => default.map(Value::Choice),
            Takes::Number { default, .. } => default.map(Value::Number),
            _ => None,
        };
        let defaults = spec
            .args
            .iter()
            .filter_map(|a| Some((a.name, default(a.value)?)))
            .collect();
        Self {
            given: Vec::new(),
            defaults,
        }
    }

    /// Sets the argument `name`.
    pub(crate) fn set(&mut self, name: &'static str, value: Value) {
        self.given.push((name, value));
    }

    /// Whether the argument `name` was given.
    #[must_use]
    pub fn is_given(&self, name: &str) -> bool {
        self.given.iter().any(|(n, _)| *n == name)
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.given
            .iter()
            .chain(&self.defaults)
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v)
    }

    /// The choice `name`, given or by default.
    #[must_use]
    pub fn choice(&self, name: &str) -> Option<&'static str> {
        match self.get(name) {
            Some(Value::Choice(choice)) => Some(choice),
            _ => None,
        }
    }

    /// All choices that were given for `name`, in their order.
    pub fn choices(&self, name: &str) -> impl Iterator<Item = &'static str> {
        self.given.iter().filter_map(move |(n, value)| match value {
            Value::Choice(choice) if *n == name => Some(*choice),
            _ => None,
        })
    }

    /// The integer `name`, given or by default.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.get(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The word, words or command line `name`, if given.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::args::tests::CTXSW;

    #[test]
    fn what_is_given_goes_before_the_default() {
        let mut values = Values::new(&CTXSW);
        assert_eq!(values.choice("mode"), Some("all"));
        assert_eq!(values.number("seconds"), Some(1));
        values.set("mode", Value::Choice("apart"));
        values.set("seconds", Value::Number(5));
        assert_eq!(values.choice("mode"), Some("apart"));
        assert_eq!(values.number("seconds"), Some(5));
    }

    #[test]
    fn an_argument_without_a_default_is_there_only_when_given() {
        let mut values = Values::new(&CTXSW);
        assert_eq!(values.number("threads"), None);
        assert!(!values.is_given("full") && !values.is_given("seconds"));
        values.set("full", Value::Present);
        assert!(values.is_given("full"));
        assert_eq!(values.text("full"), None);
    }
}
