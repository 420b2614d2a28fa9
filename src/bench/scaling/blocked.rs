//! `scale.blocked.tN`: a yield of two threads, while N others wait.

use super::others::Others;
use crate::{
    bench::{
        NoFigure, Outcome,
        handoffs::Yield,
        pair,
        run::{Placement, Run},
    },
    thread,
};

/// `scale.blocked.tN`: two threads that yield to each other, while N others are there and wait.
pub(crate) fn blocked(run: &Run, threads: u64) -> Result<Outcome, NoFigure> {
    let _others = Others::spawn(run, threads, |_| thread::park())?;
    let outcome = pair::measure::<Yield>(run, Placement::Same)?;
    Ok(Outcome {
        threads: Some(threads),
        ..outcome
    })
}
