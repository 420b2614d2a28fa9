//! A page more for a moment, which comes without any lock: for a stack that ends inside the kernel (`fault::overflow`).

#![expect(unsafe_code, reason = "writes a page table's entry")]

use core::ptr::{with_exposed_provenance, with_exposed_provenance_mut};
use core::sync::atomic::Ordering;

use aarch64_paging::descriptor::El1Attributes;

use crate::arch::mmu;
use crate::mem::plan::Access;
use crate::mem::ranges::PAGE_BYTES;
use crate::mem::tables::{self, attributes, invalidate};

/// Maps the page at `address`, unmapped until now, to the memory at `physical`: as data, for the core that asks and for
/// all others. False: there is no table for it. Without the lock, which the thread that asks may hold: it changes one
/// entry, which is nobody else's.
///
/// # Safety
///
/// Memory and address are the caller's.
pub(crate) unsafe fn lend_page(address: usize, physical: usize) -> bool {
    let Some(entry) = entry_of(address) else {
        return false;
    };
    let attributes = attributes(Access::Data) | El1Attributes::TABLE_OR_PAGE;
    // SAFETY: the entry of a page that is the caller's. It was invalid, so no TLB has it.
    unsafe { entry.write_volatile(attributes.bits() | physical) };
    mmu::synchronize_new_mappings();
    true
}

/// Ends [`lend_page`]. Takes the lock, so that an access that has been found possible under it still is.
///
/// # Safety
///
/// Nobody uses the page any more.
pub(crate) unsafe fn take_page_back(address: usize) {
    let _unchanged = tables::hold();
    if let Some(entry) = entry_of(address) {
        // SAFETY: as in `lend_page`.
        unsafe { entry.write_volatile(0) };
        invalidate(&(address..address + PAGE_BYTES));
    }
}

/// The entry of the page at `address`, if there is a table of the last level for it. Tables are never given back.
fn entry_of(address: usize) -> Option<*mut usize> {
    /// Bits of an index, and bits of the address of a table in an entry.
    const INDEX: usize = 0x1ff;
    const TABLE: usize = 0xffff_ffff_f000;
    let mut table = mmu::FINAL_ROOT.load(Ordering::Relaxed) as usize & TABLE;
    for shift in [30, 21] {
        let entry = with_exposed_provenance::<usize>(table).wrapping_add(address >> shift & INDEX);
        // SAFETY: an entry of a table of ours; others may write other entries meanwhile.
        let entry = unsafe { entry.read_volatile() };
        if entry & mmu::DESCRIPTOR_TABLE as usize != mmu::DESCRIPTOR_TABLE as usize {
            return None;
        }
        table = entry & TABLE;
    }
    Some(with_exposed_provenance_mut::<usize>(table).wrapping_add(address >> 12 & INDEX))
}
