//! GICv2 registers and their set-up (Arm IHI 0048B).
//!
//! The kernel runs in Non-secure state on a Pi, and on QEMU mostly without Security Extensions, and
//! the same writes serve both: bit 0 of the two CTLRs enables "the" group of interrupts, and groups
//! are left as they are (so IGROUPR is not even declared: on a controller without Security
//! Extensions, moving the interrupts to Group 1 makes them come back as INTID 1022).
//!
//! Registers are used through shared references: there is one distributor for all cores, whose
//! words that set or clear bits need no read before the write, whose byte registers belong to one
//! interrupt each, and which banks the words of private interrupts per core.

use tock_registers::interfaces::{Readable, Writeable};
use tock_registers::register_structs;
use tock_registers::registers::{ReadOnly, ReadWrite, WriteOnly};

use super::{FIRST_SPI, PRIORITY, PRIORITY_MASK, lines_of};

register_structs! {
    /// GICD (section 4.3). Priorities and targets may be accessed by byte (section 4.1.4).
    pub(super) Distributor {
        (0x000 => pub(super) ctlr: ReadWrite<u32>),
        (0x004 => pub(super) typer: ReadOnly<u32>),
        (0x008 => _iidr_and_groups),
        (0x100 => pub(super) isenabler: [ReadWrite<u32>; 32]),
        (0x180 => pub(super) icenabler: [ReadWrite<u32>; 32]),
        (0x200 => _ispendr),
        (0x280 => pub(super) icpendr: [ReadWrite<u32>; 32]),
        (0x300 => _isactiver),
        (0x380 => pub(super) icactiver: [ReadWrite<u32>; 32]),
        (0x400 => pub(super) ipriorityr: [ReadWrite<u8>; 1024]),
        (0x800 => pub(super) itargetsr: [ReadWrite<u8>; 1024]),
        (0xc00 => pub(super) icfgr: [ReadWrite<u32>; 64]),
        (0xd00 => _implementation_defined),
        (0xf00 => pub(super) sgir: WriteOnly<u32>),
        (0xf04 => _reserved),
        (0xf10 => pub(super) cpendsgir: [ReadWrite<u32>; 4]),
        (0xf20 => _rest),
        (0x1000 => @END),
    },

    /// GICC (section 4.4), as far as it is used.
    pub(super) CpuInterface {
        (0x00 => pub(super) ctlr: ReadWrite<u32>),
        (0x04 => pub(super) pmr: ReadWrite<u32>),
        (0x08 => pub(super) bpr: ReadWrite<u32>),
        (0x0c => pub(super) iar: ReadOnly<u32>),
        (0x10 => pub(super) eoir: WriteOnly<u32>),
        (0x14 => _not_used),
        (0xd0 => pub(super) apr: [ReadWrite<u32>; 4]),
        (0xe0 => _rest),
        (0x1000 => @END),
    }
}

/// Bit 0 of both CTLRs: Group 1 as Non-secure software sees it, else Group 0.
const ENABLE: u32 = 1;

impl Distributor {
    /// Brings all shared interrupts to rest (off, not pending, not active), level-sensitive, and
    /// routed nowhere; then lets the distributor forward. Returns the number of interrupt lines.
    pub(super) fn init(&self) -> usize {
        self.ctlr.set(0);
        let lines = lines_of(self.typer.get());
        // Word 0 is that of the private interrupts, which every core has for itself.
        for word in 1..lines.div_ceil(32) {
            self.icenabler[word].set(u32::MAX);
            self.icpendr[word].set(u32::MAX);
            self.icactiver[word].set(u32::MAX);
        }
        for intid in FIRST_SPI as usize..lines {
            self.ipriorityr[intid].set(PRIORITY);
            self.itargetsr[intid].set(0);
        }
        for word in 2..lines.div_ceil(16) {
            self.icfgr[word].set(0);
        }
        self.ctlr.set(ENABLE);
        lines
    }

    /// Brings this core's private interrupts to rest. Returns the mask by which the distributor
    /// knows this core.
    pub(super) fn init_core(&self) -> u8 {
        self.icenabler[0].set(u32::MAX);
        self.icpendr[0].set(u32::MAX);
        // Pending SGIs are not cleared by ICPENDR0 but per source core (section 4.3.13).
        for sources in &self.cpendsgir {
            sources.set(u32::MAX);
        }
        self.icactiver[0].set(u32::MAX);
        for priority in &self.ipriorityr[..FIRST_SPI as usize] {
            priority.set(PRIORITY);
        }
        // The targets of private interrupts read as this core's own mask (section 4.3.12); a
        // controller for one core reads as zero and routes everything to it.
        match self.itargetsr[..FIRST_SPI as usize]
            .iter()
            .fold(0, |all, one| all | one.get())
        {
            0 => 1,
            mask => mask,
        }
    }
}

impl CpuInterface {
    /// Lets interrupts of the one priority in use through to this core.
    pub(super) fn init(&self) {
        self.ctlr.set(0);
        // Whoever ran before may have left an interrupt acknowledged and not ended: its priority would shut out
        // ours.
        for active in &self.apr {
            active.set(0);
        }
        self.pmr.set(PRIORITY_MASK);
        // Smallest binary point: it has no effect, because interrupts do not nest here.
        self.bpr.set(0);
        self.ctlr.set(ENABLE);
    }
}

#[cfg(test)]
#[path = "v2_tests.rs"]
mod tests;
