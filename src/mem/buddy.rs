//! The page allocator: a buddy system over all free RAM.
//!
//! A free block of 2^k pages lies on a multiple of its size and is linked, by page number, through
//! its own first page, so free memory costs nothing but one byte per page: the tag, which is
//! `k + 1` in the first page of a free block of order k and 0 everywhere else (pages in use, pages
//! inside a block, holes between the ranges). Allocating and freeing take a number of steps that
//! grows with the number of orders, never with the amount of memory.
//!
//! An allocation is a number of pages, not an order: what a power of two has too much is given
//! back at once, and any part of an allocation may be freed on its own.
#![expect(
    unsafe_code,
    reason = "lists run through free memory that has no owner but this one"
)]

use crate::mem::ranges::{PAGE_BYTES, page_up};
use core::ops::Range;
use core::ptr::{NonNull, with_exposed_provenance_mut};

/// Orders of blocks: 2^0 pages (4 KiB) to 2^18 pages (1 GiB).
const ORDERS: usize = 19;

/// The page number that stands for "no page": no address reaches it.
const NONE: usize = usize::MAX;

/// What a free block holds in its first bytes.
struct Link {
    next: usize,
    previous: usize,
}

/// A buddy allocator of 4 KiB pages. Addresses are those at which the memory can be written.
#[derive(Debug)]
pub struct PageAllocator {
    /// Page numbers (address / 4096) from the lowest to the highest managed page.
    span: Range<usize>,
    /// One tag for each page of the span.
    tags: NonNull<u8>,
    /// First free block of each order.
    heads: [usize; ORDERS],
    /// Bit k is set if there is a free block of order k.
    stocked: u32,
    total_pages: usize,
    free_pages: usize,
}

// SAFETY: the pointer and the page numbers denote memory that only this allocator touches, from
// whichever core calls it; its methods take `&mut self`.
unsafe impl Send for PageAllocator {}

impl PageAllocator {
    /// An allocator without memory.
    pub const fn empty() -> Self {
        Self {
            span: 0..0,
            tags: NonNull::dangling(),
            heads: [NONE; ORDERS],
            stocked: 0,
            total_pages: 0,
            free_pages: 0,
        }
    }

    /// An allocator of `ranges`, which are sorted, disjoint and page-aligned. The tags are taken
    /// from the first range that can hold them: one byte per page between the lowest and the
    /// highest address. `None` if no range can.
    ///
    /// # Safety
    ///
    /// The ranges must be memory that can be read and written at these addresses (provenance
    /// exposed) and that nothing else uses as long as the allocator lives.
    pub unsafe fn new(ranges: &[Range<usize>]) -> Option<Self> {
        let (first, last) = (ranges.first()?, ranges.last()?);
        let span = first.start / PAGE_BYTES..last.end / PAGE_BYTES;
        let tag_bytes = page_up(span.len());
        let home = ranges.iter().position(|range| range.len() > tag_bytes)?;
        let tags = NonNull::new(with_exposed_provenance_mut::<u8>(ranges[home].start))?;
        // SAFETY: `tag_bytes` fit in the range, which our caller left to us.
        unsafe { tags.write_bytes(0, tag_bytes) };

        let mut allocator = Self {
            span,
            tags,
            ..Self::empty()
        };
        for (index, range) in ranges.iter().enumerate() {
            let taken = if index == home { tag_bytes } else { 0 };
            let start = range.start + taken;
            let pages = (range.end - start) / PAGE_BYTES;
            allocator.total_pages += pages;
            // SAFETY: the memory is the caller's gift, the tags are cut off, ranges are disjoint.
            unsafe { allocator.free(start, pages) };
        }
        Some(allocator)
    }

    /// Takes `pages` (at least 1) adjoining pages and returns the address of the first, which is
    /// aligned to `pages` rounded up to a power of two. The contents are whatever was left there.
    /// `None` if there is no such run of free pages.
    pub fn allocate(&mut self, pages: usize) -> Option<usize> {
        let order = pages.checked_next_power_of_two()?.trailing_zeros();
        let stocked = self.stocked.checked_shr(order)?;
        if pages == 0 || stocked == 0 {
            return None;
        }
        let mut split = order + stocked.trailing_zeros();
        let page = self.heads[split as usize];
        self.unlink(page, split);
        self.free_pages -= 1 << split;
        while split > order {
            split -= 1;
            self.link(page + (1 << split), split);
            self.free_pages += 1 << split;
        }
        let address = page * PAGE_BYTES;
        let surplus = (1 << order) - pages;
        // SAFETY: the end of the block that was just taken: it is allocated and nobody has it.
        unsafe { self.free(address + pages * PAGE_BYTES, surplus) };
        Some(address)
    }

    /// Gives back `pages` pages from `address`: all of an allocation, or any part of it.
    ///
    /// # Safety
    ///
    /// The pages must have been allocated here, not be free yet, and be used by nobody any more,
    /// neither through a pointer nor through another mapping.
    pub unsafe fn free(&mut self, address: usize, pages: usize) {
        let mut page = address / PAGE_BYTES;
        let end = page + pages;
        debug_assert!(
            pages == 0 || (self.span.start <= page && end <= self.span.end),
            "pages that are not ours",
        );
        while page < end {
            let fits = (end - page).ilog2();
            let order = page.trailing_zeros().min(fits).min(ORDERS as u32 - 1);
            self.free_block(page, order);
            page += 1 << order;
        }
    }

    /// How many pages are managed, the tags excluded.
    pub fn total_pages(&self) -> usize {
        self.total_pages
    }

    /// How many pages are free.
    pub fn free_pages(&self) -> usize {
        self.free_pages
    }

    /// Frees one aligned block and joins it with its buddy, again and again.
    fn free_block(&mut self, page: usize, order: u32) {
        debug_assert!(!self.is_any_free(page, order), "a page is freed twice");
        self.free_pages += 1 << order;
        let (mut page, mut order) = (page, order);
        while (order as usize) < ORDERS - 1 {
            let buddy = page ^ (1 << order);
            if !self.span.contains(&buddy) || self.tag(buddy) != order as u8 + 1 {
                break;
            }
            self.unlink(buddy, order);
            page = page.min(buddy);
            order += 1;
        }
        self.link(page, order);
    }

    /// Whether any page of the block is free. Looks at each: for debug assertions.
    fn is_any_free(&self, page: usize, order: u32) -> bool {
        let inside = (page..page + (1 << order)).any(|page| self.tag(page) != 0);
        inside
            || (order..ORDERS as u32).any(|above| {
                let head = page & !((1 << above) - 1);
                self.span.contains(&head) && u32::from(self.tag(head)) > above
            })
    }

    fn link(&mut self, page: usize, order: u32) {
        let next = self.heads[order as usize];
        let link = Link {
            next,
            previous: NONE,
        };
        // SAFETY: the caller hands over the free block that starts at `page`; nobody reads it.
        unsafe { link_of(page).write(link) };
        if next != NONE {
            // SAFETY: `next` is in the list, so it starts a free block that holds a link.
            unsafe { (*link_of(next)).previous = page };
        }
        self.heads[order as usize] = page;
        self.stocked |= 1 << order;
        self.set_tag(page, order as u8 + 1);
    }

    fn unlink(&mut self, page: usize, order: u32) {
        // SAFETY: `page` is in the list of this order, so it starts a free block with a link.
        let Link { next, previous } = unsafe { link_of(page).read() };
        if next != NONE {
            // SAFETY: as above, `next` is in the same list.
            unsafe { (*link_of(next)).previous = previous };
        }
        if previous != NONE {
            // SAFETY: as above, `previous` is in the same list.
            unsafe { (*link_of(previous)).next = next };
        } else {
            self.heads[order as usize] = next;
            if next == NONE {
                self.stocked &= !(1 << order);
            }
        }
        self.set_tag(page, 0);
    }

    fn tag(&self, page: usize) -> u8 {
        debug_assert!(self.span.contains(&page));
        // SAFETY: there is a tag for each page of the span, written by `new`.
        unsafe { self.tags.add(page - self.span.start).read() }
    }

    fn set_tag(&mut self, page: usize, tag: u8) {
        debug_assert!(self.span.contains(&page));
        // SAFETY: there is a tag for each page of the span, and only we write it.
        unsafe { self.tags.add(page - self.span.start).write(tag) };
    }
}

/// Where a free block keeps its link.
fn link_of(page: usize) -> *mut Link {
    with_exposed_provenance_mut(page * PAGE_BYTES)
}

#[cfg(test)]
mod tests;
