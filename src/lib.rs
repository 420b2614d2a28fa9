//! Pivot: preemptive threads on the bare Raspberry Pi 4, and the measured, proved context switch.
//!
//! (The essay comes with the code.)
#![cfg_attr(target_os = "none", no_std)]

extern crate alloc;

/// The commit that the image was built from, or `unknown`; `+` marks uncommitted changes.
pub const BUILD_HASH: &str = match option_env!("PIVOT_BUILD_HASH") {
    Some(hash) => hash,
    None => "unknown",
};

// Pure: no hardware, no clock, no lock. Tested on the host.
pub mod report;

// The machine as data, and what it was found to be.
pub mod board;
pub mod machine;

// What needs the hardware.
#[cfg(target_os = "none")]
pub mod arch;
#[cfg(target_os = "none")]
pub mod console;
#[cfg(target_os = "none")]
pub mod cores;
pub mod drivers;
#[cfg(target_os = "none")]
pub mod irq;
#[cfg(target_os = "none")]
pub mod kernel;
pub mod mem;

// Threads.
pub mod sched;
#[cfg(target_os = "none")]
pub mod sync;
#[cfg(target_os = "none")]
pub mod thread;
#[cfg(target_os = "none")]
pub mod time;

// What a person sees.
pub mod shell;
pub mod suite;
