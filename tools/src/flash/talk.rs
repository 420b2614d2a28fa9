//! What a person is told before a card is written, and asked.

use std::io::{BufRead, Write};

use anyhow::Result;

use super::drives::Drive;
use crate::failure::Failure;

/// Larger than this, it may well be somebody's disk of photographs.
pub(super) const LARGE: u64 = 64_000_000_000;

/// A table of the disks that could be cards.
pub(super) fn table(candidates: &[&Drive]) -> String {
    if candidates.is_empty() {
        return "no card: no removable disk is in this machine\n".to_owned();
    }
    let head = ["DEVICE", "SIZE", "MODEL", "BY", "MOUNTED AT"].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(candidates.iter().map(|disk| {
        let mounts: Vec<&str> = disk
            .tree()
            .into_iter()
            .flat_map(|part| part.mounts.iter().map(String::as_str))
            .collect();
        [
            disk.path.clone(),
            size(disk.bytes),
            disk.model.clone(),
            disk.transport.clone(),
            mounts.join(" "),
        ]
    }));
    let widths: Vec<usize> = (0..4)
        .map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, &width) in row.iter().zip(&widths) {
            line += &format!("{cell:width$}  ");
        }
        line += &row[4];
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// Decimal, as on a card's label.
fn size(bytes: u64) -> String {
    let tenths = (bytes + 50_000_000) / 100_000_000;
    if tenths < 10 {
        return format!("{} MB", bytes / 1_000_000);
    }
    format!("{}.{} GB", tenths / 10, tenths % 10)
}

/// What would be written, and where, and what is lost there.
pub(super) fn summary(disk: &Drive, image: &str, bytes: usize, checksum: &str) -> String {
    let or_unknown = |text: &str| {
        if text.is_empty() {
            "unknown".to_owned()
        } else {
            text.to_owned()
        }
    };
    let mut text = format!(
        "card    {}, {}, {}, serial number {}\n",
        disk.path,
        size(disk.bytes),
        or_unknown(&disk.model),
        or_unknown(&disk.serial),
    );
    text += &lost(disk);
    text += &format!(
        "image   {image}\n        {bytes} bytes, all of which are written; sha256 {checksum}\n"
    );
    if disk.bytes > LARGE {
        text += &format!(
            "warning: {} is large for a card; is it one?\n",
            size(disk.bytes)
        );
    }
    text
}

/// A line for each thing on a disk, by which a person knows it again.
fn lost(disk: &Drive) -> String {
    let mut text = String::new();
    let on_it = disk.tree().into_iter();
    for part in on_it.filter(|part| part.kind != "disk" || !part.filesystem.is_empty()) {
        let filesystem = if part.filesystem.is_empty() {
            "no file system that is known"
        } else {
            part.filesystem.as_str()
        };
        text += &format!("on it   {}, {}, {filesystem}", part.path, size(part.bytes));
        if !part.label.is_empty() {
            text += &format!(", called `{}`", part.label);
        }
        text.push('\n');
    }
    if text.is_empty() {
        text += "on it   no partition and no file system that is known\n";
    }
    text
}

/// Has the person type the disk's name.
///
/// # Errors
///
/// When something else is typed.
pub(super) fn confirm(
    disk: &Drive,
    answers: &mut impl BufRead,
    questions: &mut impl Write,
) -> Result<()> {
    write!(
        questions,
        "Everything on {} will be lost. To go on, type its name, {}: ",
        disk.path, disk.name
    )?;
    questions.flush()?;
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    if answer.trim() == disk.name {
        return Ok(());
    }
    Err(Failure::environment("that is not its name: nothing was written").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flash::drives::recorded;
    use crate::flash::rules;

    fn disk(name: &str) -> Drive {
        let mut all = recorded();
        all.retain(|drive| drive.name == name);
        all.remove(0)
    }

    #[test]
    fn the_table_shows_what_tells_one_card_from_another() {
        let drives = recorded();
        let text = table(&rules::candidates(&drives, &[]));
        assert_eq!(
            text,
            "DEVICE        SIZE     MODEL             BY   MOUNTED AT\n\
             /dev/sdb      31.9 GB  STORAGE DEVICE    usb\n\
             /dev/sdc      63.9 GB  MassStorageClass  usb  /media/me/bootfs /media/me/rootfs /mnt/old\n\
             /dev/sde      33 MB    Flash Disk        usb\n\
             /dev/mmcblk1  31.3 GB                    mmc\n"
        );
        assert!(table(&[]).starts_with("no card"));
    }

    #[test]
    fn only_the_disks_own_name_goes_on() {
        let ask = |answer: &str| confirm(&disk("sdb"), &mut answer.as_bytes(), &mut Vec::new());
        assert!(ask("sdb\n").is_ok());
        for answer in ["", "\n", "yes\n", "sdb1\n", "/dev/sdb\n"] {
            let error = ask(answer).unwrap_err().to_string();
            assert!(error.contains("nothing was written"), "{answer:?}: {error}");
        }
    }

    #[test]
    fn what_will_be_lost_is_shown_with_its_name() {
        let lines = |name| -> Vec<String> {
            let text = summary(&disk(name), "card.img", 1, "00");
            let on_it = text.lines().filter(|line| line.starts_with("on it"));
            on_it.map(str::to_owned).collect()
        };
        assert_eq!(
            lines("sdb"),
            ["on it   /dev/sdb1, 31.9 GB, exfat, called `HOLIDAY 2019`"]
        );
        assert_eq!(
            lines("sdc"),
            [
                "on it   /dev/sdc1, 536 MB, vfat, called `bootfs`",
                "on it   /dev/sdc2, 63.3 GB, ext4, called `rootfs`"
            ]
        );
        assert_eq!(lines("sde"), ["on it   /dev/sde, 33 MB, vfat"]);
        assert_eq!(
            lines("sdf"),
            ["on it   no partition and no file system that is known"]
        );
    }

    #[test]
    fn what_is_large_for_a_card_is_questioned() {
        let warns = |name| summary(&disk(name), "card.img", 1, "00").contains("large");
        assert!(!warns("sdb"));
        assert!(!warns("sdc"));
        assert!(warns("sda"));
    }
}
