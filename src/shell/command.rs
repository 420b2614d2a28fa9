//! A command: its specification and what runs it.

use super::{Context, Spec};
use crate::report::Verdict;

/// A command of the shell.
///
/// ```text
/// pub static COMMAND: Command = Command {
///     spec: Spec {
///         name: "ctxsw",
///         summary: "Measure the context switch",
///         args: &[
///             Arg::choice("mode", &["colocated", "apart", "nopin", "all"], "Where the two threads run").or_choice("all"),
///             Arg::number("seconds", 1, 3600, "Time for each mode").or_number(1).option(),
///         ],
///     },
///     run,
/// };
///
/// fn run(ctx: &mut Context) -> Verdict {
///     let seconds = ctx.number("seconds");
///     let cancel = ctx.cancel();
///     // measures, looking at `cancel`
///     uwriteln!(ctx.out(), "{} colocated", pad::right(ns, 10));
///     ctx.report("ctxsw.handoff.colocated").with("ns", ns).end();
///     Verdict::Passed
/// }
/// ```
#[derive(Debug)]
pub struct Command {
    /// Its name and arguments.
    pub spec: Spec,
    /// Runs it, in a thread of its own, with arguments that `spec` accepts. It looks at
    /// [`Context::cancel`] at least every 100 ms or so, and then returns [`Verdict::Aborted`].
    pub run: fn(&mut Context) -> Verdict,
}
