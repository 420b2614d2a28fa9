//! The console of a kernel that has given up: no lock, no interrupt, no sleep (pre-flight 32).
#![expect(unsafe_code, reason = "takes the UART away from its owner")]

use core::sync::atomic::Ordering;

use super::{BASE, STATE};
use crate::drivers::pl011::Pl011;
use crate::drivers::serial::Port;

/// Writes `text` by polling, a line feed as carriage return and line feed, and returns when its
/// last bit has left. What threads had written and was still in the ring comes first, if nobody was
/// just using the ring. Works in any state of the kernel after [`init`](super::init); a UART that
/// is stuck is given up.
pub fn panic_write(text: &[u8]) {
    let base = BASE.load(Ordering::Relaxed);
    // SAFETY: init has put the address of a mapped PL011 there, or it is null, which new refuses.
    // The owner may be using it at this moment, on another core or beneath this very call: then
    // bytes of both come in some order, which does not matter any more.
    let Some(mut uart) = (unsafe { Pl011::new(base) }) else {
        return;
    };
    if let Some(mut state) = STATE.try_lock() {
        while !state.rings.pump(&mut uart) && uart.wait_for_room() {}
    }
    for &byte in text {
        if byte == b'\n' {
            send(&mut uart, b'\r');
        }
        send(&mut uart, byte);
    }
    uart.drain();
}

fn send(uart: &mut Pl011, byte: u8) {
    if uart.wait_for_room() {
        uart.send(byte);
    }
}
