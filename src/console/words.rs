//! The console of a kernel that has given up: no lock, no interrupt, no sleep (pre-flight 32).
#![expect(unsafe_code, reason = "takes the UART away from its owner")]

use core::sync::atomic::Ordering;

use super::{BASE, STATE};
use crate::drivers::pl011::Pl011;
use crate::drivers::serial;

/// Writes `text` by polling, a line feed as carriage return and line feed, and returns when its
/// last bit has left. What threads had written and was still in the ring comes first, if nobody was
/// just using the ring. Works in any state of the kernel after [`init`](super::init). A UART that is
/// stuck is given up at the first byte that does not go, and for good: who calls this has an LED code
/// to come to.
pub fn panic_write(text: &[u8]) {
    let base = BASE.load(Ordering::Relaxed);
    // SAFETY: init has put the address of a mapped PL011 there, or it is null, which new refuses.
    // The owner may be using it at this moment, on another core or beneath this very call: then
    // bytes of both come in some order, which does not matter any more.
    let Some(mut uart) = (unsafe { Pl011::new(base) }) else {
        return;
    };
    let mut works = true;
    if let Some(mut state) = STATE.try_lock() {
        while works && !state.rings.pump(&mut uart) {
            works = uart.wait_for_room();
        }
    }
    works = works && serial::send_polling(&mut uart, text, Pl011::wait_for_room);
    if works {
        uart.drain();
    } else {
        BASE.store(0, Ordering::Relaxed);
    }
}
