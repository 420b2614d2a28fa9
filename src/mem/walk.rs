//! What page tables map, read from their descriptors: neighbours with the same rights as one range.
//!
//! Pure: whoever walks says how a descriptor is read. 39-bit addresses, 4 KiB granule: a walk starts at level 1 (DDI
//! 0487, D8.3). What this says is what the tables say; what the hardware makes of them is `access`.

use crate::mem::ranges::PAGE_BYTES;
use core::ops::Range;

/// The end of the addresses that the tables translate.
pub const END: usize = 1 << 39;

/// Bits of an address below its index at levels 1, 2 and 3.
const SHIFTS: [u32; 3] = [30, 21, 12];

/// Entries of a table.
const ENTRIES: usize = 512;

/// Bits of a descriptor (DDI 0487, D8.3.1 and D8.3.2).
mod bits {
    pub(super) const VALID: u64 = 1;
    /// A table at levels 1 and 2, a page at level 3; without it a block, or nothing at level 3.
    pub(super) const TABLE_OR_PAGE: u64 = 1 << 1;
    pub(super) const ATTRIBUTE_SHIFT: u32 = 2;
    pub(super) const USER: u64 = 1 << 6;
    pub(super) const READ_ONLY: u64 = 1 << 7;
    pub(super) const ACCESSED: u64 = 1 << 10;
    pub(super) const PXN: u64 = 1 << 53;
    pub(super) const UXN: u64 = 1 << 54;
    /// Of a table: what holds for all below it.
    pub(super) const TABLE_PXN: u64 = 1 << 59;
    pub(super) const TABLE_UXN: u64 = 1 << 60;
    pub(super) const TABLE_NO_USER: u64 = 1 << 61;
    pub(super) const TABLE_READ_ONLY: u64 = 1 << 62;
    /// Where a table, block or page lies: bits 47 to 12.
    pub(super) const ADDRESS: u64 = 0xffff_ffff_f000;
}

/// What may be done with a range, besides reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// EL1 may write.
    pub write: bool,
    /// EL1 may execute.
    pub execute: bool,
    /// EL0 may do anything at all.
    pub user: bool,
}

/// A range that is mapped, all of it in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Virtual addresses.
    pub range: Range<usize>,
    /// Physical address of its start.
    pub physical: usize,
    /// What EL1 may do.
    pub rights: Rights,
    /// Index of its memory type in MAIR_EL1.
    pub attribute: u8,
}

/// Reads a set of tables.
#[derive(Clone, Copy, Debug)]
pub struct Walker<R> {
    root: usize,
    read: R,
}

/// One entry of a table: what it covers, and what it maps there.
struct Entry {
    range: Range<usize>,
    mapping: Option<Mapping>,
}

impl<R: Fn(usize) -> u64> Walker<R> {
    /// For the tables whose root lies at physical address `root`; `read` gives the descriptor at a physical address.
    pub const fn new(root: usize, read: R) -> Self {
        Self { root, read }
    }

    /// The block or page that maps `address`.
    pub fn at(&self, address: usize) -> Option<Mapping> {
        if address < END {
            self.entry(address).mapping
        } else {
            None
        }
    }

    /// The first range that is mapped from `from` on, as long as it goes on in the same way.
    pub fn next_from(&self, from: usize) -> Option<Mapping> {
        let mut found: Option<Mapping> = None;
        let mut address = from;
        while address < END {
            let Entry { range, mapping } = self.entry(address);
            match (&mut found, mapping) {
                (None, mapping) => found = mapping,
                (Some(found), Some(next)) if found.goes_on_as(&next) => {
                    found.range.end = next.range.end;
                }
                (Some(_), _) => break,
            }
            address = range.end;
        }
        found
    }

    /// All ranges, in their order.
    pub fn ranges(self) -> impl Iterator<Item = Mapping> {
        let mut from = 0;
        core::iter::from_fn(move || {
            let mapping = self.next_from(from)?;
            from = mapping.range.end;
            Some(mapping)
        })
    }

    /// The entry that decides about `address`, below [`END`].
    fn entry(&self, address: usize) -> Entry {
        let mut table = self.root;
        let mut inherited = 0;
        for (level, shift) in (1..).zip(SHIFTS) {
            let index = (address >> shift) % ENTRIES;
            let descriptor = (self.read)(table + index * size_of::<u64>());
            let start = address >> shift << shift;
            let range = start..start + (1 << shift);
            let is_table_or_page = descriptor & bits::TABLE_OR_PAGE != 0;
            if descriptor & bits::VALID != 0 && is_table_or_page && level < SHIFTS.len() {
                table = (descriptor & bits::ADDRESS) as usize;
                inherited |= descriptor;
                continue;
            }
            let is_leaf = is_table_or_page == (level == SHIFTS.len());
            // Without the access flag an access faults, and nothing here sets it later.
            let needed = bits::VALID | bits::ACCESSED;
            let is_mapped = is_leaf && descriptor & needed == needed;
            let mapping = is_mapped.then(|| leaf(descriptor, inherited, range.clone()));
            return Entry { range, mapping };
        }
        unreachable!("the last level has no tables")
    }
}

impl Mapping {
    /// Whether `next`, which begins where this ends, is the same: rights, memory type, and the physical addresses too.
    fn goes_on_as(&self, next: &Self) -> bool {
        self.physical + self.range.len() == next.physical
            && self.rights == next.rights
            && self.attribute == next.attribute
    }
}

/// What a block or page is, under tables with the bits `inherited`.
fn leaf(descriptor: u64, inherited: u64, range: Range<usize>) -> Mapping {
    let has = |bits: u64| descriptor & bits != 0;
    let above = |bits: u64| inherited & bits != 0;
    let user_data = has(bits::USER) && !above(bits::TABLE_NO_USER);
    let user_code = !has(bits::UXN) && !above(bits::TABLE_UXN);
    Mapping {
        physical: (descriptor & bits::ADDRESS) as usize,
        rights: Rights {
            write: !has(bits::READ_ONLY) && !above(bits::TABLE_READ_ONLY),
            execute: !has(bits::PXN) && !above(bits::TABLE_PXN),
            user: user_data || user_code,
        },
        attribute: (descriptor >> bits::ATTRIBUTE_SHIFT) as u8 & 0b111,
        range,
    }
}

const _: () = assert!(1 << SHIFTS[2] == PAGE_BYTES, "a page is what level 3 maps");

#[cfg(test)]
mod tests;
