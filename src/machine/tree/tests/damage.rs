//! Bytes that no firmware would write: whatever they are, nothing panics, and no memory is found that there cannot be.

use proptest::prelude::*;

use super::super::super::fixture::{self, PI};
use super::super::{IDENTITY_END, Machine};

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let mut machine = Machine::EMPTY;
        let _ = machine.from_tree(&PI, 0, &bytes);
    }

    #[test]
    fn a_damaged_tree_is_read_or_refused_without_panic(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..16),
        cut in any::<prop::sample::Index>(),
        is_cut: bool,
    ) {
        for tree in [fixture::pi(), fixture::virt()] {
            let mut blob = tree.to_dtb();
            for (at, value) in &damage {
                let at = at.index(blob.len());
                blob[at] = *value;
            }
            if is_cut {
                blob.truncate(cut.index(blob.len()));
            }
            let mut machine = Machine::EMPTY;
            if machine.from_tree(&PI, 0x3000_0000, &blob).is_ok() {
                for range in &machine.memory {
                    prop_assert!(range.start < range.end && range.end <= IDENTITY_END);
                    prop_assert!(range.end <= 0xfc00_0000 || range.start >= 0x1_0000_0000);
                }
            }
        }
    }
}
