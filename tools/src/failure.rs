//! What went wrong, where, and what to do about it.

use std::fmt::{self, Display, Formatter};

/// Exit code of a test that failed or code that does not build.
pub(crate) const CODE_FAILED: u8 = 1;
/// Exit code of a wrong call or of a machine that lacks something.
pub(crate) const CODE_ENVIRONMENT: u8 = 2;

/// An error that knows its exit code and what would mend it.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    help: Option<String>,
    code: u8,
}

impl Failure {
    /// The machine or the call is at fault: exit code 2.
    pub(crate) fn environment(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: None,
            code: CODE_ENVIRONMENT,
        }
    }

    /// The project is at fault: exit code 1.
    pub(crate) fn verdict(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: None,
            code: CODE_FAILED,
        }
    }

    /// Adds what to do: the command that would mend it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Failure {}

/// A test cannot be run here, and why: neither good nor bad.
#[derive(Debug)]
pub(crate) struct Skipped(pub(crate) String);

impl Display for Skipped {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Skipped {}

/// Prints an error as `error: WHAT` and, where it is known, `help: COMMAND`; returns the exit code.
pub(crate) fn report(error: &anyhow::Error) -> u8 {
    eprintln!("{}", render(error));
    code(error)
}

fn find(error: &anyhow::Error) -> Option<&Failure> {
    error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Failure>())
}

fn code(error: &anyhow::Error) -> u8 {
    find(error).map_or(CODE_ENVIRONMENT, |failure| failure.code)
}

/// The text that [`report`] prints.
pub(crate) fn render(error: &anyhow::Error) -> String {
    let mut text = format!("error: {error:#}");
    if let Some(help) = find(error).and_then(|failure| failure.help.as_deref()) {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn help_and_code_survive_added_context() {
        let cause = Failure::verdict("no magic").help("build again");
        let error = Err::<(), _>(cause)
            .context("checking the image")
            .unwrap_err();
        assert_eq!(
            render(&error),
            "error: checking the image: no magic\nhelp: build again"
        );
        assert_eq!(code(&error), CODE_FAILED);
    }

    #[test]
    fn an_error_from_elsewhere_is_the_environments() {
        let error = anyhow::anyhow!("disk full");
        assert_eq!(render(&error), "error: disk full");
        assert_eq!(code(&error), CODE_ENVIRONMENT);
    }
}
