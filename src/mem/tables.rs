//! The final page tables: built once at boot, then changed only in the stack area.
//!
//! The linear map shows RAM, the image by its sections and the devices at their own addresses; it
//! has the rights that [`plan`](crate::mem::plan) gives and is never split afterwards. One set of
//! tables serves all cores. `aarch64-paging` walks and writes them; it says of its `RootTable` that
//! it does no TLB maintenance, so every function here that changes an entry does its own (hazard H8).
#![expect(unsafe_code, reason = "page tables decide what every address means")]

use crate::arch::{cache, mmu};
use crate::mem::PAGES;
use crate::mem::plan::{Access, PAGE_ZERO, Region};
use crate::mem::ranges::PAGE_BYTES;
use crate::mem::table_pages::TablePages;
use crate::sync::{SpinLock, SpinLockGuard};
use aarch64_paging::descriptor::{El1Attributes, PhysicalAddress};
use aarch64_paging::paging::{Constraints, El1And0, MemoryRegion, RootTable, VaRange};
use core::arch::asm;
use core::ops::Range;
use core::sync::atomic::Ordering;

/// 39-bit addresses with a 4 KiB granule: a walk starts at level 1.
const ROOT_LEVEL: usize = 1;

/// The ASID of the final tables, in TTBR0_EL1 from bit 48. The early map has ASID 0: if its entries
/// are not global, none of them can meet one of ours of another size in a TLB while both may be
/// cached (DDI 0487, "Using break-before-make": a change of block size needs it).
const ASID: u64 = 1 << 48;

/// Most tables that a region of the linear map can need: its ends may each cut a 1 GiB and a 2 MiB
/// entry, all between are blocks.
const TABLES_PER_REGION: usize = 4;

/// Most tables that 1 MiB of 4 KiB mappings can need: it may lie across the border of two tables of
/// either level.
const TABLES_PER_PIECE: usize = 4;

/// What is mapped or unmapped in one go: 256 pages, half of what one table has. Were all of a table
/// unmapped at once, `aarch64-paging` would give it back while a walker may still read it.
const PIECE_BYTES: usize = 1 << 20;

/// What the pages of one table reach over.
pub(crate) const TABLE_REACH_BYTES: usize = 2 << 20;

struct Tables {
    root: RootTable<El1And0, TablePages>,
    maps_page_zero: bool,
}

static TABLES: SpinLock<Option<Tables>> = SpinLock::new(None);

/// There is no memory for the tables that a mapping needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfTables;

/// Creates the final tables, empty but for what [`map`] adds before [`activate`].
///
/// # Safety
///
/// Once, on the boot core, while no other core runs.
pub unsafe fn create() {
    // SAFETY: once, as our caller promises.
    let pages = unsafe { TablePages::from_boot_pool() };
    let root = RootTable::with_va_range(pages, ROOT_LEVEL, El1And0, VaRange::Lower);
    *TABLES.lock() = Some(Tables {
        root,
        maps_page_zero: false,
    });
}

/// Maps a region of the linear map to itself. False if the boot pool has no tables for it.
///
/// # Safety
///
/// Between [`create`] and [`activate`]. The region must be what its access says.
pub unsafe fn map(region: &Region) -> bool {
    let mut tables = TABLES.lock();
    let Some(tables) = tables.as_mut() else {
        return false;
    };
    if tables.root.translation().spare() < TABLES_PER_REGION {
        return false;
    }
    let memory = MemoryRegion::new(region.range.start, region.range.end);
    let address = PhysicalAddress(region.range.start);
    let attributes = attributes(region.access);
    let mapped = tables
        .root
        .map_range(&memory, address, attributes, Constraints::empty())
        .is_ok();
    tables.maps_page_zero |= mapped && region.range.contains(&PAGE_ZERO.start);
    mapped
}

/// Switches this core to the final tables and publishes them for the cores that follow, which read
/// the root with their MMU off: it and the tables are cleaned to memory (hazard H4).
///
/// # Safety
///
/// On the boot core, after all regions that the running code uses have been mapped as they are now.
pub unsafe fn activate() {
    let root = match TABLES.lock().as_ref() {
        Some(tables) => tables.root.to_physical().0 as u64 | ASID,
        None => return,
    };
    // SAFETY: both maps show the running code, its stack and its data at the same addresses as
    // Normal memory, as our caller promises. The barriers make the entries visible to the walker
    // before the first walk; afterwards the TLB holds nothing of the early map.
    unsafe {
        asm!(
            "dsb ishst",
            "isb",
            "msr ttbr0_el1, {root}",
            "isb",
            "tlbi vmalle1",
            "dsb nsh",
            "isb",
            root = in(reg) root,
            options(nostack, preserves_flags),
        );
    }
    TablePages::clean_boot_pool();
    mmu::FINAL_ROOT.store(root, Ordering::Release);
    cache::clean_invalidate(
        (&raw const mmu::FINAL_ROOT).addr(),
        size_of_val(&mmu::FINAL_ROOT),
    );
}

/// Unmaps page 0 on every core, so that a null pointer faults. Never written again: cores may still stand in the
/// firmware's pen there (hazard H29).
///
/// # Safety
///
/// No core may need the page any more: all have arrived, or will park if they still come.
pub unsafe fn unmap_page_zero() {
    let mut tables = TABLES.lock();
    let Some(tables) = tables.as_mut() else {
        return;
    };
    if core::mem::take(&mut tables.maps_page_zero) {
        tables.unmap(&PAGE_ZERO);
    }
}

/// Maps `virtual_range`, unmapped until now, to the memory from `physical`: read and write, never
/// executable, 4 KiB pages. Any core may use it when this returns.
///
/// # Errors
///
/// There is no page for a table; nothing is mapped then.
///
/// # Safety
///
/// The memory must be the caller's, and must be used through one of its two mappings at a time.
pub(crate) unsafe fn map_pages(
    virtual_range: &Range<usize>,
    physical: usize,
) -> Result<(), OutOfTables> {
    for piece in pieces(virtual_range) {
        let address = physical + (piece.start - virtual_range.start);
        // A lock for each piece: IRQs are not masked for the whole of a large range.
        let mapped = match TABLES.lock().as_mut() {
            Some(tables) => tables.map_pages(&piece, address),
            None => Err(OutOfTables),
        };
        if mapped.is_err() {
            // SAFETY: mapped by this call, and not used yet.
            unsafe { unmap_pages(&(virtual_range.start..piece.start)) };
            return mapped;
        }
    }
    mmu::synchronize_new_mappings();
    Ok(())
}

/// Unmaps `virtual_range` on all cores. When this returns, no core can reach its memory by it.
///
/// # Safety
///
/// Nobody may use the range any more. It was mapped by [`map_pages`].
pub(crate) unsafe fn unmap_pages(virtual_range: &Range<usize>) {
    for piece in pieces(virtual_range) {
        if let Some(tables) = TABLES.lock().as_mut() {
            tables.unmap(&piece);
        }
    }
}

/// Forgets what the TLBs of all cores hold of a range whose entries are invalid.
pub(super) fn invalidate(range: &Range<usize>) {
    // SAFETY: barriers and TLB maintenance have no effect on memory. VAAE1IS takes bits 55:12
    // of the address in its low bits and any ASID (DDI 0487, C5.5).
    unsafe {
        asm!("dsb ishst", options(nostack, preserves_flags));
        for address in range.clone().step_by(PAGE_BYTES) {
            let page = address / PAGE_BYTES;
            asm!("tlbi vaae1is, {}", in(reg) page, options(nostack, preserves_flags));
        }
        asm!("dsb ish", "isb", options(nostack, preserves_flags));
    }
}

/// A range in parts of at most [`PIECE_BYTES`].
fn pieces(range: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range
        .clone()
        .step_by(PIECE_BYTES)
        .map(move |start| start..end.min(start + PIECE_BYTES))
}

/// While what this returns is held, nothing is mapped or unmapped. IRQs are masked so long.
pub(crate) fn hold() -> SpinLockGuard<'static, impl Sized> {
    TABLES.lock()
}

/// Pages that hold tables, those in reserve included.
pub(crate) fn table_pages() -> usize {
    TABLES
        .lock()
        .as_ref()
        .map_or(0, |tables| tables.root.translation().total())
}

impl Tables {
    /// Maps at most [`PIECE_BYTES`], after seeing to it that there are tables enough.
    fn map_pages(&mut self, range: &Range<usize>, physical: usize) -> Result<(), OutOfTables> {
        let pages = self.root.translation();
        while pages.spare() < TABLES_PER_PIECE {
            let page = PAGES.lock().allocate(1).ok_or(OutOfTables)?;
            // SAFETY: the page was just allocated and is given away here.
            unsafe { pages.add(page) };
        }
        let memory = MemoryRegion::new(range.start, range.end);
        let attributes = attributes(Access::Data);
        let only_pages = Constraints::NO_BLOCK_MAPPINGS;
        let physical = PhysicalAddress(physical);
        self.root
            .map_range(&memory, physical, attributes, only_pages)
            .map_err(|_| OutOfTables)
    }

    /// Makes the entries of at most [`PIECE_BYTES`] invalid, here and in every TLB.
    fn unmap(&mut self, range: &Range<usize>) {
        let memory = MemoryRegion::new(range.start, range.end);
        let nothing = El1Attributes::empty();
        let unmapped =
            self.root
                .map_range(&memory, PhysicalAddress(0), nothing, Constraints::empty());
        debug_assert!(unmapped.is_ok(), "the range is in the address space");
        invalidate(range);
    }
}

/// The attributes of a leaf entry. EL0 may never execute; the access flag is set, since nothing
/// here would handle its fault; the attribute indices are those of `mmu::MAIR`.
pub(super) fn attributes(access: Access) -> El1Attributes {
    const { assert!(mmu::ATTRIBUTE_NORMAL == 0 && mmu::ATTRIBUTE_DEVICE == 1) };
    let common = El1Attributes::VALID | El1Attributes::ACCESSED | El1Attributes::UXN;
    let normal = common | El1Attributes::ATTRIBUTE_INDEX_0 | El1Attributes::INNER_SHAREABLE;
    match access {
        Access::Code => normal | El1Attributes::READ_ONLY,
        Access::Constant => normal | El1Attributes::READ_ONLY | El1Attributes::PXN,
        Access::Data => normal | El1Attributes::PXN,
        Access::Device => common | El1Attributes::ATTRIBUTE_INDEX_1 | El1Attributes::PXN,
    }
}
