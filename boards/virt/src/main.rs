//! The shell firmware for QEMU's `virt` machine.
#![cfg_attr(target_os = "none", no_std)]
#![cfg_attr(target_os = "none", no_main)]

#[cfg(target_os = "none")]
pivot::firmware!(pivot_virt::BOARD);

#[cfg(not(target_os = "none"))]
fn main() {
    println!("This is firmware. Build and run it with: cargo xtask run --board virt");
}
