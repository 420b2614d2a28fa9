//! Drivers that the boards share. What a crate does well enough is left to it; each module says
//! which crate it uses, or why none.

pub mod baud;
pub mod codes;
pub mod gic;
pub mod gpio;
pub mod led;
pub mod power;
pub mod property;
pub mod serial;
pub mod system_timer;

#[cfg(target_os = "none")]
pub mod core_start;
#[cfg(target_os = "none")]
pub mod mailbox;
#[cfg(target_os = "none")]
pub mod pl011;
#[cfg(target_os = "none")]
pub mod psci;
#[cfg(target_os = "none")]
pub mod spin_table;
#[cfg(target_os = "none")]
pub mod videocore;
