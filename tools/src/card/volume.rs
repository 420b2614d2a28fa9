//! The FAT32 volume of a card: made of files, and read back. Pure.

use std::collections::BTreeSet;
use std::io::{Cursor, Read, Write};

use anyhow::{Context, Result, anyhow};
use fatfs::{
    Date, DateTime, Dir, FatType, FileSystem, FormatVolumeOptions, FsOptions, ReadWriteSeek, Time,
    TimeProvider,
};

use super::contents::CardFile;
use super::partition;

/// What an imager shows; 11 characters.
const LABEL: [u8; 11] = *b"PIVOT      ";

/// Where a boot sector says how many sectors lie before the volume, and where its copy is (FAT specification,
/// `BPB_HiddSec` and `BPB_BkBootSec`).
const HIDDEN: usize = 0x1c;
const COPY: usize = 6 * partition::SECTOR;

/// Every file is as old: the first moment that FAT knows.
#[derive(Debug)]
struct Always;

static ALWAYS: Always = Always;

impl TimeProvider for Always {
    fn get_current_date(&self) -> Date {
        Date {
            year: 1980,
            month: 1,
            day: 1,
        }
    }

    fn get_current_date_time(&self) -> DateTime {
        DateTime {
            date: self.get_current_date(),
            time: Time {
                hour: 0,
                min: 0,
                sec: 0,
                millis: 0,
            },
        }
    }
}

/// A volume of `bytes` bytes with these files, in their order.
pub(super) fn make(files: &[&CardFile], bytes: usize, id: u32) -> Result<Vec<u8>> {
    let mut disk = Cursor::new(vec![0; bytes]);
    let options = FormatVolumeOptions::new()
        .fat_type(FatType::Fat32)
        .volume_id(id)
        .volume_label(LABEL);
    fatfs::format_volume(&mut disk, options).context("formatting")?;
    // First, because then it is known where they are.
    let directories = directories(files);
    fill(&mut disk, |root| {
        for name in &directories {
            root.create_dir(name)?;
        }
        Ok(())
    })?;
    for number in 0..directories.len() {
        tidy(disk.get_mut(), FIRST_CLUSTER + 1 + number)?;
    }
    fill(&mut disk, |root| {
        for file in files {
            put(root, file).with_context(|| format!("writing {}", file.name))?;
        }
        Ok(())
    })?;
    let mut volume = disk.into_inner();
    let hidden = (partition::START / partition::SECTOR) as u32;
    for sector in [0, COPY] {
        volume[sector + HIDDEN..sector + HIDDEN + 4].copy_from_slice(&hidden.to_le_bytes());
    }
    Ok(volume)
}

/// Every directory that is in a name, each before those in it.
fn directories(files: &[&CardFile]) -> BTreeSet<String> {
    files
        .iter()
        .flat_map(|file| file.name.match_indices('/').map(|(at, _)| &file.name[..at]))
        .map(str::to_owned)
        .collect()
}

/// Opens the volume, has something done in it, and closes it with the count of free clusters noted.
fn fill(
    disk: &mut Cursor<Vec<u8>>,
    action: impl FnOnce(&Dir<'_, &mut Cursor<Vec<u8>>>) -> Result<()>,
) -> Result<()> {
    disk.set_position(0);
    let system = FileSystem::new(disk, FsOptions::new().time_provider(&ALWAYS))?;
    action(&system.root_dir())?;
    system.stats().context("counting what is free")?;
    system.unmount().context("closing the volume")
}

fn put(root: &Dir<'_, impl ReadWriteSeek>, file: &CardFile) -> Result<()> {
    let mut place = root.create_file(&file.name)?;
    place.write_all(&file.bytes)?;
    place.flush()?;
    Ok(())
}

/// The root's cluster; the first directory that is made gets the next one.
const FIRST_CLUSTER: usize = 2;

/// Mends a directory that is new: its first two entries have to be `.` and `..` (FAT specification, section 6.5), but
/// the crate puts an entry for a long name before each, and names the root by its cluster.
fn tidy(volume: &mut [u8], cluster: usize) -> Result<()> {
    const ENTRY: usize = 32;
    const DELETED: u8 = 0xe5;
    let word = |at: usize| usize::from(u16::from_le_bytes([volume[at], volume[at + 1]]));
    // Sectors before the first FAT, number of FATs, sectors of each (its low half), sectors of a cluster.
    let (reserved, fats, length, per_cluster) = (
        word(0x0e),
        usize::from(volume[0x10]),
        word(0x24),
        usize::from(volume[0x0d]),
    );
    let sector = reserved + fats * length + (cluster - FIRST_CLUSTER) * per_cluster;
    let start = sector * partition::SECTOR;
    let entries = &mut volume[start..start + 4 * ENTRY];
    let is_new = entries[ENTRY..].starts_with(b".          ")
        && entries[3 * ENTRY..].starts_with(b"..         ");
    if !is_new {
        return Err(anyhow!("a directory is not where it was to be"));
    }
    entries.copy_within(ENTRY..2 * ENTRY, 0);
    entries.copy_within(3 * ENTRY..4 * ENTRY, ENTRY);
    entries[2 * ENTRY..].fill(0);
    // Deleted, not the end: what is in the directory already comes behind.
    entries[2 * ENTRY] = DELETED;
    entries[3 * ENTRY] = DELETED;
    // What is above is named by 0 where it is the root.
    let above = &mut entries[ENTRY..2 * ENTRY];
    if above[0x14..0x16] == [0, 0] && above[0x1a..0x1c] == [FIRST_CLUSTER as u8, 0] {
        above[0x1a] = 0;
    }
    Ok(())
}

/// Every file of a volume, by name.
pub(super) fn read(volume: &[u8]) -> Result<Vec<CardFile>> {
    let mut disk = Cursor::new(volume.to_vec());
    let system = FileSystem::new(&mut disk, FsOptions::new()).context("opening the volume")?;
    if system.fat_type() != FatType::Fat32 {
        return Err(anyhow!("the volume is not FAT32"));
    }
    let mut files = Vec::new();
    collect(&system.root_dir(), "", &mut files)?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn collect<T: ReadWriteSeek>(
    directory: &Dir<'_, T>,
    prefix: &str,
    files: &mut Vec<CardFile>,
) -> Result<()> {
    for entry in directory.iter() {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name());
        if !entry.is_dir() {
            let mut bytes = Vec::new();
            entry.to_file().read_to_end(&mut bytes)?;
            files.push(CardFile { name, bytes });
        } else if !name.ends_with('.') {
            collect(&entry.to_dir(), &format!("{name}/"), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_volume_says_where_it_lies_in_both_boot_sectors() {
        let volume = make(&[], 64 << 20, 0x0102_0304).unwrap();
        for sector in [0, COPY] {
            let boot = &volume[sector..sector + 512];
            assert_eq!(boot[0x1c..0x20], [0, 8, 0, 0], "sectors before it");
            assert_eq!(boot[0x43..0x47], [4, 3, 2, 1], "its number");
            assert_eq!(&boot[0x47..0x52], b"PIVOT      ");
            assert_eq!(&boot[0x52..0x5a], b"FAT32   ");
            assert_eq!(boot[0x1fe..], [0x55, 0xaa]);
        }
        assert!(read(&volume).unwrap().is_empty());
    }

    #[test]
    fn a_directory_begins_with_itself_and_the_one_above() {
        let file = |name: &str| CardFile {
            name: name.to_owned(),
            bytes: vec![1],
        };
        let (deep, other) = (file("a/b/c.txt"), file("overlays/d.txt"));
        let volume = make(&[&deep, &other], 64 << 20, 1).unwrap();
        let disk = &mut Cursor::new(volume);
        let system = FileSystem::new(disk, FsOptions::new()).unwrap();
        for name in ["a", "a/b", "overlays"] {
            let directory = system.root_dir().open_dir(name).unwrap();
            let names: Vec<String> = directory
                .iter()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert_eq!(names[..2], [".", ".."], "{name}");
        }
        assert!(system.stats().unwrap().free_clusters() > 120_000);
    }

    #[test]
    fn every_file_has_the_same_time() {
        let file = CardFile {
            name: "kernel8.img".to_owned(),
            bytes: vec![1; 600],
        };
        let mut disk = Cursor::new(make(&[&file], 64 << 20, 1).unwrap());
        let system = FileSystem::new(&mut disk, FsOptions::new()).unwrap();
        for entry in system.root_dir().iter() {
            let entry = entry.unwrap();
            let dates = [
                entry.created().date,
                entry.modified().date,
                entry.accessed(),
            ];
            for date in dates {
                assert_eq!((date.year, date.month, date.day), (1980, 1, 1));
            }
        }
    }
}
