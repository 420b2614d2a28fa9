//! The partition table of a card: one FAT32 partition that every loader finds. Pure.
//!
//! A master boot record: code, a signature of the disk at 0x1b8, four entries of 16 bytes from 0x1be, 55 aa at the
//! end. The board's boot ROM and firmware read the first entry; the U-Boot of the tests does too.

use anyhow::Result;

use crate::failure::Failure;

/// Bytes of a sector, the unit of the table.
pub(super) const SECTOR: usize = 512;

/// Where the partition begins: at 1 MiB, so that it is aligned for whatever blocks a card has inside.
pub(super) const START: usize = 1 << 20;

const SIGNATURE: usize = 0x1b8;
const ENTRIES: usize = 0x1be;
const ENTRY: usize = 16;
const MARK: [u8; 2] = [0x55, 0xaa];

const ACTIVE: u8 = 0x80;

/// FAT32, found by sector number.
const FAT32: u8 = 0x0c;

/// The first sector of a card whose partition has so many bytes and reaches to the end.
pub(super) fn table(bytes: usize, signature: u32) -> [u8; SECTOR] {
    let (start, count) = (START / SECTOR, bytes / SECTOR);
    let mut table = [0; SECTOR];
    table[SIGNATURE..SIGNATURE + 4].copy_from_slice(&signature.to_le_bytes());
    let entry = &mut table[ENTRIES..ENTRIES + ENTRY];
    entry[0] = ACTIVE;
    entry[1..4].copy_from_slice(&cylinders(start));
    entry[4] = FAT32;
    entry[5..8].copy_from_slice(&cylinders(start + count - 1));
    entry[8..12].copy_from_slice(&(start as u32).to_le_bytes());
    entry[12..16].copy_from_slice(&(count as u32).to_le_bytes());
    table[SECTOR - 2..].copy_from_slice(&MARK);
    table
}

/// A sector's place in heads (of 255), sectors (of 63) and cylinders: what nobody reads any more, and some check.
fn cylinders(sector: usize) -> [u8; 3] {
    let (cylinder, head) = (sector / (63 * 255), sector / 63 % 255);
    if cylinder > 1023 {
        return [254, 255, 255];
    }
    let low = sector % 63 + 1;
    [
        head as u8,
        (low | (cylinder >> 8) << 6) as u8,
        (cylinder & 0xff) as u8,
    ]
}

/// The bytes of the partition, of a card with one that every loader finds.
pub(super) fn find(image: &[u8]) -> Result<&[u8]> {
    let wrong = |what: &str| Failure::verdict(format!("the card has {what}"));
    if image.len() < START || image[SECTOR - 2..SECTOR] != MARK {
        return Err(wrong("no partition table").into());
    }
    let (entry, others) = image[ENTRIES..SECTOR - 2].split_at(ENTRY);
    if others.iter().any(|&byte| byte != 0) {
        return Err(wrong("more than one partition").into());
    }
    if entry[0] != ACTIVE {
        return Err(wrong("a partition that is not active").into());
    }
    if entry[4] != FAT32 {
        return Err(wrong(&format!("a partition of type {:#04x}, not 0x0c", entry[4])).into());
    }
    let word = |at: usize| {
        let bytes = [entry[at], entry[at + 1], entry[at + 2], entry[at + 3]];
        u32::from_le_bytes(bytes) as usize * SECTOR
    };
    let (start, bytes) = (word(8), word(12));
    if start == 0 || start % START != 0 {
        return Err(wrong("a partition that does not begin at a MiB").into());
    }
    image
        .get(start..start + bytes)
        .ok_or_else(|| wrong("a partition that is longer than the card").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Vec<u8> {
        let mut image = vec![0; 2 << 20];
        image[..SECTOR].copy_from_slice(&table(1 << 20, 0x1234_5678));
        image
    }

    #[test]
    fn the_one_entry_is_active_of_type_0c_and_begins_at_sector_2048() {
        let table = table(127 << 20, 0xfeed_f00d);
        assert_eq!(table[0x1b8..0x1bc], [0x0d, 0xf0, 0xed, 0xfe]);
        assert_eq!(
            table[0x1be..0x1ce],
            [
                0x80, 0x20, 0x21, 0x00, 0x0c, 0x51, 0x01, 0x10, 0x00, 0x08, 0, 0, 0x00, 0xf8, 0x03,
                0
            ]
        );
        assert!(table[0x1ce..0x1fe].iter().all(|&byte| byte == 0));
        assert_eq!(table[0x1fe..], [0x55, 0xaa]);
    }

    #[test]
    fn places_beyond_the_old_counting_are_marked_as_such() {
        assert_eq!(cylinders(1024 * 255 * 63 - 1), [254, 255, 255]);
        assert_eq!(cylinders(1024 * 255 * 63), [254, 255, 255]);
        assert_eq!(cylinders(300 * 255 * 63), [0, 0b0100_0001, 44]);
    }

    #[test]
    fn a_partition_that_some_loader_would_not_find_is_not_found() {
        assert_eq!(find(&image()).unwrap().len(), 1 << 20);
        let with = |at: usize, byte: u8| {
            let mut image = image();
            image[at] = byte;
            find(&image).unwrap_err().to_string()
        };
        assert!(with(0x1be, 0).contains("not active"));
        assert!(with(0x1c2, 0x0e).contains("type 0x0e"));
        assert!(with(0x1c6, 1).contains("MiB"));
        assert!(with(0x1cc, 1).contains("longer"));
        assert!(with(0x1d2, 0x83).contains("more than one"));
        assert!(with(0x1ff, 0).contains("no partition table"));
    }
}
