//! What must come out the same twice, with instructions counted.

use anyhow::Result;

use super::{COMMAND_TIMEOUT, COUNTED_SHIFT};
use crate::failure::Failure;
use crate::session::Rig;

/// The same seed: the same operations, and the same in all that is printed. Another seed: others.
pub(super) fn soak(rig: &Rig<'_>) -> Result<()> {
    let run = |seed: u64| {
        let command = format!("soak --seed {seed} --faults 60");
        rig.execute(&command, Some(COUNTED_SHIFT), COMMAND_TIMEOUT)
    };
    let (once, again, other) = (run(1)?, run(1)?, run(2)?);
    if once != again {
        let lines = once.lines().zip(again.lines());
        let first = lines.into_iter().find(|(one, two)| one != two);
        let what = format!("two runs of one seed differ, first in {first:?}");
        return Err(Failure::verdict(what).into());
    }
    if digest(&once).is_none() || digest(&once) == digest(&other) {
        let what = format!("the digest of two seeds is the same: {:?}", digest(&once));
        return Err(Failure::verdict(what).into());
    }
    Ok(())
}

/// The number for all that was drawn.
fn digest(output: &str) -> Option<u64> {
    let report = crate::transcript::records(output).find(|record| record.id() == "soak");
    report.and_then(|report| report.number("digest"))
}
