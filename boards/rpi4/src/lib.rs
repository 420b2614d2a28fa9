//! Raspberry Pi 4 Model B (BCM2711): four Cortex-A72, GIC-400, PL011 on GPIO14 and 15.
//!
//! Addresses are those of the low-peripheral mode, which the firmware uses unless told otherwise
//! (BCM2711 ARM Peripherals, section 1.2.4); `arm_peri_high=1` is not supported. The same image
//! runs on QEMU's `raspi4b`, where some blocks are missing; none of them is touched here, nor any that a board may have
//! without clock or power (hazard H27). Words that drivers share are written back under a lock, or before there is a
//! second core (hazard H28).
#![cfg_attr(target_os = "none", no_std)]

#[cfg(target_os = "none")]
pub mod gpio;
#[cfg(target_os = "none")]
mod power;
#[cfg(target_os = "none")]
mod support;

#[cfg(target_os = "none")]
pub use support::BOARD;
