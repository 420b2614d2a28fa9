//! The heap behind `alloc`: talc over chunks that it claims from the page allocator when it needs
//! them. Whole chunks that nobody uses go back to it, but for some that are kept for later.
//!
//! When there is no memory the heap first gives up the free stacks, then returns null: callers that
//! a user can bring into that situation use fallible forms (`try_reserve`), all others end in Rust's
//! allocation panic.
#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use crate::mem::ranges::{PAGE_BYTES, page_down, page_up};
use crate::mem::{PAGES, stacks};
use crate::sync::SpinLock;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{NonNull, null_mut, with_exposed_provenance_mut};
use talc::base::binning::Binning;
use talc::base::{CHUNK_UNIT, Talc};
use talc::source::Source;
use talc::{DefaultBinning, min_first_heap_size};

/// What is claimed at once if there is room: 64 KiB.
const CHUNK_PAGES: usize = 16;

/// So much that nobody uses the heap keeps for later, in whole chunks: what comes and goes costs no pages.
const KEPT_BYTES: usize = 1 << 20;

#[global_allocator]
static HEAP: Heap = Heap(SpinLock::new(Talc::new(PageSource {
    claimed_bytes: 0,
    used_bytes: 0,
})));

/// The global allocator. Its lock masks IRQs and comes before that of the page allocator.
struct Heap(SpinLock<Talc<PageSource, DefaultBinning>>);

/// Where talc gets chunks from, and what it did with them.
#[derive(Debug)]
struct PageSource {
    claimed_bytes: usize,
    used_bytes: usize,
}

/// What the heap has and what of it is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HeapStats {
    /// Bytes claimed from the page allocator.
    pub(super) claimed_bytes: usize,
    /// Bytes asked for and not freed yet; what the heap itself needs for them is not counted.
    pub(super) used_bytes: usize,
}

/// What the heap has and uses now.
pub(super) fn stats() -> HeapStats {
    let PageSource {
        claimed_bytes,
        used_bytes,
    } = HEAP.0.lock().source;
    HeapStats {
        claimed_bytes,
        used_bytes,
    }
}

// SAFETY: `acquire` uses the page allocator only, never the heap.
unsafe impl Source for PageSource {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        // Enough for the allocation wherever its alignment puts it, and for talc's own needs.
        let overhead = min_first_heap_size::<B>() + 2 * CHUNK_UNIT;
        let bytes = layout.size().checked_add(layout.align()).ok_or(())?;
        let needed = bytes.checked_add(overhead).ok_or(())?.div_ceil(PAGE_BYTES);
        let mut pages = needed.max(CHUNK_PAGES);
        let chunk = {
            let mut allocator = PAGES.lock();
            allocator.allocate(pages).or_else(|| {
                pages = needed;
                allocator.allocate(pages)
            })
        };
        let chunk = with_exposed_provenance_mut(chunk.ok_or(())?);
        // SAFETY: the pages were just allocated, and are the heap's for ever.
        let claimed = unsafe { talc.claim(chunk, pages * PAGE_BYTES) };
        talc.source.claimed_bytes += pages * PAGE_BYTES;
        claimed.map(|_| ()).ok_or(())
    }

    const TRACK_HEAP_END: bool = true;

    /// The last allocation above `base` was freed, up to the end of its chunk. If that is a whole chunk, and the heap has
    /// much more than it needs, the pages go back: stacks may want them.
    unsafe fn resize(&mut self, base: *mut u8, end: *mut u8, is_whole: bool) -> *mut u8 {
        if !is_whole || self.claimed_bytes - self.used_bytes <= KEPT_BYTES {
            return end;
        }
        // Talc keeps less than a unit before the base and behind the end of what it claimed, which were whole pages.
        let first = page_down(base.addr() - 1);
        let bytes = page_up(end.addr()) - first;
        self.claimed_bytes -= bytes;
        // SAFETY: a chunk that `acquire` has claimed, of which nothing is allocated; talc forgets it when this returns its
        // base.
        unsafe { PAGES.lock().free(first, bytes / PAGE_BYTES) };
        base
    }
}

impl Heap {
    /// Allocates from what the heap has or can claim.
    ///
    /// # Safety
    ///
    /// The size of `layout` is not 0.
    unsafe fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        let mut talc = self.0.lock();
        // SAFETY: the caller's promise.
        let memory = unsafe { talc.allocate(layout) }?;
        talc.source.used_bytes += layout.size();
        Some(memory)
    }
}

// SAFETY: talc returns memory of the layout that is asked for, from pages that are the heap's alone;
// the lock makes the methods exclusive. Nothing unwinds.
unsafe impl GlobalAlloc for Heap {
    // One of each in the image: what a thread does at each switch allocates nothing.
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller of `alloc` promises a size that is not 0.
        if let Some(memory) = unsafe { self.allocate(layout) } {
            return memory.as_ptr();
        }
        if stacks::reclaim() == 0 {
            return null_mut();
        }
        // SAFETY: as above.
        unsafe { self.allocate(layout) }.map_or(null_mut(), NonNull::as_ptr)
    }

    #[inline(never)]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let mut talc = self.0.lock();
        talc.source.used_bytes -= layout.size();
        // SAFETY: the caller promises that this heap allocated the memory with this layout.
        unsafe { talc.deallocate(memory, layout) };
    }

    unsafe fn realloc(&self, memory: *mut u8, old: Layout, new_size: usize) -> *mut u8 {
        {
            let mut talc = self.0.lock();
            // SAFETY: the caller promises the same as for `dealloc`, and a size that is not 0.
            if unsafe { talc.try_realloc_in_place(memory, old, new_size) } {
                talc.source.used_bytes += new_size;
                talc.source.used_bytes -= old.size();
                return memory;
            }
        }
        // SAFETY: the caller promises that the size is valid with this alignment.
        let new = unsafe { Layout::from_size_align_unchecked(new_size, old.align()) };
        // SAFETY: the size is not 0.
        let moved = unsafe { self.alloc(new) };
        if !moved.is_null() {
            // Growing: shrinking always succeeds in place. No lock is held over the copy.
            // SAFETY: both are allocations of at least the old size, and they are different ones;
            // the old one is the caller's to give up.
            unsafe {
                moved.copy_from_nonoverlapping(memory, old.size());
                self.dealloc(memory, old);
            }
        }
        moved
    }
}
