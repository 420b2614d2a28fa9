//! `regs`: no thread loses a register, on any path by which a core leaves it.
//!
//! Threads fill the whole register file with values of their own, in assembly, give up the core or have it taken
//! from them, and compare. `docs/proof.md` says what is compared when, and why it is done so.

// Pure: no hardware, no clock, no lock. Tested on the host.
mod cause;
mod file;
mod pattern;
mod roster;

#[cfg(target_os = "none")]
mod command;
#[cfg(target_os = "none")]
mod director;
#[cfg(target_os = "none")]
mod handler;
#[cfg(target_os = "none")]
mod registers;
#[cfg(target_os = "none")]
mod shared;
#[cfg(target_os = "none")]
mod start;
#[cfg(target_os = "none")]
mod subjects;

#[cfg(target_os = "none")]
pub use command::COMMAND;
pub use pattern::TAG;
