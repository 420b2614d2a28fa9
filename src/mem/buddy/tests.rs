//! The page allocator on memory of the host: the code that ships, against a model.
#![expect(
    clippy::single_range_in_vec_init,
    reason = "memory of one range is one range"
)]
#![expect(unsafe_code, reason = "the allocator needs memory of its own")]

use super::{ORDERS, PageAllocator};
use crate::mem::ranges::PAGE_BYTES;
use proptest::prelude::*;
use std::alloc::{Layout, alloc, dealloc};
use std::ops::Range;

/// Memory of the host, aligned to `ALIGN`, with an allocator over some of its pages.
struct Arena {
    base: *mut u8,
    pages: PageAllocator,
}

const ARENA_PAGES: usize = 512;
const LAYOUT: Layout = match Layout::from_size_align(ARENA_PAGES * PAGE_BYTES, 2 << 20) {
    Ok(layout) => layout,
    Err(_) => panic!("a 2 MiB layout"),
};

impl Arena {
    /// An allocator over these page numbers of the arena.
    fn new(ranges: &[Range<usize>]) -> Self {
        // SAFETY: the layout is not empty.
        let base = unsafe { alloc(LAYOUT) };
        let start = base.expose_provenance();
        let at = |page: usize| start + page * PAGE_BYTES;
        let ranges: Vec<_> = ranges.iter().map(|r| at(r.start)..at(r.end)).collect();
        // SAFETY: the ranges lie in the memory just allocated, which nothing else uses.
        let pages = unsafe { PageAllocator::new(&ranges) }.unwrap();
        Self { base, pages }
    }

    fn page(&self, address: usize) -> usize {
        (address - self.base.addr()) / PAGE_BYTES
    }

    fn free(&mut self, page: usize, count: usize) {
        // SAFETY: tests free what they allocated, but for the one that expects the panic.
        unsafe { self.pages.free(self.base.addr() + page * PAGE_BYTES, count) }
    }

    fn scribble(&self, address: usize, count: usize) {
        // SAFETY: the allocator handed these pages out.
        unsafe {
            self.base
                .add(address - self.base.addr())
                .write_bytes(0xa5, count * PAGE_BYTES);
        }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { dealloc(self.base, LAYOUT) }
    }
}

#[test]
fn an_allocator_without_memory_refuses() {
    assert_eq!(PageAllocator::empty().allocate(1), None);
    // SAFETY: no memory is named.
    assert!(unsafe { PageAllocator::new(&[]) }.is_none());
}

#[test]
fn the_tags_cost_one_byte_per_page_and_are_not_handed_out() {
    let mut arena = Arena::new(&[0..ARENA_PAGES]);
    assert_eq!(arena.pages.total_pages(), ARENA_PAGES - 1);
    while let Some(address) = arena.pages.allocate(1) {
        assert_ne!(arena.page(address), 0);
        arena.scribble(address, 1);
    }
    assert_eq!(arena.pages.free_pages(), 0);
}

#[test]
fn impossible_sizes_are_refused_and_change_nothing() {
    let mut arena = Arena::new(&[0..ARENA_PAGES]);
    let free = arena.pages.free_pages();
    for pages in [0, ARENA_PAGES, (1 << (ORDERS - 1)) + 1, 1 << 40, usize::MAX] {
        assert_eq!(arena.pages.allocate(pages), None, "{pages} pages");
    }
    assert_eq!(arena.pages.free_pages(), free);
}

#[test]
fn a_run_costs_its_own_pages_only_and_is_aligned() {
    let mut arena = Arena::new(&[0..ARENA_PAGES]);
    let free = arena.pages.free_pages();
    let run = arena.pages.allocate(5).unwrap();
    assert_eq!(arena.pages.free_pages(), free - 5);
    assert!(run.is_multiple_of(8 * PAGE_BYTES));
}

#[test]
fn what_is_freed_in_parts_joins_again() {
    let mut arena = Arena::new(&[0..ARENA_PAGES]);
    let run = arena.pages.allocate(256).unwrap();
    let first = arena.page(run);
    assert_eq!(arena.pages.allocate(256), None);
    for page in (first..first + 256).rev() {
        arena.free(page, 1);
    }
    assert_eq!(arena.pages.allocate(256), Some(run));
}

#[test]
fn blocks_do_not_join_over_a_hole() {
    let mut arena = Arena::new(&[0..128, 129..256, 300..301]);
    assert_eq!(arena.pages.total_pages(), 256 - 1);
    assert_eq!(arena.pages.allocate(128), None);
    let mut seen = std::collections::HashSet::new();
    while let Some(address) = arena.pages.allocate(1) {
        assert!(seen.insert(arena.page(address)));
    }
    assert_eq!(seen.len(), 255);
    assert!(!seen.contains(&128) && seen.contains(&300));
}

#[test]
fn the_tags_go_where_they_fit() {
    let mut arena = Arena::new(&[0..1, 2..9]);
    assert_eq!(arena.pages.total_pages(), 7);
    let mut seen: Vec<_> = std::iter::from_fn(|| arena.pages.allocate(1)).collect();
    seen.sort_unstable();
    let pages: Vec<_> = seen.iter().map(|&address| arena.page(address)).collect();
    assert_eq!(pages, [0, 3, 4, 5, 6, 7, 8]);
}

#[test]
#[cfg(debug_assertions)]
fn a_page_freed_twice_is_noticed_whatever_it_joined() {
    for (count, part) in [(1, 0..1), (8, 3..4), (8, 0..8), (4, 2..4)] {
        let mut arena = Arena::new(&[0..ARENA_PAGES]);
        let address = arena.pages.allocate(count).unwrap();
        let page = arena.page(address);
        arena.free(page, count);
        let again = std::panic::AssertUnwindSafe(|| arena.free(page + part.start, part.len()));
        assert!(
            std::panic::catch_unwind(again).is_err(),
            "{count} pages, {part:?} again"
        );
    }
}

#[test]
#[cfg(debug_assertions)]
fn a_run_that_holds_a_free_page_cannot_be_freed() {
    let mut arena = Arena::new(&[0..ARENA_PAGES]);
    let address = arena.pages.allocate(8).unwrap();
    let page = arena.page(address);
    arena.free(page + 5, 1);
    let whole = std::panic::AssertUnwindSafe(|| arena.free(page, 8));
    assert!(std::panic::catch_unwind(whole).is_err());
}

proptest! {
    /// The model is a list of who has which page.
    #[test]
    fn allocations_are_disjoint_and_everything_comes_back(
        steps in proptest::collection::vec((any::<bool>(), 1usize..40, any::<usize>()), 1..200),
        hole in 1usize..ARENA_PAGES - 1,
    ) {
        let mut arena = Arena::new(&[0..hole, hole + 1..ARENA_PAGES]);
        let total = arena.pages.total_pages();
        prop_assert_eq!(total, ARENA_PAGES - 2);
        let mut owned = [false; ARENA_PAGES];
        let mut held: Vec<(usize, usize)> = Vec::new();
        for (allocates, count, choice) in steps {
            if allocates {
                let Some(address) = arena.pages.allocate(count) else { continue };
                arena.scribble(address, count);
                let page = arena.page(address);
                prop_assert!(page.is_multiple_of(count.next_power_of_two()));
                for taken in &mut owned[page..page + count] {
                    prop_assert!(!*taken);
                    *taken = true;
                }
                prop_assert!(!owned[hole]);
                held.push((page, count));
            } else if !held.is_empty() {
                let (page, count) = held.swap_remove(choice % held.len());
                // Half of the frees are in two parts: the second part is freed later.
                let part = if choice % 2 == 0 { count } else { count.div_ceil(2) };
                arena.free(page, part);
                owned[page..page + part].fill(false);
                if part < count {
                    held.push((page + part, count - part));
                }
            }
            let used = owned.iter().filter(|&&taken| taken).count();
            prop_assert_eq!(arena.pages.free_pages(), total - used);
        }
        for (page, count) in held {
            arena.free(page, count);
        }
        let fresh = Arena::new(&[0..hole, hole + 1..ARENA_PAGES]);
        prop_assert_eq!(arena.pages.stocked, fresh.pages.stocked, "all blocks joined again");
    }
}
