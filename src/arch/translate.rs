//! The hardware's own answer to whether an access would succeed: address translation instructions.

#![expect(unsafe_code, reason = "AT, and what it leaves in PAR_EL1")]

use core::arch::asm;

use crate::arch::cpu::IrqGuard;
use crate::mem::access::Purpose;

/// What PAR_EL1 says of an access to `address` by EL1. No fault is taken for it, whatever the address. The register is
/// not saved by a switch, so the thread must not be interrupted between the two instructions.
pub fn ask(address: usize, purpose: Purpose, _masked: &IrqGuard) -> u64 {
    let par: u64;
    // The ISB: the answer is there for the next instruction only after a context synchronization event (DDI 0487,
    // D8.15.1).
    // SAFETY: AT changes nothing but PAR_EL1, which nobody else uses.
    unsafe {
        match purpose {
            Purpose::Read => asm!("at s1e1r, {}", "isb", "mrs {}, par_el1",
                in(reg) address, lateout(reg) par, options(nostack, preserves_flags)),
            Purpose::Write => asm!("at s1e1w, {}", "isb", "mrs {}, par_el1",
                in(reg) address, lateout(reg) par, options(nostack, preserves_flags)),
        }
    }
    par
}
