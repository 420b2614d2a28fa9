//! What becomes of a thread that faults: it ends, with a report; all else runs on.
//!
//! `reason` and `syndrome` know no hardware and are tested on the host. The way of a fault: `arch::exceptions` catches
//! it on the core's exception stack, `contain` decides whether the thread can end alone, `report` puts into words what
//! there is to say while the thread's stack still holds it, and `death` prints that as the thread, from the top of its
//! own stack, and ends it by the ordinary path. `docs/faults.md` says what is promised.

mod reason;
mod syndrome;

#[cfg(target_os = "none")]
mod contain;
#[cfg(target_os = "none")]
mod death;
#[cfg(target_os = "none")]
pub(crate) mod overflow;
#[cfg(target_os = "none")]
mod report;

pub use reason::Reason;
pub use syndrome::{Access, Place, Syndrome};

#[cfg(target_os = "none")]
pub(crate) use {
    contain::{OVERFLOW, Outcome, contain, panicked, poisoned},
    death::{Detail, Hooks, crashed, last_act, print_past, set_detail, set_hooks},
};
