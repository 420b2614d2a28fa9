//! `thread.spawn_join`: an empty thread on the same core, from its birth until nothing of it is left.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use super::{
    NoFigure, Outcome,
    run::Run,
    solo::{Counted, measure as solo},
};
use crate::thread::Builder;

/// Measures it.
pub(crate) fn measure(run: &Run) -> Result<Outcome, NoFigure> {
    let core = run.cores.0;
    let failures = Arc::new(AtomicU64::new(0));
    let failed = failures.clone();
    let outcome = solo(run, Counted::Here, move || {
        match Builder::new().core(core).spawn(|| ()) {
            Ok(handle) => _ = handle.join(),
            Err(_) => _ = failed.fetch_add(1, Ordering::Relaxed),
        }
    })?;
    match failures.load(Ordering::Relaxed) {
        0 => Ok(outcome),
        _ => Err(NoFigure::Spawn),
    }
}
