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
    // What boot loaders leave on (the tool asks for it at LEFT_SLOT): the bits, and how many ranges of memory fit.
    LEFT_SLOT = const 0x400,
    LEFT_RUBBISH_BIT = const 0,
    LEFT_PENDING_BIT = const 1,
    LEFT_MMU_BIT = const 2,
    RANGES = const 6,
    // IHI 0048B, sections 4.3.5, 4.3.7, 4.3.11, 4.3.12, 4.3.15, 4.4.4. As Non-secure software sees them: bit 0 is Group 1.
    NS_ENABLE = const 1,
    GICD_ISENABLER = const 0x100,
    GICD_ISPENDR = const 0x200,
    // UART0's interrupt and its neighbours, 128 to 159.
    PENDING_SPI_WORD = const 4,
    GICD_ITARGETSR_SPIS = const 0x820,
    // The emulator has 224 interrupts.
    GICD_ITARGETSR_END = const 0x8e0,
    EVERY_SPI_TO_CORE_0 = const 0x0101_0101,
    GICD_IPRIORITYR = const 0x400,
    GICD_IPRIORITYR_END = const 0x4e0,
    // Two of the four that a word has.
    EVERY_PRIORITY_HALF = const 0xa0a0,
    GICC_IAR = const 0xc,
    GICD_SGIR = const 0xf00,
    GICD_SGIR_TO_SELF = const 2 << 24,
    SGI_MASK = const 0xf,
    // DDI 0487, VMSAv8-64: a first level of four blocks of 1 GiB, since there are 32 bits of addresses (T0SZ 32).
    // AP[1] (RES1 at EL2), accessed, inner shareable, attribute 0; the devices: attribute 1, never executable.
    BLOCK_NORMAL = const 0x741_u64,
    BLOCK_DEVICE = const 0x40_0000_0000_0445_u64,
    // Attribute 0: Normal write-back. Attribute 1: Device-nGnRE.
    MAIR = const 0x04ff_u64,
    // RES1 bits 31 and 23; inner shareable, write-back walks; 4 KiB granule; 32 bits of addresses.
    TCR_EL2 = const 0x8080_3520_u64,
    // SCTLR with M, C and I.
    SCTLR_MMU = const 0x30c5_1835,
    // Odd, so that it is no valid stack pointer; a pattern, so that it is known when it turns up.
    RUBBISH = const 0xdead_beef_0bad_f00d_u64,
    DIRTY_MASK = const 0xff,
);

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
