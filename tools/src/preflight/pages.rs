//! Item 15: what the final page tables map, read out of the memory of the emulated machine. Pure but for that.

use std::ops::Range;

use crate::preflight::answer::{Found, all, expect};

/// Descriptors (DDI 0487, D8.3).
const VALID: u64 = 1;
const TABLE_OR_PAGE: u64 = 1 << 1;
const ADDRESS: u64 = 0x0000_ffff_ffff_f000;
const ATTRIBUTE: u64 = 7 << 2;
const FOR_EL0: u64 = 1 << 6;
const READ_ONLY: u64 = 1 << 7;
const SHAREABLE: u64 = 3 << 8;
const INNER_SHAREABLE: u64 = 3 << 8;
const PXN: u64 = 1 << 53;
const UXN: u64 = 1 << 54;
/// Index 1 of MAIR_EL1: Device-nGnRE.
const DEVICE: u64 = 1 << 2;

const PAGE: u64 = 4096;
/// The linear map ends where the area of stacks begins.
const LINEAR_END: u64 = 1 << 37;
/// Main peripherals, the cores' own block and the GIC.
const DEVICES: Range<u64> = 0xfc00_0000..0x1_0000_0000;

/// The entries of one table.
pub(super) type Table = [u64; 512];

/// Something that is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    start: u64,
    bytes: u64,
    descriptor: u64,
}

/// What there is to be mapped.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// End of the cores' RAM, which begins at 0.
    pub(super) ram_end: u64,
    /// The code of the image.
    pub(super) text: Range<u64>,
}

/// Everything that is mapped by the tables from `root`, by address: three levels of 512 entries, 39-bit addresses.
pub(super) fn leaves(
    root: u64,
    read: &mut dyn FnMut(u64) -> anyhow::Result<Table>,
) -> anyhow::Result<Vec<Leaf>> {
    let mut found = Vec::new();
    below(root, 1, 0, read, &mut found)?;
    Ok(found)
}

fn below(
    table: u64,
    level: u32,
    base: u64,
    read: &mut dyn FnMut(u64) -> anyhow::Result<Table>,
    found: &mut Vec<Leaf>,
) -> anyhow::Result<()> {
    let bytes = PAGE << (9 * (3 - level));
    for (start, descriptor) in (base..).step_by(bytes as usize).zip(read(table)?) {
        if descriptor & VALID == 0 {
            continue;
        }
        if level < 3 && descriptor & TABLE_OR_PAGE != 0 {
            below(descriptor & ADDRESS, level + 1, start, read, found)?;
        } else {
            found.push(Leaf {
                start,
                bytes,
                descriptor,
            });
        }
    }
    Ok(())
}

impl Leaf {
    fn is(&self, bits: u64) -> bool {
        self.descriptor & bits == bits
    }

    fn physical(&self) -> Range<u64> {
        let start = self.descriptor & ADDRESS & !(self.bytes - 1);
        start..start + self.bytes
    }

    /// Why it must not be mapped like this.
    fn wrong(&self, expected: &Expected) -> Option<&'static str> {
        let physical = self.physical();
        let is_within =
            |range: &Range<u64>| range.start <= physical.start && physical.end <= range.end;
        if physical.start == 0 {
            return Some("page 0, the firmware's stub and spin table, is still there");
        }
        if self.is(FOR_EL0) || !self.is(UXN) {
            return Some("EL0 may use it");
        }
        if self.descriptor & ATTRIBUTE == DEVICE {
            return match (is_within(&DEVICES), self.is(PXN)) {
                (false, _) => Some("Device memory where there are no devices"),
                (true, false) => Some("a device may be executed"),
                (true, true) if self.start != physical.start => Some("a device at another address"),
                (true, true) => None,
            };
        }
        let is_code = is_within(&expected.text);
        if self.descriptor & ATTRIBUTE != 0 || self.descriptor & SHAREABLE != INNER_SHAREABLE {
            Some("not Normal write-back, inner shareable")
        } else if physical.end > expected.ram_end {
            Some("Normal memory where there is none: it would be prefetched")
        } else if self.start < LINEAR_END && self.start != physical.start {
            Some("RAM at another address than its own")
        } else if !(self.is(PXN) || is_code && self.is(READ_ONLY)) {
            Some("it may be executed, and is not code or may be written")
        } else {
            None
        }
    }
}

/// Judges what is mapped.
pub(super) fn judge(leaves: &[Leaf], expected: &Expected) -> Found {
    for leaf in leaves {
        if let Some(why) = leaf.wrong(expected) {
            return Err(format!(
                "{:#x}, {:#x} bytes, as {:#x}: {why}",
                leaf.start, leaf.bytes, leaf.descriptor
            ));
        }
    }
    let sum = |what: &dyn Fn(&Leaf) -> bool| -> u64 {
        leaves
            .iter()
            .filter(|leaf| what(leaf))
            .map(|leaf| leaf.bytes)
            .sum()
    };
    let is_device = |leaf: &Leaf| leaf.descriptor & ATTRIBUTE == DEVICE;
    let (devices, code) = (sum(&is_device), sum(&|leaf| !leaf.is(PXN)));
    let linear = sum(&|leaf| leaf.start < LINEAR_END && !is_device(leaf));
    let (size, text) = (
        DEVICES.end - DEVICES.start,
        expected.text.end - expected.text.start,
    );
    all([
        expect(
            linear > expected.ram_end / 2,
            format!(
                "{} MiB of RAM, page 0 and the VideoCore's part unmapped",
                linear >> 20
            ),
            format!("only {linear:#x} bytes of RAM are mapped"),
        ),
        expect(
            devices == size,
            "Device-nGnRE and never executed from 0xfc000000 to 0xffffffff only",
            format!("{devices:#x} bytes of devices are mapped, not {size:#x}"),
        ),
        expect(
            code == text,
            format!(
                "{} KiB of code read-only, nothing else executable",
                code >> 10
            ),
            format!("{code:#x} bytes may be executed, not {text:#x}"),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const EXPECTED: Expected = Expected {
        ram_end: 0x4000_0000,
        text: 0x8_0000..0x8_1000,
    };
    const RAM: u64 = 0x703 | PXN | UXN;

    #[test]
    fn a_walk_finds_pages_blocks_and_their_addresses() {
        let mut tables: HashMap<u64, Table> = HashMap::new();
        let mut table = |at: u64, entries: &[(usize, u64)]| {
            let mut table = [0; 512];
            entries
                .iter()
                .for_each(|&(place, entry)| table[place] = entry);
            tables.insert(at, table);
        };
        table(0x1000, &[(0, 0x2003), (3, 0xc000_0701)]);
        table(0x2000, &[(0, 0x3003), (1, 0x20_0701)]);
        table(0x3000, &[(5, 0x5703)]);
        let found = leaves(0x1000, &mut |at| Ok(tables[&at])).unwrap();
        let places: Vec<_> = found.iter().map(|leaf| (leaf.start, leaf.bytes)).collect();
        assert_eq!(
            places,
            [
                (0x5000, 0x1000),
                (0x20_0000, 0x20_0000),
                (0xc000_0000, 0x4000_0000)
            ]
        );
        assert_eq!(found[0].physical(), 0x5000..0x6000);
    }

    #[test]
    fn each_mapping_that_a_board_would_suffer_from_is_named() {
        let page = |start: u64, descriptor: u64| Leaf {
            start,
            bytes: PAGE,
            descriptor: start | descriptor,
        };
        assert_eq!(page(0x1000, RAM).wrong(&EXPECTED), None);
        assert_eq!(page(0x8_0000, 0x783 | UXN).wrong(&EXPECTED), None);
        assert_eq!(
            page(0xfe20_1000, 0x407 | DEVICE | PXN | UXN).wrong(&EXPECTED),
            None
        );
        for (leaf, word) in [
            (page(0, RAM), "page 0"),
            (page(0x1000, RAM & !UXN), "EL0"),
            (page(0x1000, RAM & !PXN), "executed"),
            (page(0x8_0000, 0x703 | UXN), "executed"),
            (page(0x4000_0000, RAM), "prefetched"),
            (page(0x1000, RAM & !SHAREABLE), "inner shareable"),
            (
                page(0xfe20_1000, 0x407 | DEVICE | UXN),
                "device may be executed",
            ),
            (page(0x1000, 0x407 | DEVICE | PXN | UXN), "no devices"),
        ] {
            let wrong = leaf.wrong(&EXPECTED).unwrap_or("nothing");
            assert!(wrong.contains(word), "{leaf:x?}: {wrong}");
        }
    }
}
