//! Under which conditions a figure was taken: what stands beside every one of them. `docs/measurement.md` says what
//! each is and where it comes from.

// Pure: no hardware, no clock, no lock. Tested on the host.
mod clock;

#[cfg(target_os = "none")]
pub(crate) mod counter;
#[cfg(target_os = "none")]
mod taken;

#[cfg(target_os = "none")]
pub(crate) use taken::{begin, core_hz, print};
