//! Which disk may be written: each refusal has a reason of its own. Pure.

use std::path::Path;

use super::drives::Drive;
use crate::failure::Failure;

/// What somebody wants to write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'a> {
    /// The device, links followed.
    pub(super) device: &'a Path,
    /// Bytes of the image.
    pub(super) bytes: u64,
    /// Whether a disk that is built in is meant.
    pub(super) allow_fixed: bool,
    /// What is on disks that are in use.
    pub(super) held: &'a [Held],
}

/// Something whose disk is never written.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Number of the device that it is on.
    pub(super) number: String,
    /// What it is.
    pub(super) what: String,
}

/// Where the running system's own parts are mounted.
const SYSTEM: [&str; 8] = [
    "/", "/boot", "/home", "/usr", "/var", "/nix", "/opt", "[SWAP]",
];

/// Members of what is more than a disk; whether that is in use, the list of disks does not always say.
const MEMBERS: [&str; 4] = ["LVM2_member", "linux_raid_member", "zfs_member", "bcache"];

/// What the kernel calls a disk and nobody can put into a board.
const NO_DISKS: [&str; 7] = ["loop", "ram", "zram", "sr", "dm-", "md", "nbd"];

/// The disk to write.
///
/// # Errors
///
/// The first reason against it.
pub(super) fn judge<'d>(drives: &'d [Drive], wish: &Wish<'_>) -> Result<&'d Drive, Failure> {
    let disk = find(drives, wish.device)?;
    refuse_what_is_no_card(disk)?;
    refuse_size(disk, wish.bytes)?;
    // Before the question whether it can be taken out: the system's disk is not to be had by --allow-fixed-disk.
    refuse_system(disk, wish.held)?;
    if !is_card_like(drives, disk) && !wish.allow_fixed {
        let what = format!("{} is built in: it cannot be taken out", named(disk));
        return Err(Failure::environment(what).help(
            "./flash.sh lists the candidates; --allow-fixed-disk if it is a card all the same",
        ));
    }
    refuse_mounted(disk)?;
    Ok(disk)
}

/// Looks once more: a build and a question take their time, and a card in a reader may be another one by now. Its place
/// among the devices and its number are then the same.
///
/// # Errors
///
/// When it is another device than before, or would not be taken any more.
pub(super) fn judge_again(before: &Drive, now: &[Drive], wish: &Wish<'_>) -> Result<(), Failure> {
    let disk = judge(now, wish)?;
    let told = |disk: &Drive| {
        [
            ("number", disk.number.clone()),
            ("size", format!("{} bytes", disk.bytes)),
            ("model", disk.model.clone()),
            ("serial number", disk.serial.clone()),
        ]
    };
    for ((what, was), (_, is)) in told(before).into_iter().zip(told(disk)) {
        if was != is {
            let what = format!(
                "{} is another device than a moment ago: its {what} was `{was}` and is `{is}`: nothing was written",
                disk.path
            );
            return Err(Failure::environment(what).help("./flash.sh lists the candidates"));
        }
    }
    Ok(())
}

/// The disks that could be cards, mounted or not.
pub(super) fn candidates<'d>(drives: &'d [Drive], held: &[Held]) -> Vec<&'d Drive> {
    drives
        .iter()
        .filter(|disk| {
            refuse_what_is_no_card(disk).is_ok()
                && disk.bytes > 0
                && refuse_system(disk, held).is_ok()
                && is_card_like(drives, disk)
        })
        .collect()
}

fn find<'d>(drives: &'d [Drive], device: &Path) -> Result<&'d Drive, Failure> {
    let is_it = |drive: &Drive| Path::new(&drive.path) == device;
    if let Some(disk) = drives.iter().find(|&drive| is_it(drive)) {
        return Ok(disk);
    }
    for disk in drives {
        let Some(part) = disk.tree().into_iter().find(|&part| is_it(part)) else {
            continue;
        };
        let what = if part.kind == "part" {
            format!("{} is a partition: a card is written whole", part.path)
        } else {
            format!("{} is of type {}, on {}", part.path, part.kind, disk.path)
        };
        return Err(Failure::environment(what).help(format!("did you mean {}?", disk.path)));
    }
    let what = format!(
        "{} is not among the disks of this machine",
        device.display()
    );
    Err(Failure::environment(what).help("./flash.sh lists the candidates"))
}

fn refuse_what_is_no_card(disk: &Drive) -> Result<(), Failure> {
    let has_digits_after = |prefix: &&str| {
        disk.name
            .strip_prefix(*prefix)
            .is_some_and(starts_with_digit)
    };
    let is_part_of_emmc = disk.name.starts_with("mmcblk")
        && (disk.name.contains("boot") || disk.name.contains("rpmb"));
    if disk.kind != "disk" || NO_DISKS.iter().any(has_digits_after) || is_part_of_emmc {
        let kind = match disk.kind.as_str() {
            "disk" => "of a kind that is no card",
            "loop" => "a loop device",
            "rom" => "an optical drive",
            other => other,
        };
        return Err(Failure::environment(format!("{} is {kind}", disk.path))
            .help("./flash.sh lists the candidates"));
    }
    if disk.is_read_only {
        let what = format!("{} is read-only", named(disk));
        return Err(Failure::environment(what).help("slide the lock on the card's side"));
    }
    Ok(())
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn refuse_size(disk: &Drive, bytes: u64) -> Result<(), Failure> {
    if disk.bytes == 0 {
        return Err(Failure::environment(format!(
            "there is no card in {}",
            named(disk)
        )));
    }
    if disk.bytes < bytes {
        return Err(Failure::environment(format!(
            "{} is too small: it has {} bytes, the image {bytes}",
            named(disk),
            disk.bytes
        )));
    }
    Ok(())
}

fn refuse_system(disk: &Drive, held: &[Held]) -> Result<(), Failure> {
    let refuse = |why: String| {
        let what = format!("{} is never written: {why}", named(disk));
        Err(Failure::environment(what))
    };
    for part in disk.tree() {
        if let Some(place) = part.mounts.iter().find(|place| is_system(place)) {
            return refuse(format!(
                "{} carries {place} of the running system",
                part.path
            ));
        }
        if let Some(held) = held.iter().find(|held| held.number == part.number) {
            return refuse(format!("{} carries {}", part.path, held.what));
        }
        if MEMBERS.contains(&part.filesystem.as_str()) {
            return refuse(format!("{} is part of a {}", part.path, part.filesystem));
        }
        if part.kind != "disk" && part.kind != "part" {
            return refuse(format!("{} on it is in use ({})", part.path, part.kind));
        }
    }
    Ok(())
}

fn is_system(place: &str) -> bool {
    let is_below = |top: &&str| {
        place
            .strip_prefix(top)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    SYSTEM.contains(&place) || ["/boot", "/usr", "/var"].iter().any(is_below)
}

/// What cards do not come by, even where a bay lets a disk be pulled.
const DISK_TRANSPORTS: [&str; 4] = ["sata", "ata", "sas", "nvme"];

/// Whether somebody made it to be taken out.
pub(super) fn is_card_like(drives: &[Drive], disk: &Drive) -> bool {
    let transport = disk.transport.as_str();
    if transport == "mmc" {
        return !is_soldered(drives, disk);
    }
    transport == "usb" || disk.is_removable && !DISK_TRANSPORTS.contains(&transport)
}

/// Memory on the board and a card in a reader both are `mmc`; only what is soldered has boot partitions.
fn is_soldered(drives: &[Drive], disk: &Drive) -> bool {
    drives.iter().any(|other| {
        let rest = other.name.strip_prefix(&disk.name).unwrap_or_default();
        rest.starts_with("boot") || rest.starts_with("rpmb")
    })
}

fn refuse_mounted(disk: &Drive) -> Result<(), Failure> {
    let mounted: Vec<&Drive> = disk
        .tree()
        .into_iter()
        .filter(|part| !part.mounts.is_empty())
        .collect();
    let Some(first) = mounted.first() else {
        return Ok(());
    };
    let what = format!(
        "{} is mounted at {}",
        first.path,
        first.mounts.join(" and ")
    );
    let commands: Vec<String> = mounted
        .iter()
        .map(|part| format!("udisksctl unmount -b {}", part.path))
        .collect();
    Err(Failure::environment(what).help(commands.join("\n      ")))
}

/// A disk as a person knows it.
pub(super) fn named(disk: &Drive) -> String {
    let words: Vec<&str> = [disk.model.as_str(), disk.transport.as_str()]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        disk.path.clone()
    } else {
        format!("{} ({})", disk.path, words.join(", "))
    }
}

#[cfg(test)]
mod tests;
