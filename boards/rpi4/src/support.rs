//! The board as data.
#![expect(unsafe_code, reason = "reads an identification register")]
#![expect(
    clippy::single_range_in_vec_init,
    reason = "memory is described by lists of ranges, which may have one"
)]

use aarch64_cpu::registers::{ID_AA64ISAR0_EL1, Readable};
use pivot::board::{Board, CoreStart, Gic, Uart};

use crate::{gpio, power};

/// The GIC-400's distributor (BCM2711 ARM Peripherals, section 6.5).
const DISTRIBUTOR: usize = 0xff84_1000;

/// Raspberry Pi 4 Model B.
pub static BOARD: Board = Board {
    name: "rpi4",
    // UART0, SPI 121; config.txt fixes its clock (init_uart_clock).
    uart: Uart {
        base: 0xfe20_1000,
        intid: 153,
        clock_hz: 48_000_000,
    },
    console_pins: &gpio::CONSOLE,
    gic: Gic::V2 {
        distributor: DISTRIBUTOR,
        cpu_interface: 0xff84_2000,
    },
    timer_intid: 27,
    // The slots of the firmware's stub (raspberrypi/tools, armstubs/armstub8.S).
    cores: &[
        CoreStart::SpinTable { slot: 0xd8 },
        CoreStart::SpinTable { slot: 0xe0 },
        CoreStart::SpinTable { slot: 0xe8 },
        CoreStart::SpinTable { slot: 0xf0 },
    ],
    // What a board of 1 GB has left with 76 MiB for graphics; the smallest there is. From 0 on:
    // what is not RAM is not mapped, and the slots of the spin table must be.
    fallback_ram: &[0..0x3b40_0000],
    // The stub and the spin table. The device tree reserves it too.
    reserved_ram: &[0..0x1000],
    // The firmware puts the tree near the end of the memory below the graphics memory.
    dtb_window: 0x1000..0x4000_0000,
    // Main peripherals, then the ARM-local block and the GIC (BCM2711 ARM Peripherals, figure 1).
    devices: &[0xfc00_0000..0x1_0000_0000],
    early_init: gpio::mux_console,
    first_line_is_out: gpio::darken_led,
    is_emulated,
    reboot: power::reboot,
    halt: power::halt,
};

/// Two signs that have nothing to do with each other, of which either is enough: a figure of an emulator must never
/// pass for one of a board.
fn is_emulated() -> bool {
    // The register first, so that it is read under an emulator too.
    !is_gic_400() || has_aes()
}

/// BCM2711 was made without the cryptography extension, and QEMU's Cortex-A72 has it: bits 7:4 of
/// ID_AA64ISAR0_EL1, the AES instructions (Arm ARM, D17.2.59).
fn has_aes() -> bool {
    (ID_AA64ISAR0_EL1.get() >> 4) & 0xf != 0
}

/// The GIC-400 says that it is one: ProductID, bits 31:24 of GICD_IIDR, is 2 (DDI 0471B, section 3.3; IHI 0048B,
/// section 4.3.3). QEMU's says 0 (`hw/intc/arm_gic.c`).
fn is_gic_400() -> bool {
    const GICD_IIDR: usize = DISTRIBUTOR + 0x8;
    const GIC_400: u32 = 0x02;
    let iidr: *const u32 = core::ptr::with_exposed_provenance(GICD_IIDR);
    // SAFETY: an identification register of a block that is mapped as device memory for good; reading it changes
    // nothing.
    unsafe { iidr.read_volatile() >> 24 == GIC_400 }
}
