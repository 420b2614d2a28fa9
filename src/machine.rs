//! What this machine was found to be: from the device tree where there is a good one, else from the
//! board's own description.
//!
//! Everything here is pure: bytes go in, a description comes out, and no address is followed. So
//! host tests can feed it trees that no firmware would write. A tree is believed about what only it
//! can know (how much memory there is, how cores start, the boot arguments) and checked where
//! believing would be dangerous: a UART or GIC outside of the ranges that the board maps as devices
//! is ignored, memory that overlaps them is cut, and a tree that cannot be read whole is not used
//! at all.
//!
//! A [`Machine`] is filled in place, because it is larger than a frame of a boot stack should be.

mod blob;
mod blocks;
mod devices;
mod find;
#[cfg(test)]
mod fixture;
mod tree;
#[cfg(test)]
mod wire_tests;

use core::ops::Range;

use heapless::{String, Vec};

use crate::board::{Board, Conduit, CoreStart, Gic, MAX_CORES, Uart};

pub use blob::{HEADER_BYTES, MAX_TREE_BYTES, TREE_MAGIC, TreeError, plausible_tree};
pub use blocks::Blocks;

/// Affinity fields of MPIDR_EL1 (Arm ARM, D17.2.101): Aff3 in bits 39:32, Aff2 to Aff0 in 23:0.
pub const MPIDR_AFFINITY: u64 = 0xff_00ff_ffff;

/// End of the addresses that are mapped one to one; thread stacks have their virtual area above it
/// (`docs/memory.md`). RAM beyond it is not used.
pub const IDENTITY_END: usize = 0x20_0000_0000;

/// Most ranges of RAM that are kept; further ones are left unused.
pub const MAX_MEMORY_RANGES: usize = 8;
/// Most reserved ranges that a tree may have; one with more is not used at all.
pub const MAX_RESERVED_RANGES: usize = 32;
/// Most bytes of boot arguments that are kept.
pub const MAX_BOOTARGS: usize = 1024;

/// Where the description came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// From the device tree at this physical address, of this size in bytes.
    DeviceTree {
        /// Physical address of the blob.
        at: usize,
        /// Its size in bytes.
        size: usize,
    },
    /// From the board's own description, because there was no usable tree.
    Fallback(TreeError),
}

/// A core that the machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreDesc {
    /// Affinity fields of its MPIDR ([`MPIDR_AFFINITY`]).
    pub mpidr: u64,
    /// How it is started.
    pub start: CoreStart,
    /// False if the tree says that it must not be used.
    pub enabled: bool,
}

/// The machine as it was found at boot.
#[derive(Debug)]
pub struct Machine {
    /// Where this description came from.
    pub source: Source,
    /// What the machine calls itself: first entry of the root's `compatible`, or the board's name.
    pub compatible: String<64>,
    /// RAM, as physical ranges. Not sorted; overlaps nothing in the board's device ranges.
    pub memory: Vec<Range<usize>, MAX_MEMORY_RANGES>,
    /// RAM that must not be handed out: the tree itself, what it reserves, what the board reserves.
    /// The image is not among them.
    pub reserved: Vec<Range<usize>, MAX_RESERVED_RANGES>,
    /// The console.
    pub uart: Uart,
    /// The interrupt controller.
    pub gic: Gic,
    /// The cores, in the order of the tree. The boot core is one of them.
    pub cores: Vec<CoreDesc, MAX_CORES>,
    /// How many more cores the tree names than one image serves.
    pub cores_not_served: usize,
    /// How to call PSCI, if the tree has it.
    pub psci: Option<Conduit>,
    /// What a Pi's chip has and others have not, as far as the tree names it.
    pub blocks: Blocks,
    /// Revision code of the board, if the tree has it.
    pub revision: Option<u32>,
    /// Boot arguments (`/chosen/bootargs`).
    pub bootargs: String<MAX_BOOTARGS>,
    /// Whether the boot arguments were longer than what is kept.
    pub bootargs_truncated: bool,
}

impl Machine {
    /// A description of nothing, to be filled.
    pub const EMPTY: Self = Self {
        source: Source::Fallback(TreeError::NotGiven),
        compatible: String::new(),
        memory: Vec::new(),
        reserved: Vec::new(),
        uart: Uart {
            base: 0,
            intid: 0,
            clock_hz: 0,
        },
        gic: Gic::V2 {
            distributor: 0,
            cpu_interface: 0,
        },
        cores: Vec::new(),
        cores_not_served: 0,
        psci: None,
        blocks: Blocks {
            mailbox: None,
            gpio: None,
            power: None,
            system_timer: None,
        },
        revision: None,
        bootargs: String::new(),
        bootargs_truncated: false,
    };

    /// Fills this from the device tree `blob`, which lies at physical address `at`.
    ///
    /// # Errors
    ///
    /// [`TreeError`] if the tree cannot be used; what was filled so far is then without meaning and
    /// [`Machine::fallback`] is to be called.
    pub fn from_tree(&mut self, board: &Board, at: usize, blob: &[u8]) -> Result<(), TreeError> {
        tree::read(self, board, at, blob)
    }

    /// Fills this from what the board says of itself, because of `reason`.
    pub fn fallback(&mut self, board: &Board, reason: TreeError) {
        self.start_from(board);
        self.source = Source::Fallback(reason);
        for range in board.fallback_ram.iter().take(MAX_MEMORY_RANGES) {
            // Cannot fail: the count is bounded by the line above.
            let _ = self.memory.push(range.clone());
        }
        for (number, &start) in (0..).zip(board.cores.iter().take(MAX_CORES)) {
            let _ = self.cores.push(CoreDesc {
                mpidr: number,
                start,
                enabled: true,
            });
        }
    }

    /// Everything that the tree may override, as the board has it; memory and cores empty.
    fn start_from(&mut self, board: &Board) {
        self.compatible.clear();
        let _ = self.compatible.push_str(board.name);
        self.memory.clear();
        self.reserved.clear();
        for range in board.reserved_ram.iter().take(MAX_RESERVED_RANGES) {
            let _ = self.reserved.push(range.clone());
        }
        self.uart = board.uart;
        self.gic = board.gic;
        self.cores.clear();
        self.cores_not_served = 0;
        self.psci = None;
        self.blocks = Blocks::default();
        self.revision = None;
        self.bootargs.clear();
        self.bootargs_truncated = false;
    }

    /// Total size of the RAM in bytes, reserved parts included.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.memory.iter().map(ExactSizeIterator::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fixture::{PI, VIRT};

    #[test]
    fn without_a_tree_the_pi_is_four_cores_on_the_spin_table_and_its_lowest_memory() {
        let mut machine = Machine::EMPTY;
        machine.fallback(&PI, TreeError::Atags);
        assert_eq!(machine.source, Source::Fallback(TreeError::Atags));
        assert_eq!(machine.memory.as_slice(), PI.fallback_ram);
        assert_eq!(machine.reserved.as_slice(), PI.reserved_ram);
        assert_eq!(machine.cores.len(), 4);
        assert_eq!(machine.cores[3].mpidr, 3);
        assert_eq!(machine.cores[3].start, CoreStart::SpinTable { slot: 0xf0 });
        assert_eq!(machine.uart, PI.uart);
        assert_eq!(machine.psci, None);
        assert_eq!(machine.memory_bytes(), 0x3b40_0000);
    }

    #[test]
    fn a_fallback_forgets_what_a_bad_tree_left_behind() {
        let mut machine = Machine::EMPTY;
        let tree = fixture::virt().to_dtb();
        machine.from_tree(&VIRT, 0x4800_0000, &tree).unwrap();
        machine.fallback(&PI, TreeError::NotGiven);
        let mut fresh = Machine::EMPTY;
        fresh.fallback(&PI, TreeError::NotGiven);
        assert_eq!(std::format!("{machine:?}"), std::format!("{fresh:?}"));
    }
}
