//! The performance monitors of this core: cycles, and instructions where they are counted. aarch64-cpu has none of
//! these registers.
//!
//! On a board the cycles are those of the core's clock now, and stop in WFI (hazard H13).
//!
//! Nothing here runs but while something is measured: [`Window::open`] starts the counters of the core that it is
//! called on, [`Window::close`] reads and stops them. While one is open on a core, a second one there counts nothing.
//!
//! The kernel runs at EL1. The way down from EL2 sets MDCR_EL2 to PMCR_EL0.N (`asm/boot.s`): HPMN gives all counters to
//! EL1, TPM and TPMCR are 0, so nothing traps, and HPMD is 0 (DDI 0487, MDCR_EL2). The filters are 0: P = NSK = 0 counts
//! EL1 in either security state (DDI 0487, PMCCFILTR_EL0 and `PMEVTYPER<n>_EL0`); NSH, which would let EL2 count, is not
//! needed.

#![expect(unsafe_code, reason = "PMU registers have no crate")]

use aarch64_cpu::asm::barrier;
use aarch64_cpu::registers::ID_AA64DFR0_EL1;
use tock_registers::interfaces::Readable;

use crate::arch::cpu::IrqGuard;

/// The common event INST_RETIRED: instructions architecturally executed (DDI 0487, D13.12.2).
const INST_RETIRED: u64 = 0x08;

/// PMCR_EL0 (DDI 0487): E starts all counters that are enabled, P resets those of events, LC lets the cycle counter
/// overflow at 64 bits.
const PMCR_E: u64 = 1 << 0;
const PMCR_P: u64 = 1 << 1;
const PMCR_LC: u64 = 1 << 6;

/// PMCNTENSET_EL0, PMCNTENCLR_EL0: the cycle counter, and event counter 0.
const CYCLES: u64 = 1 << 31;
const EVENT_0: u64 = 1 << 0;

/// A counter of events has 32 bits. The core retires at most three instructions a cycle (Cortex-A72), so within this
/// many cycles it has not wrapped.
const CYCLES_WITHOUT_WRAP: u64 = (1 << 32) / 3;

macro_rules! read {
    ($register:literal) => {{
        let value: u64;
        // SAFETY: the caller has found that there is a PMU; reading it changes nothing.
        unsafe {
            core::arch::asm!(concat!("mrs {}, ", $register), out(reg) value, options(nomem, nostack, preserves_flags));
        }
        value
    }};
}

macro_rules! write {
    ($register:literal, $value:expr) => {{
        let value: u64 = $value;
        // SAFETY: the caller has found that there is a PMU; nothing depends on it but what is measured.
        unsafe {
            core::arch::asm!(concat!("msr ", $register, ", {}"), in(reg) value, options(nomem, nostack, preserves_flags));
        }
    }};
}

/// What this core can count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Able {
    /// PMCCNTR_EL0 is there.
    pub cycles: bool,
    /// So is a counter for events, and the core knows INST_RETIRED. QEMU does only under `-icount`.
    pub instructions: bool,
}

/// What this core can count.
pub fn able() -> Able {
    // 0: no PMU; 15: one that is not the architecture's (DDI 0487, ID_AA64DFR0_EL1.PMUVer).
    let version = ID_AA64DFR0_EL1.read(ID_AA64DFR0_EL1::PMUVer);
    let cycles = version != 0 && version != 0xf;
    Able {
        cycles,
        // PMCR_EL0.N, bits 15:11: how many event counters. PMCEID0_EL0: bit n is event n.
        instructions: cycles
            && read!("pmcr_el0") >> 11 & 0x1f > 0
            && read!("pmceid0_el0") >> INST_RETIRED & 1 != 0,
    }
}

/// Once per core, before anything is measured. Which counters are enabled is unknown after reset (DDI 0487,
/// PMCNTENSET_EL0), and here one that is means that somebody measures.
pub fn init_core() {
    if able().cycles {
        write!("pmcntenclr_el0", 0xffff_ffff);
        barrier::isb(barrier::SY);
    }
}

/// What a core did between two moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cycles, if there is a PMU.
    pub cycles: Option<u64>,
    /// Instructions, if they are counted and there were not too many.
    pub instructions: Option<u64>,
}

/// The counters of one core at one moment; they run from then on.
#[derive(Debug)]
#[must_use = "the counters run until the window is closed"]
pub struct Window {
    able: Able,
    cycles: u64,
}

impl Window {
    /// Starts the counters of this core, unless somebody else's run there: then nothing is counted. The caller stays on
    /// the core until it closes the window.
    #[inline(never)]
    pub fn open() -> Self {
        let able = able();
        // Two that look at the same time both find nobody.
        let irq = IrqGuard::mask();
        if !able.cycles || read!("pmcntenset_el0") & CYCLES != 0 {
            return Self {
                able: Able {
                    cycles: false,
                    instructions: false,
                },
                cycles: 0,
            };
        }
        write!("pmccfiltr_el0", 0);
        if able.instructions {
            write!("pmevtyper0_el0", INST_RETIRED);
        }
        write!("pmcr_el0", PMCR_E | PMCR_P | PMCR_LC);
        write!(
            "pmcntenset_el0",
            if able.instructions {
                CYCLES | EVENT_0
            } else {
                CYCLES
            }
        );
        drop(irq);
        // They count from here on, and what is read is not from before.
        barrier::isb(barrier::SY);
        let cycles = read!("pmccntr_el0");
        Self { able, cycles }
    }

    /// Reads the counters of this core, which opened it, and stops them.
    #[inline(never)]
    pub fn close(self) -> Counts {
        if !self.able.cycles {
            return Counts::default();
        }
        // What was measured is done.
        barrier::isb(barrier::SY);
        let (cycles, instructions) = (read!("pmccntr_el0"), self.events());
        write!("pmcntenclr_el0", CYCLES | EVENT_0);
        let cycles = cycles.wrapping_sub(self.cycles);
        Counts {
            cycles: Some(cycles),
            instructions: instructions.filter(|_| cycles < CYCLES_WITHOUT_WRAP),
        }
    }

    fn events(&self) -> Option<u64> {
        self.able
            .instructions
            .then(|| read!("pmevcntr0_el0") & 0xffff_ffff)
    }
}

/// Whether what [`able`] promises comes true: both counters move while this core works. A counter that another level has
/// kept to itself reads as it likes.
pub fn counts() -> Able {
    let window = Window::open();
    for _ in 0..1_000 {
        core::hint::spin_loop();
    }
    let Counts {
        cycles,
        instructions,
    } = window.close();
    Able {
        cycles: cycles.is_some_and(|count| count > 0),
        instructions: instructions.is_some_and(|count| count >= 1_000),
    }
}
