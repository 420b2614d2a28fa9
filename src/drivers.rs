//! Drivers that the boards share. What a crate does well enough is left to it; each module says
//! which crate it uses, or why none.

pub mod gic;
pub mod property;
pub mod serial;

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
