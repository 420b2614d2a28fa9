//! Where a stack lies: computed from where its memory lies.
//!
//! Pure. A stack needs addresses of its own with an unmapped guard below, but no allocator of
//! addresses: the stack area shows physical memory stretched by three halves, so that each 16 KiB
//! of memory has a place for itself and two guard pages. Blocks of memory that are disjoint have
//! windows that are disjoint, and a window gives the block back.
//!
//! ```text
//! memory      |  block: units * 16 KiB                     |
//! stack area  |  guard: units * 8 KiB, unmapped  |  stack: units * 16 KiB  |
//! ```
//!
//! The guard grows with the stack, and 16 KiB of stack cost 48 bytes of page table entries.

use crate::mem::ranges::PAGE_BYTES;
use core::num::NonZeroUsize;
use core::ops::Range;

/// Pages of a unit: stacks are whole units of memory, aligned to a unit.
pub const UNIT_PAGES: usize = 4;

/// Bytes of a unit: 16 KiB, the usual stack.
pub const UNIT_BYTES: usize = UNIT_PAGES * PAGE_BYTES;

/// Bytes of the guard of a unit: two pages (hazard H16). The compiler probes a large frame page by page; an interrupt
/// between two probes touches an interrupt frame and a context, 880 bytes, below a stack pointer that is already up to a
/// page and a probe's distance below the last page that was touched. One page would not catch that.
pub const GUARD_BYTES: usize = 2 * PAGE_BYTES;

/// Bytes of addresses for a unit: the unit and its guard.
const STRIDE_BYTES: usize = UNIT_BYTES + GUARD_BYTES;

/// The virtual addresses of stacks: from 128 GiB to the end of a 39-bit address space. Room for the
/// stacks in 256 GiB of physical addresses, more than the linear map below it has.
pub const STACK_AREA: Range<usize> = 0x20_0000_0000..0x80_0000_0000;

/// A stack and the guard below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Unmapped: what is below the stack.
    pub guard: Range<usize>,
    /// The stack; it grows down from the end.
    pub stack: Range<usize>,
}

/// How many units a stack of `bytes` needs: at least one.
pub const fn units_for(bytes: usize) -> NonZeroUsize {
    match NonZeroUsize::new(bytes.div_ceil(UNIT_BYTES)) {
        Some(units) => units,
        None => NonZeroUsize::MIN,
    }
}

/// The window of the `units` units of memory from physical address `block`, which is a multiple of
/// [`UNIT_BYTES`]. `None` if the stack area does not reach so far.
pub const fn window(block: usize, units: usize) -> Option<Window> {
    debug_assert!(block.is_multiple_of(UNIT_BYTES) && units > 0);
    let Some(offset) = (block / UNIT_BYTES).checked_mul(STRIDE_BYTES) else {
        return None;
    };
    let Some(bytes) = units.checked_mul(STRIDE_BYTES) else {
        return None;
    };
    let start = STACK_AREA.start.saturating_add(offset);
    let end = start.saturating_add(bytes);
    if end > STACK_AREA.end {
        return None;
    }
    let bottom = start + units * GUARD_BYTES;
    Some(Window {
        guard: start..bottom,
        stack: bottom..end,
    })
}

/// The memory of a stack of `units` units that begins at `bottom`: the way back from [`window`].
pub const fn block_of(bottom: usize, units: usize) -> usize {
    let start = bottom - units * GUARD_BYTES;
    (start - STACK_AREA.start) / STRIDE_BYTES * UNIT_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stacks_are_rounded_up_to_units() {
        for (bytes, units) in [(0, 1), (1, 1), (16384, 1), (16385, 2), (1 << 20, 64)] {
            assert_eq!(units_for(bytes).get(), units, "{bytes}");
        }
        assert_eq!(units_for(usize::MAX).get(), usize::MAX / UNIT_BYTES + 1);
    }

    #[test]
    fn a_window_that_would_leave_the_area_is_refused() {
        let last = (STACK_AREA.len() / STRIDE_BYTES - 1) * UNIT_BYTES;
        assert!(window(last, 1).is_some());
        assert_eq!(window(last, 2), None);
        assert_eq!(window(last + UNIT_BYTES, 1), None);
        assert_eq!(window(usize::MAX & !(UNIT_BYTES - 1), 1), None);
        assert_eq!(window(0, usize::MAX), None);
    }

    #[test]
    fn all_memory_of_the_linear_map_has_a_place() {
        assert!(window(STACK_AREA.start - UNIT_BYTES, 1).is_some());
    }

    proptest! {
        #[test]
        fn a_window_is_guard_then_stack_and_leads_back(unit in 0usize..1 << 20, units in 1usize..99) {
            let block = unit * UNIT_BYTES;
            let Window { guard, stack } = window(block, units).unwrap();
            prop_assert_eq!(guard.end, stack.start);
            prop_assert_eq!(stack.len(), units * UNIT_BYTES);
            prop_assert!(guard.len() >= GUARD_BYTES);
            prop_assert!(STACK_AREA.start <= guard.start && stack.end <= STACK_AREA.end);
            prop_assert_eq!(block_of(stack.start, units), block);
        }

        #[test]
        fn disjoint_memory_has_disjoint_windows(
            first in 0usize..1 << 16, units in 1usize..99, gap in 0usize..9, others in 1usize..99,
        ) {
            let second = first + units + gap;
            let low = window(first * UNIT_BYTES, units).unwrap();
            let high = window(second * UNIT_BYTES, others).unwrap();
            prop_assert!(low.stack.end <= high.guard.start);
        }
    }
}
