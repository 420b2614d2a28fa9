//! What a running command has: its arguments, where it prints, and whether it was asked to stop.

use core::time::Duration;

use super::{Cancel, Output, Values};
use crate::{report::Line, thread, time::Instant};

/// What a running command has.
#[derive(Debug)]
pub struct Context {
    pub(crate) values: Values,
    pub(crate) out: Output,
    pub(crate) cancel: Cancel,
    /// How many commands (`repeat`, `time`) run this one.
    pub(crate) depth: usize,
}

/// The command was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl Context {
    /// The choice `name`, given or by default.
    ///
    /// # Panics
    ///
    /// If the command declares no choice of that name, or one without default that was left out: a
    /// mistake in the command, not in what was typed. The same holds for [`Context::number`].
    #[must_use]
    pub fn choice(&self, name: &str) -> &'static str {
        self.values
            .choice(name)
            .expect("the command declares this choice")
    }

    /// The choice `name`, if given or if it has a default.
    #[must_use]
    pub fn choice_if_given(&self, name: &str) -> Option<&'static str> {
        self.values.choice(name)
    }

    /// All choices that were given for `name`, in their order.
    pub fn choices(&self, name: &str) -> impl Iterator<Item = &'static str> {
        self.values.choices(name)
    }

    /// The integer `name`, given or by default; within the range that the command declares.
    ///
    /// # Panics
    ///
    /// If the command declares no such integer, or one without default that was left out.
    #[must_use]
    pub fn number(&self, name: &str) -> u64 {
        self.values
            .number(name)
            .expect("the command declares this number")
    }

    /// The integer `name`, if given or if it has a default.
    #[must_use]
    pub fn number_if_given(&self, name: &str) -> Option<u64> {
        self.values.number(name)
    }

    /// Whether the flag `--name` (or any argument `name`) was given.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.values.is_given(name)
    }

    /// The word, words or command line `name`, if given.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.text(name)
    }

    /// Where the command prints, with `uwrite!` and `uwriteln!`; it cannot fail. Whole lines appear at
    /// once and never tear the line that is being typed, so a partial line needs [`Output::flush`].
    pub fn out(&mut self) -> &mut Output {
        &mut self.out
    }

    /// Starts a line for machines: `ctx.report("ctxsw.handoff.apart").with("ns", 690_u64).end()`.
    pub fn report(&mut self, id: &str) -> Line<'_, Output> {
        Line::begin(&mut self.out, id)
    }

    /// The request to stop; a clone for each thread that the command spawns.
    #[must_use]
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Whether the command was asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_requested()
    }

    /// Sleeps, unless or until the command is asked to stop. To be called by the thread that runs the
    /// command: the request wakes that one.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] as soon as the command is asked to stop.
    pub fn sleep(&self, duration: Duration) -> Result<(), Cancelled> {
        let start = Instant::now();
        loop {
            if self.is_cancelled() {
                return Err(Cancelled);
            }
            let Some(left) = duration
                .checked_sub(start.elapsed())
                .filter(|left| !left.is_zero())
            else {
                return Ok(());
            };
            thread::park_timeout(left);
        }
    }
}
