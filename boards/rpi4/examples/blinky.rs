//! Blinks the green LED, from a thread that sleeps in between, by embedded-hal's traits. It never ends.
//!
//! `cargo xtask image --example blinky` makes the card. In QEMU the LED is a register and nothing more.

#![no_std]
#![no_main]

use core::time::Duration;

use embedded_hal::digital::StatefulOutputPin;
use pivot::time::Instant;
use pivot::{println, thread};
use pivot_rpi4::gpio;

/// Any driver of the ecosystem is written like this: it knows a pin, not a board.
fn blink(mut led: impl StatefulOutputPin) {
    let mut next = Instant::now();
    for seconds in 0u32.. {
        println!("{} s", seconds);
        for _ in 0..2 {
            let Ok(()) = led.toggle() else { return };
            // From moment to moment, so that what the loop itself takes does not add up.
            next = next + Duration::from_millis(500);
            thread::sleep_until(next);
        }
    }
}

fn main() {
    if let Some(led) = gpio::act_led() {
        blink(led);
    }
}

pivot::firmware!(pivot_rpi4::BOARD, main);
