//! GICv3 registers and their set-up (Arm IHI 0069H), with affinity routing, in Non-secure state or
//! on a controller with a single security state.
//!
//! Here, unlike on GICv2, interrupts are put into Group 1: that is what ICC_IAR1_EL1 acknowledges,
//! and in Non-secure state it is the only group there is.

use tock_registers::interfaces::{Readable, Writeable};
use tock_registers::register_structs;
use tock_registers::registers::{ReadOnly, ReadWrite};

use super::{FIRST_SPI, GicError, PRIORITY, lines_of};
use crate::machine::MPIDR_AFFINITY;

register_structs! {
    /// GICD (section 12.9), as far as it is used.
    pub(super) Distributor {
        (0x0000 => pub(super) ctlr: ReadWrite<u32>),
        (0x0004 => pub(super) typer: ReadOnly<u32>),
        (0x0008 => _identification),
        (0x0080 => pub(super) igroupr: [ReadWrite<u32>; 32]),
        (0x0100 => pub(super) isenabler: [ReadWrite<u32>; 32]),
        (0x0180 => pub(super) icenabler: [ReadWrite<u32>; 32]),
        (0x0200 => _ispendr),
        (0x0280 => pub(super) icpendr: [ReadWrite<u32>; 32]),
        (0x0300 => _isactiver),
        (0x0380 => pub(super) icactiver: [ReadWrite<u32>; 32]),
        (0x0400 => pub(super) ipriorityr: [ReadWrite<u8>; 1024]),
        (0x0800 => _itargetsr),
        (0x0c00 => pub(super) icfgr: [ReadWrite<u32>; 64]),
        (0x0d00 => _rest),
        // IROUTERn stands at 0x6000 + 8n; those below 32 do not exist.
        (0x6000 => pub(super) irouter: [ReadWrite<u64>; 1024]),
        (0x8000 => _identification_2),
        (0x10000 => @END),
    },

    /// The two frames of a redistributor (section 12.11): RD_base, and SGI_base 64 KiB above it.
    pub(super) Redistributor {
        (0x00000 => pub(super) ctlr: ReadWrite<u32>),
        (0x00004 => _iidr),
        (0x00008 => pub(super) typer: ReadOnly<u64>),
        (0x00010 => _statusr),
        (0x00014 => pub(super) waker: ReadWrite<u32>),
        (0x00018 => _lpis),
        (0x10080 => pub(super) igroupr0: ReadWrite<u32>),
        (0x10084 => _eppi_groups),
        (0x10100 => pub(super) isenabler0: ReadWrite<u32>),
        (0x10104 => _eppi_isenabler),
        (0x10180 => pub(super) icenabler0: ReadWrite<u32>),
        (0x10184 => _eppi_icenabler),
        (0x10280 => pub(super) icpendr0: ReadWrite<u32>),
        (0x10284 => _eppi_icpendr),
        (0x10380 => pub(super) icactiver0: ReadWrite<u32>),
        (0x10384 => _eppi_icactiver),
        (0x10400 => pub(super) ipriorityr: [ReadWrite<u8>; 32]),
        (0x10420 => _rest),
        (0x20000 => @END),
    }
}

/// GICD_CTLR: Group 1 interrupts are forwarded (EnableGrp1A in Non-secure state, EnableGrp1 with a
/// single security state).
const ENABLE_GROUP_1: u32 = 1 << 1;
/// GICD_CTLR: affinity routing.
const AFFINITY_ROUTING: u32 = 1 << 4;
/// GICD_CTLR: a write is still taking effect.
const GICD_RWP: u32 = 1 << 31;
/// GICR_CTLR: a write is still taking effect.
const GICR_RWP: u32 = 1 << 3;
/// GICR_TYPER: the last redistributor of its region.
const LAST: u64 = 1 << 4;
/// GICR_TYPER: virtual LPIs, so two more frames.
const VLPIS: u64 = 1 << 1;
/// GICR_WAKER: the core is asleep, as software says.
const PROCESSOR_SLEEP: u32 = 1 << 1;
/// GICR_WAKER: the core is asleep, as the controller has understood.
const CHILDREN_ASLEEP: u32 = 1 << 2;

/// How often a register is read before it counts as stuck: some tens of milliseconds at the least.
const PATIENCE: u32 = 1_000_000;

fn wait_for(mut done: impl FnMut() -> bool) -> Result<(), GicError> {
    for _ in 0..PATIENCE {
        if done() {
            return Ok(());
        }
        core::hint::spin_loop();
    }
    Err(GicError::Timeout)
}

/// Aff3.Aff2.Aff1.Aff0 in 32 bits, as GICR_TYPER has it, from MPIDR.
pub(super) fn packed_affinity(mpidr: u64) -> u32 {
    ((mpidr >> 8) as u32 & 0xff00_0000) | (mpidr as u32 & 0x00ff_ffff)
}

/// GICD_IROUTER for exactly one core (section 12.9.22).
pub(super) fn route(mpidr: u64) -> u64 {
    mpidr & MPIDR_AFFINITY
}

/// ICC_SGI1R_EL1 for one SGI to one core (section 12.2.19): Aff3 in 55:48, range in 47:44, Aff2 in
/// 39:32, INTID in 27:24, Aff1 in 23:16, and a bit per Aff0 of the range in 15:0.
pub(super) fn sgi_to(mpidr: u64, intid: u32) -> u64 {
    let aff = |lowest_bit: u32| (mpidr >> lowest_bit) & 0xff;
    (aff(32) << 48)
        | ((aff(0) / 16) << 44)
        | (aff(16) << 32)
        | (u64::from(intid & 0xf) << 24)
        | (aff(8) << 16)
        | (1 << (aff(0) % 16))
}

impl Distributor {
    /// Brings all shared interrupts to rest (off, not pending, not active), Group 1,
    /// level-sensitive; then lets the distributor forward. Returns the number of interrupt lines.
    pub(super) fn init(&self) -> Result<usize, GicError> {
        self.ctlr.set(0);
        self.wait()?;
        self.ctlr.set(AFFINITY_ROUTING);
        self.wait()?;
        let lines = lines_of(self.typer.get());
        for word in 1..lines.div_ceil(32) {
            self.icenabler[word].set(u32::MAX);
            self.icpendr[word].set(u32::MAX);
            self.icactiver[word].set(u32::MAX);
            self.igroupr[word].set(u32::MAX);
        }
        for priority in &self.ipriorityr[FIRST_SPI as usize..lines] {
            priority.set(PRIORITY);
        }
        for word in 2..lines.div_ceil(16) {
            self.icfgr[word].set(0);
        }
        self.wait()?;
        self.ctlr.set(AFFINITY_ROUTING | ENABLE_GROUP_1);
        self.wait()?;
        Ok(lines)
    }

    fn wait(&self) -> Result<(), GicError> {
        wait_for(|| self.ctlr.get() & GICD_RWP == 0)
    }
}

impl Redistributor {
    /// Whether this is the redistributor of the core with this affinity.
    pub(super) fn belongs_to(&self, mpidr: u64) -> bool {
        (self.typer.get() >> 32) as u32 == packed_affinity(mpidr)
    }

    /// Whether no redistributor follows in the region.
    pub(super) fn is_last(&self) -> bool {
        self.typer.get() & LAST != 0
    }

    /// Distance to the next one in bytes.
    pub(super) fn stride(&self) -> usize {
        if self.typer.get() & VLPIS == 0 {
            0x2_0000
        } else {
            0x4_0000
        }
    }

    /// Wakes it, and brings the private interrupts of its core to rest.
    pub(super) fn init(&self) -> Result<(), GicError> {
        self.waker.set(self.waker.get() & !PROCESSOR_SLEEP);
        wait_for(|| self.waker.get() & CHILDREN_ASLEEP == 0)?;
        self.icenabler0.set(u32::MAX);
        self.icpendr0.set(u32::MAX);
        self.icactiver0.set(u32::MAX);
        self.igroupr0.set(u32::MAX);
        for priority in &self.ipriorityr {
            priority.set(PRIORITY);
        }
        wait_for(|| self.ctlr.get() & GICR_RWP == 0)
    }
}

#[cfg(test)]
#[path = "v3_tests.rs"]
mod tests;
