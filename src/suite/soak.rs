//! `soak`: threads that come and go, are moved, raised and lowered, work alone and with each other, and crash in every
//! way in the middle of it, as a seed says. Afterwards nothing is missing and nothing is left.
//!
//! `docs/soak.md` says what it shows.

// Pure: no hardware, no clock, no lock. Tested on the host.
mod draw;

#[cfg(target_os = "none")]
mod command;
#[cfg(target_os = "none")]
mod crew;
#[cfg(target_os = "none")]
mod director;
#[cfg(target_os = "none")]
mod meetings;
#[cfg(target_os = "none")]
mod stage;
#[cfg(target_os = "none")]
mod worker;
#[cfg(target_os = "none")]
mod works;

#[cfg(target_os = "none")]
pub use command::COMMAND;
