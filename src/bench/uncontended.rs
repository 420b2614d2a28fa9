//! `mutex.uncontended`: lock and unlock, and nobody else wants it.

use super::{
    NoFigure, Outcome,
    run::Run,
    solo::{Counted, measure as solo},
};
use crate::sync::Mutex;

/// Measures it.
pub(crate) fn measure(run: &Run) -> Result<Outcome, NoFigure> {
    static MUTEX: Mutex<()> = Mutex::new(());
    solo(run, Counted::Here, || drop(MUTEX.lock()))
}
