//! `cost`: the price list of the save set: what a switch costs with one register group more each time.
//!
//! Two contexts inside one thread hand the core to each other, with IRQs masked and without the scheduler, so that
//! nothing is in the figures but saving and restoring. Neither uses a register of those that are saved.
//! `docs/measurement.md` says how it is taken and what it does not say.

// Pure: no hardware, no clock, no lock. Tested on the host.
mod sets;

#[cfg(target_os = "none")]
mod command;
#[cfg(target_os = "none")]
mod contexts;

#[cfg(target_os = "none")]
pub use command::COMMAND;
