//! Translation: the register values that every core uses, and the early map that lives until Rust has
//! built the final tables (`mem::tables`).
//!
//! 39-bit addresses, 4 KiB granule, TTBR0 only: a walk starts at level 1, an entry of which is 1 GiB.

#![expect(unsafe_code, reason = "changes the address space")]

use core::arch::asm;
use core::ops::Range;
use core::sync::atomic::AtomicU64;

/// Attribute 0: Normal, inner and outer write-back, read and write allocate. Attribute 1: Device-nGnRE.
/// (DDI 0487, MAIR_EL1; hazard H7.)
pub const MAIR: u64 = 0x04ff;
/// Index of Normal memory in [`MAIR`].
pub const ATTRIBUTE_NORMAL: u64 = 0;
/// Index of Device-nGnRE memory in [`MAIR`].
pub const ATTRIBUTE_DEVICE: u64 = 1;

/// Bits of an address. T0SZ = 64 - 39.
pub const VIRTUAL_ADDRESS_BITS: u32 = 39;

/// TCR_EL1 but for IPS: T0SZ 25; walks are inner and outer write-back and inner shareable, so that the
/// walkers see what is in the caches; 4 KiB granule; no walks by TTBR1 (EPD1); TBI0: the top byte of an address is not
/// looked at, and a pointer to a thread's block has a number there (`sched::blocks`).
pub const TCR_WITHOUT_IPS: u64 =
    (64 - VIRTUAL_ADDRESS_BITS as u64) | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 30 | 1 << 37;

/// SCTLR_EL1 with the MMU and caches off: the RES1 bits 29, 28, 23, 22, 20 and 11, and nothing else.
pub const SCTLR_MMU_OFF: u64 = 0x30d0_0800;
/// SCTLR_EL2 of a boot loader's that is to be off: the RES1 bits 29, 28, 23, 22, 18, 16, 11, 5 and 4, and nothing else.
pub const SCTLR_EL2_MMU_OFF: u64 = 0x30c5_0830;
/// SCTLR_EL1 in use: M, C, I, and SA and SA0, so that a misaligned stack pointer faults at both.
pub const SCTLR_MMU_ON: u64 = SCTLR_MMU_OFF | 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 12;

/// A descriptor that points to a table of the next level.
pub const DESCRIPTOR_TABLE: u64 = 0b11;
const BLOCK: u64 = 0b01;
const ACCESSED: u64 = 1 << 10;
const INNER_SHAREABLE: u64 = 3 << 8;
const READ_ONLY: u64 = 1 << 7;
/// Not global: the early map's entries are of ASID 0 and the final ones of ASID 1, so that no TLB ever holds an
/// entry of each for one address, of different sizes (DDI 0487, D8.16.1: break before make).
const NOT_GLOBAL: u64 = 1 << 11;
const PXN: u64 = 1 << 53;
const UXN: u64 = 1 << 54;

/// The early map's 2 MiB blocks over the image. Executable *and* writable, for the short time until the
/// final tables, which are 4 KiB pages by section, take over.
pub const EARLY_BLOCK_NORMAL: u64 =
    BLOCK | ATTRIBUTE_NORMAL << 2 | INNER_SHAREABLE | ACCESSED | NOT_GLOBAL | UXN;
/// The early map's block over the UART.
pub const EARLY_BLOCK_DEVICE: u64 =
    BLOCK | ATTRIBUTE_DEVICE << 2 | ACCESSED | NOT_GLOBAL | UXN | PXN;

/// Physical address of the final tables' root. Secondaries read it with the MMU off: whoever writes it
/// cleans it to memory.
pub static FINAL_ROOT: AtomicU64 = AtomicU64::new(0);

const BLOCK_BYTES: usize = 2 << 20;

unsafe extern "C" {
    static mut __early_tables_start: [[u64; 512]; 3];
}

/// Adds `physical` to the early map, read-only and never executable, rounded out to blocks of 2 MiB.
/// Returns false when it lies in another gigabyte than the image: then it needs a table that is not there.
///
/// For the device tree, before the final tables are built.
///
/// # Safety
///
/// Boot core, before `mem::init`; `physical` is RAM.
pub unsafe fn early_map(physical: Range<usize>) -> bool {
    // SAFETY: the tables are this core's alone until the final ones replace them.
    let [root, image, _] = unsafe {
        let tables = &raw mut __early_tables_start;
        &mut *tables
    };
    let image_table = image.as_ptr() as u64 | DESCRIPTOR_TABLE;
    let first = physical.start / BLOCK_BYTES;
    let last = (physical.end - 1) / BLOCK_BYTES;
    for block in first..=last {
        if root.get(block / 512) != Some(&image_table) {
            return false;
        }
        let entry = &mut image[block % 512];
        if *entry == 0 {
            *entry = (block * BLOCK_BYTES) as u64 | EARLY_BLOCK_NORMAL | READ_ONLY | PXN;
        }
    }
    synchronize_new_mappings();
    true
}

/// Makes table entries that were invalid before visible to the walkers of all cores, and to this core's
/// next instruction.
pub fn synchronize_new_mappings() {
    // SAFETY: barriers.
    unsafe { asm!("dsb ishst", "isb", options(nostack, preserves_flags)) };
}
