//! What a board is: data, and the few actions that only the board knows.
//!
//! A board crate declares one `static BOARD: Board` and hands it to the kernel with
//! `firmware!`. What the device tree says overrides what stands here; what
//! stands here is used where there is no (valid) tree.

use core::ops::Range;

/// The most cores that one image serves. GICv2 can address eight (IHI 0048B, section 1.4.1).
pub const MAX_CORES: usize = 8;

/// A board, as its crate describes it.
#[derive(Debug)]
pub struct Board {
    /// Short name: `virt`, `rpi4`.
    pub name: &'static str,
    /// Where the console is.
    pub uart: Uart,
    /// Pins that the console has, by their number: nobody changes them.
    pub console_pins: &'static [usize],
    /// Which interrupt controller, and where.
    pub gic: Gic,
    /// INTID of the EL1 timer that the kernel uses (CNTV: 27 on both boards).
    pub timer_intid: u32,
    /// The cores to assume without a device tree, by their number (Aff0 of MPIDR): how each of them
    /// is started. At most [`MAX_CORES`]. The entry of the boot core is not used.
    pub cores: &'static [CoreStart],
    /// RAM to assume without a device tree: what every board of this kind has.
    pub fallback_ram: &'static [Range<usize>],
    /// RAM that is never handed out, whatever the tree says (page 0 of the Pi: stub and spin
    /// table).
    pub reserved_ram: &'static [Range<usize>],
    /// Where a device tree blob may lie; x0 outside of it is not followed.
    pub dtb_window: Range<usize>,
    /// Registers of devices: mapped Device-nGnRE, never executable. A UART or GIC that a tree
    /// places outside of them is not believed.
    pub devices: &'static [Range<usize>],
    /// Called once, on the boot core, MMU on, before the UART is initialised: pin muxing.
    pub early_init: fn(),
    /// Called once, when the first line has been handed to the UART: whatever showed before that the image lives is not
    /// needed any more.
    pub first_line_is_out: fn(),
    /// Whether this is an emulator: found out, not configured.
    pub is_emulated: fn() -> bool,
    /// Restarts the machine. Returns only if that failed.
    pub reboot: fn(),
    /// Stops the machine (an emulator exits). Returns only if that failed.
    pub halt: fn(),
}

/// A PL011 console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uart {
    /// Physical address of its registers.
    pub base: usize,
    /// Its interrupt (INTID, that is SPI + 32).
    pub intid: u32,
    /// Its input clock in Hz.
    pub clock_hz: u32,
}

/// A Generic Interrupt Controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gic {
    /// GICv2 (GIC-400): distributor and CPU interface.
    V2 {
        /// Physical address of GICD.
        distributor: usize,
        /// Physical address of GICC.
        cpu_interface: usize,
    },
    /// GICv3: distributor and redistributors.
    V3 {
        /// Physical address of GICD.
        distributor: usize,
        /// Physical address of the first redistributor frame.
        redistributors: usize,
        /// Size of the redistributor region in bytes.
        redistributors_size: usize,
    },
}

/// How one secondary core is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoreStart {
    /// The physical address of the entry is written to the slot, which the core polls.
    SpinTable {
        /// Physical address of the 64-bit slot of this core.
        slot: usize,
    },
    /// PSCI CPU_ON.
    Psci(Conduit),
    /// Nobody said how.
    Unknown,
}

/// How PSCI is called. Only a device tree can say it: on a stock Pi 4 an SMC is undefined, on
/// QEMU's raspi4b it never comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduit {
    /// By HVC.
    Hvc,
    /// By SMC.
    Smc,
}
