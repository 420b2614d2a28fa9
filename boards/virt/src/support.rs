//! The board as data.
#![expect(
    clippy::single_range_in_vec_init,
    reason = "memory is described by lists of ranges, which may have one"
)]

use pivot::board::{Board, CoreStart, Gic, Uart};
use pivot::drivers::psci;

/// QEMU `virt`.
pub static BOARD: Board = Board {
    name: "virt",
    uart: Uart {
        base: 0x0900_0000,
        intid: 33,
        clock_hz: 24_000_000,
    },
    console_pins: &[],
    gic: Gic::V2 {
        distributor: 0x0800_0000,
        cpu_interface: 0x0801_0000,
    },
    timer_intid: 27,
    // Without a tree the conduit of PSCI is unknown: it is HVC or SMC, as the machine's options
    // say.
    cores: &[CoreStart::Unknown],
    // The least that makes sense, and QEMU's own default.
    fallback_ram: &[0x4000_0000..0x4800_0000],
    reserved_ram: &[],
    // QEMU puts the tree at most 128 MiB above the start of RAM.
    dtb_window: 0x4000_0000..0x8000_0000,
    // From the distributor to the last of the virtio transports. Neighbouring devices that do not
    // exist (GICv2 beside GICv3) are not touched, and an emulator does not speculate.
    devices: &[0x0800_0000..0x0a00_4000],
    early_init: || {},
    first_line_is_out: || {},
    is_emulated: || true,
    reboot: psci::system_reset,
    halt: psci::system_off,
};
