//! The names in the root directory of a card image's first FAT32 partition, for item 5.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, ensure};

const SECTOR: u64 = 512;
/// The first cluster of the data area has number 2.
const FIRST_CLUSTER: u64 = 2;
/// A root directory of a card has far fewer clusters; a ring of them must end.
const MOST_CLUSTERS: usize = 64;
/// From here on a link of the table means the end (Microsoft, FAT specification, section 4).
const END: u32 = 0x0fff_fff8;

/// The first sector of an image, and the names in the root directory of its first partition.
pub(super) fn root(path: &Path) -> Result<(Vec<u8>, Vec<String>)> {
    let mut card = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let table = at(&mut card, 0, SECTOR)?;
    let start = u64::from(word(&table, 0x1c6)) * SECTOR;
    let boot = at(&mut card, start, SECTOR)?;
    ensure!(
        &boot[0x52..0x57] == b"FAT32",
        "the first partition has no FAT32"
    );
    let half = |offset: usize| u64::from(u16::from_le_bytes([boot[offset], boot[offset + 1]]));
    let cluster_bytes = u64::from(boot[0x0d]) * half(0x0b);
    let fat = start + half(0x0e) * half(0x0b);
    let data = fat + u64::from(boot[0x10]) * u64::from(word(&boot, 0x24)) * half(0x0b);
    let (mut cluster, mut entries) = (word(&boot, 0x2c), Vec::new());
    for _ in 0..MOST_CLUSTERS {
        if cluster >= END {
            break;
        }
        let place = u64::from(cluster)
            .checked_sub(FIRST_CLUSTER)
            .context("a broken chain of clusters")?;
        entries.extend(at(&mut card, data + place * cluster_bytes, cluster_bytes)?);
        cluster = word(&at(&mut card, fat + 4 * u64::from(cluster), 4)?, 0) & 0x0fff_ffff;
    }
    Ok((table, names(&entries)))
}

fn at(card: &mut File, offset: u64, bytes: u64) -> Result<Vec<u8>> {
    let mut buffer = vec![0; usize::try_from(bytes)?];
    card.seek(SeekFrom::Start(offset))?;
    card.read_exact(&mut buffer)
        .context("the card image is cut short")?;
    Ok(buffer)
}

fn word(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes([
        bytes[offset],
        bytes[offset + 1],
        bytes[offset + 2],
        bytes[offset + 3],
    ])
}

/// Short names as they are; a long name is put together from the entries before its short one.
fn names(entries: &[u8]) -> Vec<String> {
    let (mut found, mut long) = (Vec::new(), String::new());
    for entry in entries.chunks_exact(32).take_while(|entry| entry[0] != 0) {
        match (entry[0], entry[11]) {
            (0xe5, _) => long.clear(),
            (_, 0x0f) => long.insert_str(0, &piece(entry)),
            // The name of the volume.
            (_, attributes) if attributes & 0x08 != 0 => long.clear(),
            _ if !long.is_empty() => found.push(std::mem::take(&mut long)),
            _ => found.push(short(entry)),
        }
    }
    found
}

/// Thirteen characters of a long name.
fn piece(entry: &[u8]) -> String {
    let units = [1..11, 14..26, 28..32]
        .into_iter()
        .flat_map(|part| entry[part].chunks_exact(2));
    let units: Vec<u16> = units
        .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
        .take_while(|&unit| unit != 0 && unit != 0xffff)
        .collect();
    String::from_utf16_lossy(&units)
}

fn short(entry: &[u8]) -> String {
    let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let (name, kind) = (part(&entry[..8]), part(&entry[8..11]));
    if kind.is_empty() {
        name
    } else {
        format!("{name}.{kind}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &[u8; 11], attributes: u8) -> [u8; 32] {
        let mut entry = [0; 32];
        entry[..11].copy_from_slice(name);
        entry[11] = attributes;
        entry
    }

    #[test]
    fn short_and_long_names_are_read_and_others_are_left_out() {
        let mut long = entry(b"\x41b\0c\0m\0.\0d\0", 0x0f);
        long[14..16].copy_from_slice(b"t\0");
        long[16..18].copy_from_slice(&[0; 2]);
        let entries = [
            entry(b"PIVOT      ", 0x08),
            entry(b"KERNEL8 IMG", 0x20),
            entry(b"\xe5ONE    TXT", 0x20),
            long,
            entry(b"BCM~1   DTB", 0x20),
            [0; 32],
        ];
        assert_eq!(names(entries.as_flattened()), ["KERNEL8.IMG", "bcm.dt"]);
    }
}
