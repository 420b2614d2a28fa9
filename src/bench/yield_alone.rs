//! `switch.yield.alone`: a yield when nobody else wants the core.

use super::{
    NoFigure, Outcome,
    run::Run,
    solo::{Counted, measure as solo},
};
use crate::thread;

/// Measures it.
pub(crate) fn measure(run: &Run) -> Result<Outcome, NoFigure> {
    solo(run, Counted::Here, thread::yield_now)
}
