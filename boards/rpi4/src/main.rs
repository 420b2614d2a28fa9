//! The shell firmware for the Raspberry Pi 4.
#![cfg_attr(target_os = "none", no_std)]
#![cfg_attr(target_os = "none", no_main)]

#[cfg(target_os = "none")]
pivot::firmware!(pivot_rpi4::BOARD);

#[cfg(not(target_os = "none"))]
fn main() {
    println!("This is firmware. Build it with: cargo xtask build --board rpi4");
}
