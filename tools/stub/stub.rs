//! The numbers of `stub.s`, and where each comes from. Compiled by the host tool, not by cargo.
//!
//! "Firmware" is the stub inside the board's start4.elf (read out of Debian's raspi-firmware
//! 1.20240424); the published source of the same is raspberrypi/tools, armstubs/armstub8.S.
#![no_std]
#![no_main]

use core::arch::global_asm;
use core::panic::PanicInfo;

global_asm!(
    include_str!("stub.s"),
    // BCM2711 ARM Peripherals, ARM_LOCAL registers.
    LOCAL_BLOCK = const 0xff80_0000_u32,
    LOCAL_CONTROL = const 0x00,
    LOCAL_PRESCALER = const 0x08,
    // Timer from the crystal, undivided.
    LOCAL_PRESCALER_CRYSTAL = const 0x8000_0000_u32,
    // Cortex-A72 TRM, L2CTLR_EL1: L2 data RAM latency of 3 cycles, and its setup.
    L2_DATA_RAM_LATENCY = const 0x22,
    // Cortex-A72 TRM, CPUECTLR_EL1: SMPEN.
    SMP_ENABLE = const 0x40,
    // Cortex-A72 TRM, ACTLR_EL3: EL2 may write the CPU's own control registers.
    ACTLR = const 0x73,
    // The crystal of the board: 54 MHz.
    FREQUENCY = const 54_000_000,
    // DDI 0487, SCR_EL3: RW, HCE, SMD, RES1, NS: no SMC.
    SCR = const 0x5b1,
    // DDI 0487, SCTLR_EL2: RES1 bits only: MMU, caches and alignment check off.
    SCTLR = const 0x30c5_0830,
    // DDI 0487, SPSR_EL3: EL2h, D A I F masked.
    SPSR = const 0x3c9,
    // DDI 0487, MPIDR_EL1: Aff0, four cores.
    CORE_MASK = const 3,
    // The firmware's layout of page 0; the same slots stand in the board's device tree.
    SPIN_TABLE = const 0xd8,
    SPIN_TABLE_SIZE = const 0x20,
    SPIN_SLOT_SHIFT = const 3,
    TREE_SLOT = const 0xf8,
    KERNEL_SLOT = const 0xfc,
    // BCM2711 ARM Peripherals, GIC-400 registers.
    DISTRIBUTOR = const 0xff84_1000_u32,
    GICC_OFFSET = const 0x1000,
    // IHI 0048B, sections 4.3.1, 4.3.4, 4.4.1, 4.4.2: both groups on; every interrupt in Group 1; CPU
    // interface on for both groups, FIQ for Group 0, no bypass; every priority passes.
    GICD_CTLR = const 0x000,
    GICD_ENABLE_BOTH = const 3,
    GICD_IGROUPR = const 0x080,
    // The firmware writes 8 words (256 interrupts). The emulator has 224 and logs the eighth.
    IGROUPR_WORDS = const 7,
    GICC_CTLR = const 0x0,
    GICC_CTLR_VALUE = const 0x1e7,
    GICC_PMR = const 0x4,
    GICC_PMR_ALL = const 0xff,
    // Odd, so that it is no valid stack pointer; a pattern, so that it is known when it turns up.
    RUBBISH = const 0xdead_beef_0bad_f00d_u64,
    DIRTY_MASK = const 0xff,
);

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
