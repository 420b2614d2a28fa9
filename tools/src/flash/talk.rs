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

/// What would be written, and where.
pub(super) fn summary(disk: &Drive, image: &str, bytes: usize, checksum: &str) -> String {
    let or_unknown = |text: &str| {
        if text.is_empty() {
            "unknown".to_owned()
        } else {
            text.to_owned()
        }
    };
    let mut text = format!(
        "card    {}, {}, {}, serial number {}\nimage   {image}\n        {bytes} bytes, all of which are written; sha256 {checksum}\n",
        disk.path,
        size(disk.bytes),
        or_unknown(&disk.model),
        or_unknown(&disk.serial),
    );
    if disk.bytes > LARGE {
        text += &format!(
            "warning: {} is large for a card; is it one?\n",
            size(disk.bytes)
        );
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
    fn what_is_large_for_a_card_is_questioned() {
        let warns = |name| summary(&disk(name), "card.img", 1, "00").contains("large");
        assert!(!warns("sdb"));
        assert!(!warns("sdc"));
        assert!(warns("sda"));
    }
}
