//! The states in which boards present themselves to the image, for the project's firmware stub to make. Data.
//!
//! What a register or a byte of memory holds that nobody has promised is rubbish in every one of them.

use std::ops::Range;

use crate::tree;

/// Where the image is linked for, and where a board's firmware puts it.
pub(crate) const LINKED: u64 = 0x8_0000;

/// End of the memory that the tree names.
const RAM_END: u64 = tree::RAM_END as u64;

/// What is filled with rubbish: both ends of memory, from where pages are handed out, but for the page of the stub and
/// the spin table. All of it would take a busy host a minute.
const FILLED: [Range<u64>; 2] = [0x1000..0x200_0000, RAM_END - 0x200_0000..RAM_END];

/// What is in x0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum X0 {
    /// The address of the device tree, which is there.
    Tree(u64),
    /// The same, right behind the image (zeroed data and stacks included).
    BehindImage,
    /// The same, so that the tree is the last thing in memory.
    EndOfMemory,
    /// Something else; there is no tree.
    Word(u64),
}

/// A state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// What x0 says.
    pub(crate) x0: X0,
    /// Where the image was loaded.
    pub(crate) loaded: u64,
    /// Whether memory is full of rubbish, but for the stub, the image's file and the tree.
    pub(crate) has_dirty_memory: bool,
    /// Whether the GIC is on, with interrupts of every kind enabled and pending, and one acknowledged and not ended.
    pub(crate) has_pending_interrupts: bool,
    /// Whether the MMU and the caches are on at EL2, as in U-Boot.
    pub(crate) has_mmu_on: bool,
}

/// What the board's own firmware leaves.
pub(crate) const OF_FIRMWARE: State = State {
    x0: X0::Tree(0x2eff_0000),
    loaded: LINKED,
    has_dirty_memory: false,
    has_pending_interrupts: false,
    has_mmu_on: false,
};

const fn with_x0(x0: X0) -> State {
    State { x0, ..OF_FIRMWARE }
}

const fn loaded(loaded: u64) -> State {
    State {
        loaded,
        ..OF_FIRMWARE
    }
}

/// Every other state, with the name of its machine.
pub(crate) const ALL: &[(&str, State)] = &[
    (
        "rpi4-dirty",
        State {
            has_dirty_memory: true,
            ..OF_FIRMWARE
        },
    ),
    (
        "rpi4-pending",
        State {
            has_pending_interrupts: true,
            ..OF_FIRMWARE
        },
    ),
    (
        "rpi4-mmu",
        State {
            has_mmu_on: true,
            ..OF_FIRMWARE
        },
    ),
    ("rpi4-x0-0", with_x0(X0::Word(0))),
    ("rpi4-x0-atags", with_x0(X0::Word(0x100))),
    // Aligned as the specification asks for and no better; across a border of 2 MiB.
    ("rpi4-tree-odd", with_x0(X0::Tree(0x11ff_fff8))),
    ("rpi4-tree-behind", with_x0(X0::BehindImage)),
    ("rpi4-tree-last", with_x0(X0::EndOfMemory)),
    ("rpi4-moved", loaded(0x20_0000)),
    // Onto itself, either way round.
    ("rpi4-moved-down", loaded(LINKED + 0x1000)),
    ("rpi4-moved-up", loaded(LINKED - 0x1000)),
    // Everything at once. The image goes behind the tree first, which lies where it would have gone.
    (
        "rpi4-worst",
        State {
            x0: X0::Tree(0x23_4568),
            loaded: 0xc_0000,
            has_dirty_memory: true,
            has_pending_interrupts: true,
            has_mmu_on: true,
        },
    ),
];

/// The tree lies where the image belongs: nothing to be done.
pub(crate) const TREE_IN_THE_WAY: State = State {
    x0: X0::Tree(LINKED + 0x1_0000),
    loaded: 0x40_0000,
    ..OF_FIRMWARE
};

impl State {
    /// What is in x0, for a tree of `tree` bytes and an image that ends at `image_end` in memory; and whether the tree
    /// is there.
    pub(crate) fn x0(&self, tree: u64, image_end: u64) -> (u64, bool) {
        match self.x0 {
            X0::Tree(at) => (at, true),
            X0::BehindImage => (image_end, true),
            X0::EndOfMemory => ((RAM_END - tree) & !7, true),
            X0::Word(word) => (word, false),
        }
    }

    /// What of memory is filled with rubbish: all but `kept`.
    pub(crate) fn rubbish(&self, kept: &[Range<u64>]) -> Vec<Range<u64>> {
        if self.has_dirty_memory {
            FILLED.iter().flat_map(|whole| gaps(whole, kept)).collect()
        } else {
            Vec::new()
        }
    }
}

/// What is left of `whole` without `kept`, in whole units of 16 bytes.
fn gaps(whole: &Range<u64>, kept: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut kept = kept.to_vec();
    kept.sort_by_key(|range| range.start);
    kept.push(whole.end..whole.end);
    let mut at = whole.start;
    let mut gaps = Vec::new();
    for range in kept {
        gaps.push(at.next_multiple_of(16)..range.start.min(whole.end) & !15);
        at = at.max(range.end);
    }
    gaps.retain(|gap| gap.start < gap.end);
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rubbish_is_everywhere_but_over_what_is_kept() {
        let kept = [0x2468..0x2500, 0x1800..0x2001];
        assert_eq!(
            gaps(&(0x1000..0x3000), &kept),
            [0x1000..0x1800, 0x2010..0x2460, 0x2500..0x3000]
        );
        let whole = 0x1000..0x3000;
        let one = |kept| gaps(&whole, core::slice::from_ref(kept));
        assert_eq!(one(&(0x0..0x4000)), []);
        assert_eq!(one(&(0x5000..0x6000)), core::slice::from_ref(&whole));
        assert!(OF_FIRMWARE.rubbish(&kept).is_empty());
    }

    #[test]
    fn a_tree_at_the_end_of_memory_ends_there() {
        let (at, is_there) = with_x0(X0::EndOfMemory).x0(0x1234, 0);
        assert!(is_there && at % 8 == 0);
        assert!((0..8).contains(&(RAM_END - (at + 0x1234))));
        assert_eq!(with_x0(X0::Word(0x100)).x0(0x1234, 0), (0x100, false));
    }
}
