//! Running one command line in the thread that is at it.

use ufmt::{uwrite, uwriteln};

use super::{
    Call, Cancel, Context, Help, Output, call,
    commands::{SPECS, command},
    split,
};
use crate::report::{self, Line, Verdict};

/// How deep commands that run commands (`repeat`, `time`) may stand in each other: each level takes a
/// frame or two of the thread's stack.
const MAX_DEPTH: usize = 8;

/// Runs one command, without `;` and `&`. What it prints goes to `out`; the commands that run this one
/// are `depth`.
pub(super) fn run(source: &str, out: &mut Output, cancel: &Cancel, depth: usize) -> Verdict {
    let (spec, values) = match call(&SPECS, source) {
        Ok(Call::Run(spec, values)) => (spec, values),
        Ok(Call::Help(spec)) => {
            let Ok(()) = uwrite!(out, "{}", Help(spec));
            return Verdict::Passed;
        }
        Err(error) => {
            let Ok(()) = uwriteln!(out, "{}", error);
            return Verdict::Usage;
        }
    };
    let mut context = Context {
        values,
        out: core::mem::take(out),
        cancel: cancel.clone(),
        depth,
    };
    let verdict = command(spec.name).map_or(Verdict::Usage, |command| (command.run)(&mut context));
    *out = core::mem::take(&mut context.out);
    if out.take_has_reported() {
        let Ok(()) = Line::begin(out, report::DONE)
            .with("command", spec.name)
            .with("verdict", verdict)
            .end();
    }
    verdict
}

impl Context {
    /// Runs a command line within this command, one part after the other, as `repeat` and `suite` do. An
    /// interrupted command ends the line.
    pub(crate) fn run(&mut self, line: &str) -> Verdict {
        let parts = match split(line) {
            Ok(parts) => parts,
            Err(error) => {
                let Ok(()) = uwriteln!(self.out, "{}", error);
                return Verdict::Usage;
            }
        };
        if self.depth >= MAX_DEPTH || parts.iter().any(|part| part.is_background) {
            let Ok(()) = uwriteln!(
                self.out,
                "within another command nothing runs in the background, and no more than {} deep",
                MAX_DEPTH
            );
            return Verdict::Usage;
        }
        let mut verdict = Verdict::Passed;
        for part in parts {
            if self.is_cancelled() {
                return verdict.combine(Verdict::Aborted);
            }
            verdict = verdict.combine(run(
                part.source,
                &mut self.out,
                &self.cancel,
                self.depth + 1,
            ));
        }
        verdict
    }
}
