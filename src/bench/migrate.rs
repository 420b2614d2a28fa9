//! `thread.migrate`: a thread takes itself to the other core, and back.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use super::{
    NoFigure, Outcome,
    run::Run,
    solo::{Counted, measure as solo},
};
use crate::thread;

/// Measures it.
pub(crate) fn measure(run: &Run) -> Result<Outcome, NoFigure> {
    let cores = [run.other_core()?, run.cores.0];
    let lost = Arc::new(AtomicU64::new(0));
    let seen = lost.clone();
    let mut count = 0;
    let outcome = solo(run, Counted::Elsewhere, move || {
        let to = cores[count % 2];
        count += 1;
        // A core that is online stays so.
        if thread::pin(to).is_err() {
            seen.fetch_add(1, Ordering::Relaxed);
        }
    })?;
    match lost.load(Ordering::Relaxed) {
        0 => Ok(outcome),
        _ => Err(NoFigure::Wrong("a core was refused")),
    }
}
