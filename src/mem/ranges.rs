//! Sets of whole pages: what a machine's memory is, minus what must not be touched.
//!
//! Pure. The input may be unsorted, overlapping and unaligned; the set is sorted, disjoint, merged
//! and page-aligned after every step. Memory that is added is rounded inwards (half a page is no
//! memory), memory that is removed is rounded outwards (half a reserved page is a reserved page).

use core::ops::Range;
use heapless::Vec;

/// Size of a page in bytes: the 4 KiB granule.
pub const PAGE_BYTES: usize = 4096;

/// How many disjoint ranges a set holds. A set that is full forgets its smallest range: memory is
/// then lost, but no address that was removed comes back.
pub const MAX_RANGES: usize = 24;

/// Rounds an address down to a page boundary.
pub const fn page_down(address: usize) -> usize {
    address & !(PAGE_BYTES - 1)
}

/// Rounds an address up to a page boundary; the last page of the address space stays where it is.
pub const fn page_up(address: usize) -> usize {
    match address.checked_add(PAGE_BYTES - 1) {
        Some(sum) => page_down(sum),
        None => page_down(usize::MAX),
    }
}

/// A sorted set of disjoint, page-aligned address ranges.
#[derive(Debug, Default)]
pub struct RangeSet {
    ranges: Vec<Range<usize>, MAX_RANGES>,
}

impl RangeSet {
    /// The empty set.
    pub const fn new() -> Self {
        Self { ranges: Vec::new() }
    }

    /// All of `memory` that is in none of `holes`.
    pub fn difference(memory: &[Range<usize>], holes: &[&[Range<usize>]]) -> Self {
        let mut set = Self::new();
        for range in memory {
            set.add(range);
        }
        for range in holes.iter().copied().flatten() {
            set.remove(range);
        }
        set
    }

    /// Adds the whole pages of `range`.
    pub fn add(&mut self, range: &Range<usize>) {
        let mut merged = page_up(range.start)..page_down(range.end);
        if merged.is_empty() {
            return;
        }
        self.ranges.retain(|old| {
            let touches = old.start <= merged.end && merged.start <= old.end;
            if touches {
                merged = merged.start.min(old.start)..merged.end.max(old.end);
            }
            !touches
        });
        self.insert(merged);
    }

    /// Removes every page that `range` touches.
    pub fn remove(&mut self, range: &Range<usize>) {
        if range.is_empty() {
            return;
        }
        let hole = page_down(range.start)..page_up(range.end);
        let mut tail = 0..0;
        for old in &mut self.ranges {
            if old.start < hole.start && hole.end < old.end {
                // The only range that the hole splits: no other can touch the hole.
                tail = hole.end..old.end;
                old.end = hole.start;
            } else if old.start < hole.end && hole.start < old.end {
                if old.start < hole.start {
                    old.end = hole.start;
                } else {
                    old.start = hole.end.min(old.end);
                }
            }
        }
        self.ranges.retain(|old| !old.is_empty());
        if !tail.is_empty() {
            self.insert(tail);
        }
    }

    /// The ranges, lowest first.
    pub fn as_slice(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// Whether an address is in the set.
    pub fn contains(&self, address: usize) -> bool {
        self.ranges.iter().any(|range| range.contains(&address))
    }

    /// Keeps the ranges that `keep` approves of.
    pub fn retain(&mut self, keep: impl FnMut(&Range<usize>) -> bool) {
        self.ranges.retain(keep);
    }

    /// Bytes in the set.
    pub fn bytes(&self) -> usize {
        self.ranges.iter().map(Range::len).sum()
    }

    /// Puts a range that touches no other one in its place.
    fn insert(&mut self, range: Range<usize>) {
        if self.ranges.is_full() {
            let smallest = self
                .ranges
                .iter()
                .enumerate()
                .min_by_key(|(_, old)| old.len());
            match smallest {
                Some((index, old)) if old.len() < range.len() => drop(self.ranges.remove(index)),
                _ => return,
            }
        }
        let place = self.ranges.partition_point(|old| old.start < range.start);
        let inserted = self.ranges.insert(place, range);
        debug_assert!(inserted.is_ok(), "room was made above");
    }
}

#[cfg(test)]
#[expect(
    clippy::single_range_in_vec_init,
    reason = "a set of one range is one range"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn touching_and_overlapping_ranges_become_one() {
        let mut set = RangeSet::new();
        set.add(&(0x5000..0x6000));
        set.add(&(0x1000..0x3000));
        set.add(&(0x2000..0x5000));
        assert_eq!(set.as_slice(), [0x1000..0x6000]);
    }

    #[test]
    fn memory_is_rounded_inwards_and_holes_outwards() {
        let set = RangeSet::difference(&[0x0800..0x8fff, 0x9000..0x9800], &[&[0x3fff..0x4001]]);
        assert_eq!(set.as_slice(), [0x1000..0x3000, 0x5000..0x8000]);
        assert_eq!(set.bytes(), 0x5000);
    }

    #[test]
    fn an_empty_hole_removes_nothing() {
        let set = RangeSet::difference(&[0x1000..0x3000], &[&[0x1800..0x1800]]);
        assert_eq!(set.as_slice(), [0x1000..0x3000]);
    }

    #[test]
    fn the_end_of_the_address_space_does_not_wrap() {
        let mut set = RangeSet::new();
        set.add(&(usize::MAX - 0x2fff..usize::MAX));
        set.remove(&(usize::MAX - 0xfff..usize::MAX));
        assert_eq!(set.as_slice().len(), 1);
        assert_eq!(set.bytes(), 0x2000);
    }

    #[test]
    fn a_full_set_forgets_its_smallest_range_and_keeps_holes_out() {
        let mut set = RangeSet::new();
        for index in 0..MAX_RANGES {
            let start = index * 0x10000;
            set.add(&(start..start + 0x4000));
        }
        set.remove(&(0x1000..0x2000));
        assert_eq!(set.as_slice().len(), MAX_RANGES);
        assert_eq!(set.as_slice()[0], 0x2000..0x4000);
        assert_eq!(set.as_slice()[1], 0x10000..0x14000);
    }

    fn some_ranges() -> impl Strategy<Value = std::vec::Vec<(bool, Range<usize>)>> {
        let range = (0usize..64 * PAGE_BYTES, 0usize..16 * PAGE_BYTES);
        let range = range.prop_map(|(start, length)| start..start + length);
        proptest::collection::vec((any::<bool>(), range), 0..24)
    }

    proptest! {
        #[test]
        fn a_set_agrees_with_a_bitmap_of_pages(steps in some_ranges()) {
            let mut set = RangeSet::new();
            let mut model = [false; 96];
            for (adds, range) in steps {
                if adds {
                    set.add(&range);
                } else {
                    set.remove(&range);
                }
                for (page, owned) in model.iter_mut().enumerate() {
                    let bytes = page * PAGE_BYTES..(page + 1) * PAGE_BYTES;
                    let whole = range.start <= bytes.start && bytes.end <= range.end;
                    // One without a byte touches no page, wherever it lies.
                    let touched = !range.is_empty()
                        && range.start < bytes.end
                        && bytes.start < range.end;
                    *owned = if adds { *owned || whole } else { *owned && !touched };
                }
                let slice = set.as_slice();
                prop_assert!(slice.windows(2).all(|pair| pair[0].end < pair[1].start));
                for (page, owned) in model.iter().enumerate() {
                    let start = page * PAGE_BYTES;
                    let inside = slice.iter().any(|r| r.contains(&start));
                    prop_assert_eq!(inside, *owned, "page {}", page);
                }
            }
        }
    }
}
