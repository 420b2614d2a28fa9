//! The interrupt controller: one interface over GICv2 and GICv3.
//!
//! `init_distributor` once, on the boot core; `init_core` on every core; after that, no call
//! takes a lock, and acknowledging and ending an interrupt are one register access each, after one
//! branch on a word that never changes.
//!
//! # Why no crate
//!
//! *arm-gic-driver 0.18.1* was read and not taken. Its GICv2 half writes IGROUPR and sets both enable
//! bits, where this project's rule is to leave groups alone (see `v2`); it never clears what is
//! enabled, pending or active in the banked words of a secondary core; it splits IAR into an enum
//! and puts EOIR together from it, on the path of every interrupt; and its assertions bring
//! core::fmt into the image. *arm-gic 0.10.0* drives GICv2 wrongly on more than one core (its
//! `set_interrupt_priority` overwrites the neighbours, it cannot route an SPI, and it returns the
//! source core of an SGI as part of the INTID). Its GICv3 half is sound, but owns the
//! redistributors of all cores in one object that must be borrowed mutably, clears neither pending
//! nor active interrupts, and brings six crates for what is twenty register writes here.
//!
//! # Rules that the caller keeps
//!
//! A handler quiets its device, and makes sure that it has become quiet (read back, or DSB SY),
//! before `end_of_interrupt`: writes to devices may be acknowledged early (Device-nGnRE). The end
//! comes before a context switch, exactly once, on the core that acknowledged.

#[cfg(target_os = "none")]
mod icc;
#[cfg(target_os = "none")]
mod state;
#[cfg(any(test, target_os = "none"))]
mod v2;
#[cfg(any(test, target_os = "none"))]
mod v3;

#[cfg(target_os = "none")]
pub use state::{
    acknowledge, count_spurious, disable_spi, enable_private, enable_spi, end_of_interrupt,
    init_core, init_distributor, lines, send_sgi, spurious,
};

use ufmt::derive::uDebug;

/// Priority of every interrupt. Non-secure software sees the lower half of the priorities in 16
/// steps if the controller has 5 bits (IHI 0048B, section 3.8.1); this is in the middle of them.
const PRIORITY: u8 = 0xa0;
/// Priorities below this one (that is, with a greater number) are not delivered. 0xf0 is the lowest
/// of the 16 steps; with 0xf0 in both, a Pi would never deliver what an emulated plain GIC does (hazard H9).
const PRIORITY_MASK: u32 = 0xf0;

/// First INTID of the shared peripheral interrupts.
pub const FIRST_SPI: u32 = 32;
/// First INTID that is none: 1020 to 1023 have special meanings (IHI 0048B, section 2.2.1).
pub const FIRST_SPECIAL: u32 = 1020;
/// The INTID in an acknowledged value. GICv3 has wider ones, but only for LPIs, which are never
/// enabled.
const INTID_MASK: u32 = 0x3ff;

const _: () = assert!((PRIORITY as u32) < PRIORITY_MASK);
const _: () = assert!(PRIORITY.is_multiple_of(0x10));

/// An interrupt that was acknowledged and has not ended. It must go to `end_of_interrupt`.
#[derive(Debug, uDebug, PartialEq, Eq)]
#[must_use = "an interrupt that is not ended blocks this core's others"]
pub struct Ack(u32);

impl Ack {
    /// From what the acknowledge register said; None if it said that there is nothing (INTID 1020
    /// and above), which must not be ended.
    #[inline(always)]
    #[cfg(any(test, target_os = "none"))]
    fn from_raw(raw: u32) -> Option<Self> {
        (raw & INTID_MASK < FIRST_SPECIAL).then_some(Self(raw))
    }

    /// Its INTID.
    #[inline(always)]
    #[must_use]
    pub fn intid(&self) -> u32 {
        self.0 & INTID_MASK
    }
}

/// Why the interrupt controller cannot be used.
#[derive(Clone, Copy, Debug, uDebug, PartialEq, Eq)]
pub enum GicError {
    /// No redistributor has the affinity of this core.
    NoRedistributor,
    /// A register write did not take effect in time.
    Timeout,
    /// The core number, or the INTID, is none that this controller has.
    OutOfRange,
}

impl GicError {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRedistributor => "no redistributor for this core",
            Self::Timeout => "a register does not take what is written",
            Self::OutOfRange => "no such core or interrupt",
        }
    }
}

/// Number of interrupt lines that ITLinesNumber of GICD_TYPER stands for, special ones not counted.
#[cfg(any(test, target_os = "none"))]
fn lines_of(typer: u32) -> usize {
    (((typer & 0x1f) as usize + 1) * 32).min(FIRST_SPECIAL as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_numbers_are_no_interrupts_whatever_else_the_word_says() {
        assert_eq!(Ack::from_raw(1023), None);
        assert_eq!(Ack::from_raw(1022), None);
        assert_eq!(Ack::from_raw(1020), None);
        assert_eq!(Ack::from_raw(0x1c00 | 1023), None);
        assert_eq!(Ack::from_raw(1019).unwrap().intid(), 1019);
    }

    #[test]
    fn the_source_core_of_an_sgi_is_kept_for_the_end_but_is_not_in_its_number() {
        let ack = Ack::from_raw(0x0c01).unwrap();
        assert_eq!(ack.intid(), 1);
        assert_eq!(ack.0, 0x0c01);
    }

    #[test]
    fn the_number_of_lines_comes_from_the_controller() {
        assert_eq!(lines_of(0x66), 224, "QEMU raspi4b");
        assert_eq!(lines_of(0xfc67), 256, "GIC-400 of the board");
        assert_eq!(lines_of(0x1f), 1020, "the special ones have no registers");
    }
}
