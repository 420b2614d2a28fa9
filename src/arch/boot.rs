//! Owns `asm/boot.s`, the image header and the way from the firmware to Rust, on the boot core and on the
//! secondaries; and `asm/relocate.s`, which makes an entry by another boot loader look like one by the firmware.

#![expect(unsafe_code, reason = "the entry of the image is assembly")]

use core::arch::global_asm;
use core::mem::{offset_of, size_of};

use crate::arch::cpu::MPIDR_AFFINITY;
use crate::arch::mmu;
use crate::arch::smp::{self, Secondary};
use crate::board::MAX_CORES;
use crate::kernel;
use crate::machine::{MAX_TREE_BYTES, TREE_MAGIC};

/// Offset of the image from a 2 MiB boundary. The only value that every firmware and QEMU place alike is
/// 0x80000 in an image with a header (the rule was read out of start4.elf of 2022 and 2024).
const TEXT_OFFSET: u64 = 0x8_0000;

// One `ldp` reads both stacks.
const _: () = assert!(
    offset_of!(Secondary, thread_stack_top) == offset_of!(Secondary, exception_stack_top) + 8
);

global_asm!(
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/asm/boot.s")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/asm/relocate.s")),
    TEXT_OFFSET = const TEXT_OFFSET,
    SCTLR_MMU_OFF = const mmu::SCTLR_MMU_OFF,
    SCTLR_EL2_MMU_OFF = const mmu::SCTLR_EL2_MMU_OFF,
    SCTLR_MMU_ON = const mmu::SCTLR_MMU_ON,
    MAIR = const mmu::MAIR,
    TCR = const mmu::TCR_WITHOUT_IPS,
    TABLE = const mmu::DESCRIPTOR_TABLE,
    BLOCK_NORMAL = const mmu::EARLY_BLOCK_NORMAL,
    BLOCK_DEVICE = const mmu::EARLY_BLOCK_DEVICE,
    MPIDR_AFFINITY = const MPIDR_AFFINITY,
    TREE_MAGIC = const TREE_MAGIC,
    TREE_MAX = const MAX_TREE_BYTES,
    SECONDARIES = const MAX_CORES,
    SECONDARY_SIZE = const size_of::<Secondary>(),
    SECONDARY_MPIDR = const offset_of!(Secondary, mpidr),
    SECONDARY_STACKS = const offset_of!(Secondary, exception_stack_top),
    SECONDARY_CORE = const offset_of!(Secondary, core),
    final_root = sym mmu::FINAL_ROOT,
    secondaries = sym smp::SECONDARIES,
    boot_main = sym kernel::boot_main,
    secondary_main = sym kernel::secondary_main,
);

unsafe extern "C" {
    static __image_start: u8;
    static __text_start: u8;
    static __text_end: u8;
    static __rodata_start: u8;
    static __rodata_end: u8;
    static __data_start: u8;
    static __image_end: u8;
    static __boot_stack_guard: u8;
    static __boot_stack_bottom: u8;
    static __boot_stack_top: u8;
    static __exception_stack_guard: u8;
    static __exception_stack_bottom: u8;
    static __exception_stack_top: u8;
    static __build_id_start: u8;
    static __build_id_end: u8;
    safe fn secondary_entry();
}

/// Where the linker put the parts of the image. All addresses are multiples of 4 KiB.
#[derive(Clone, Copy, Debug)]
pub struct ImageLayout {
    /// First byte: the header.
    pub start: usize,
    /// Code.
    pub text: (usize, usize),
    /// Constants.
    pub rodata: (usize, usize),
    /// Data, zeroed data and the boot stacks, to the end of the image.
    pub data: (usize, usize),
    /// What stays unmapped inside `data`, `mem::window::GUARD_BYTES` each: below the boot core's thread stack and
    /// below its exception stack.
    pub guards: [usize; 2],
    /// The boot core's thread stack, which becomes its idle thread's: lowest address and top.
    pub boot_stack: (usize, usize),
    /// The boot core's exception stack, likewise.
    pub exception_stack: (usize, usize),
}

/// The image as it is linked, which is also where it runs.
pub fn image() -> ImageLayout {
    macro_rules! at {
        ($symbol:ident) => {
            &raw const $symbol as usize
        };
    }
    ImageLayout {
        start: at!(__image_start),
        text: (at!(__text_start), at!(__text_end)),
        rodata: (at!(__rodata_start), at!(__rodata_end)),
        data: (at!(__data_start), at!(__image_end)),
        guards: [at!(__boot_stack_guard), at!(__exception_stack_guard)],
        boot_stack: (at!(__boot_stack_bottom), at!(__boot_stack_top)),
        exception_stack: (at!(__exception_stack_bottom), at!(__exception_stack_top)),
    }
}

/// Bytes before the hash in the note that the linker makes: three lengths, and the owner's name, `GNU` (ELF gABI, "Note
/// Section").
const NOTE_HEADER_BYTES: usize = 16;

/// What the linker calls this build: a hash over all of the ELF file, the debug information included. Empty where it was
/// not asked for one.
pub fn build_id() -> &'static [u8] {
    let start = &raw const __build_id_start;
    let bytes = &raw const __build_id_end as usize - start as usize;
    // SAFETY: the linker script puts the note between the two symbols, into memory that nobody writes.
    let note = unsafe { core::slice::from_raw_parts(start, bytes) };
    note.get(NOTE_HEADER_BYTES..).unwrap_or_default()
}

/// Physical address at which a secondary core enters the kernel.
pub fn secondary_entry_address() -> usize {
    secondary_entry as *const () as usize
}
