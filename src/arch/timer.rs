//! The generic timer: the virtual counter, and one deadline per core by CVAL.
//!
//! CNTV is used on every board and exception level: CNTVOFF is 0, so it counts as CNTPCT does. CVAL is
//! absolute and 64 bits wide; TVAL is 32 bits and signed, and wraps after 39.8 s at 54 MHz.

use aarch64_cpu::asm::barrier;
use aarch64_cpu::registers::{CNTFRQ_EL0, CNTV_CTL_EL0, CNTV_CVAL_EL0, CNTVCT_EL0};
use tock_registers::interfaces::{Readable, Writeable};

/// The deadline that never comes, in ticks.
pub const NEVER: u64 = u64::MAX;

/// Ticks per second, as the firmware set it: 54 MHz on the Pi, 62.5 MHz or 1 GHz in QEMU. Never assumed.
pub fn frequency_hz() -> u64 {
    CNTFRQ_EL0.get()
}

/// The counter now, in ticks; the same on all cores. May be read early by speculation: code that measures
/// uses [`now_ordered`].
#[inline(always)]
pub fn now() -> u64 {
    CNTVCT_EL0.get()
}

/// The counter, read after every instruction before it has been executed (DDI 0487, D12.2.1: ISB). What those have
/// stored may still be on its way to memory.
pub fn now_ordered() -> u64 {
    barrier::isb(barrier::SY);
    CNTVCT_EL0.get()
}

/// The same, and before any instruction after it is executed.
pub fn now_between() -> u64 {
    let now = now_ordered();
    barrier::isb(barrier::SY);
    now
}

/// Lets the timer's interrupt be pending on this core from `deadline_ticks` on, for as long as the deadline
/// lies in the past. [`NEVER`] quiets it.
#[inline(always)]
pub fn set_deadline(deadline_ticks: u64) {
    CNTV_CVAL_EL0.set(deadline_ticks);
    // Before IRQs are unmasked or end of interrupt is written: otherwise the old, still asserted level
    // would be taken again (hazard H10).
    barrier::isb(barrier::SY);
}

/// Whether this core's deadline has passed.
pub fn has_fired() -> bool {
    CNTV_CTL_EL0.is_set(CNTV_CTL_EL0::ISTATUS)
}

/// Once per core: no deadline, timer on, its interrupt not masked at the source.
pub fn init_core() {
    set_deadline(NEVER);
    CNTV_CTL_EL0.write(CNTV_CTL_EL0::ENABLE::SET + CNTV_CTL_EL0::IMASK::CLEAR);
    barrier::isb(barrier::SY);
}
