//! Bringing memory up, once, and what became of it.
#![expect(unsafe_code, reason = "takes possession of all RAM")]

use crate::machine::IDENTITY_END;
use crate::mem::buddy::PageAllocator;
use crate::mem::plan::{Layout, Region};
use crate::mem::ranges::PAGE_BYTES;
use crate::mem::window::STACK_AREA;
use crate::mem::{heap, stacks, tables};
use crate::sync::SpinLock;

const _: () = assert!(
    IDENTITY_END == STACK_AREA.start,
    "one area begins where the other ends"
);

/// The pages of all RAM that belongs to nobody.
pub(super) static PAGES: SpinLock<PageAllocator> = SpinLock::new(PageAllocator::empty());

/// Why memory could not be brought up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InitError {
    /// The page tables in the image do not suffice for what must be mapped.
    Unmappable(Region),
    /// There is no RAM beside the image.
    NoMemory,
}

/// Where the memory is. Bytes, but for what is called pages (of 4 KiB).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemStats {
    /// RAM that was handed to the page allocator.
    pub total_bytes: usize,
    /// Of that, what nobody has.
    pub free_bytes: usize,
    /// Of that, what the heap has claimed.
    pub heap_claimed_bytes: usize,
    /// What is allocated on the heap.
    pub heap_used_bytes: usize,
    /// Mapped stacks, the cached ones included.
    pub stacks_mapped_bytes: usize,
    /// Stacks that wait for their next thread.
    pub stacks_cached_bytes: usize,
    /// Stacks of threads that have ended and that somebody still refers to; or did when he crashed.
    pub stacks_kept_bytes: usize,
    /// Pages of page tables: those in the image, which are not part of the total, and the reserve
    /// too.
    pub table_pages: usize,
    /// Of the heap, what threads that crashed have worn out (`sched::blocks`).
    pub lost_bytes: usize,
}

/// Switches the boot core to the final page tables and hands all free RAM to the page allocator;
/// the heap and the stacks work from then on. Uses neither.
///
/// # Errors
///
/// [`InitError`]; the final tables may be in use or not.
///
/// # Safety
///
/// Once, on the boot core, with MMU and caches on, before any other core runs. `layout` must be
/// true: RAM is RAM, the image lies where it says, and nothing else uses the RAM that is neither
/// reserved, image nor device tree.
pub unsafe fn init(layout: &Layout<'_>) -> Result<(), InitError> {
    // SAFETY: once and alone, as our caller promises.
    unsafe { tables::create() };
    // SAFETY: the tables were created and are not active; the layout is true.
    let mut map = |region: &Region| unsafe { tables::map(region) };
    layout
        .map_required(&mut map)
        .map_err(InitError::Unmappable)?;
    let free = layout.map_free(&mut map);
    // SAFETY: the image, which holds the running code, its data and its stack, has been mapped.
    unsafe { tables::activate() };
    // SAFETY: the memory is mapped now and nobody has it, as our caller promises.
    let pages = unsafe { PageAllocator::new(free.as_slice()) };
    *PAGES.lock() = pages.ok_or(InitError::NoMemory)?;
    Ok(())
}

/// Where the memory is now. The figures are taken one after the other, not at one moment.
pub fn stats() -> MemStats {
    let (total, free) = {
        let pages = PAGES.lock();
        (pages.total_pages(), pages.free_pages())
    };
    let (heap, stacks) = (heap::stats(), stacks::stats());
    MemStats {
        total_bytes: total * PAGE_BYTES,
        free_bytes: free * PAGE_BYTES,
        heap_claimed_bytes: heap.claimed_bytes,
        heap_used_bytes: heap.used_bytes,
        stacks_mapped_bytes: stacks.mapped_bytes,
        stacks_cached_bytes: stacks.cached_bytes,
        stacks_kept_bytes: crate::sched::registry::kept_stack_bytes(),
        table_pages: tables::table_pages(),
        lost_bytes: crate::sched::blocks::worn_out_bytes(),
    }
}
