//! A backtrace names the calls that led to where it was made.

use anyhow::{Context, Result};

use super::conversations::SOON;
use crate::explain;
use crate::failure::Failure;
use crate::session::{PROMPT, Rig};

/// The source of the command that fails, and where it lies in the project.
const SOURCE: &str = include_str!("../../../src/suite/deep.rs");
const FILE: &str = "src/suite/deep.rs";

/// The calls that lead to the last one, from the innermost on.
const CALLS: [&str; 5] = ["five", "four", "three", "two", "one"];

/// A panic six calls deep on a secondary core: the six functions are named in order, each with the line of its call.
pub(super) fn panic(rig: &Rig<'_>) -> Result<()> {
    deep(rig, "deep", "panics", &["image "])
}

/// A fault in `memset`, which has no frame pointers and calls nobody: the six are named as well, and so is what the core
/// did last, since that is recorded.
pub(super) fn fault(rig: &Rig<'_>) -> Result<()> {
    deep(
        rig,
        "trace on; deep fault",
        "faults",
        &["code at 0x", "event at "],
    )
}

/// Only the thread ends. That the machine goes on is the matter of `crashes`.
fn deep(rig: &Rig<'_>, command: &str, last: &str, others: &[&str]) -> Result<()> {
    let mut session = rig.boot()?;
    session.serial.send(format!("{command}\r").as_bytes())?;
    for line in ["frames end"].iter().chain(others.iter().skip(1)) {
        session.serial.expect(&format!("\n{line}"), SOON)?;
    }
    // The thread is dead then, and its report whole.
    session.serial.expect(PROMPT, SOON)?;
    let text = session.serial.transcript().text().to_owned();
    let noted = explain::noted(&text, rig.firmware.elf.clone());
    let core = format!("on core {} ends by ", rig.machine.cores - 1);
    let is_there = |part: &str| noted.iter().any(|line| line.contains(part));
    if let Some(missing) = [core.as_str()]
        .iter()
        .chain(others)
        .find(|part| !is_there(part))
    {
        let what = format!("no `{missing}` in the report");
        return Err(session.serial.failure(&what).into());
    }
    let mut lines = noted.iter();
    for call in [last].iter().chain(&CALLS) {
        let wanted = format!("pivot::suite::deep::{call} at {FILE}:{}", line_of(call)?);
        if !lines.any(|line| line.starts_with("--- ") && line.ends_with(&wanted)) {
            let what = format!("no `{wanted}` where it should be");
            return Err(session.serial.failure(&what).into());
        }
    }
    session.finish()
}

/// The number of the line from which `function` calls the next: that behind the one where it begins.
fn line_of(function: &str) -> Result<usize> {
    let begin = format!("fn {function}(");
    let before = SOURCE.lines().position(|line| line.starts_with(&begin));
    let before = before.with_context(|| Failure::verdict(format!("no `{begin}` in {FILE}")))?;
    Ok(before + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_the_calls_are_found() {
        let line = |function: &str| SOURCE.lines().nth(line_of(function).unwrap() - 1).unwrap();
        for (caller, called) in CALLS.iter().zip(["end", "five", "four", "three", "two"]) {
            let line = line(caller);
            assert!(line.contains(&format!("{called}(")), "{caller}: {line}");
        }
        assert!(line("panics").contains("assert!") && line("faults").contains("clear("));
        assert!(line_of("seven").is_err());
    }
}
