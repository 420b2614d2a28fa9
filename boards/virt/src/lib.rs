//! QEMU's `virt` machine: up to eight cores, GICv2 or GICv3, PSCI.
//!
//! Nearly everything is in the device tree, which QEMU always passes to a raw image; what stands
//! here is what the tree is checked against. Addresses are those of QEMU 10.0 (`hw/arm/virt.c`).
#![cfg_attr(target_os = "none", no_std)]

#[cfg(target_os = "none")]
mod support;

#[cfg(target_os = "none")]
pub use support::BOARD;
