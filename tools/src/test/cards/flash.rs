//! `./flash.sh` as a person calls it, against a recorded list of disks, a plain file and a loop device.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use rustix::fs::{OFlags, major, minor};
use serde_json::json;

use super::call::Flash;
use super::small;
use crate::failure::Skipped;
use crate::workspace::Workspace;

pub(super) fn refusals(workspace: &Workspace, place: &Path) -> Result<String> {
    let image = place.join("card.img");
    fs::write(&image, small()?)?;
    let image = image.display().to_string();
    let recorded = Flash {
        workspace,
        list: Some(workspace.root().join("tests/fixtures/lsblk.json")),
    };
    recorded.expect(&[], 2, "/dev/sdb      31.9 GB  STORAGE DEVICE")?;
    recorded.expect(&["--list"], 0, "/dev/mmcblk1")?;
    for (device, says) in [
        ("/dev/sdc", "is mounted at /media/me/bootfs"),
        ("/dev/nvme0n1", "carries /boot/efi of the running system"),
        ("/dev/sdb1", "did you mean /dev/sdb?"),
        ("/dev/sde", "is too small"),
        ("/dev/sda", "is built in"),
        ("/dev/sdd", "there is no card in"),
        ("/dev/sdf", "is read-only"),
        ("/dev/loop0", "is a loop device"),
    ] {
        recorded.expect(&[device, "--yes", "--image", &image], 2, says)?;
    }
    recorded.expect(&["/dev/sdb", "--image", &image], 2, "no terminal")?;
    let insisting = ["/dev/sda", "--allow-fixed-disk", "--yes", "--image", &image];
    recorded.expect(&insisting, 2, "no terminal")?;
    recorded.expect(
        &["/dev/sdb", "--dry-run", "--image", &image],
        0,
        "nothing was written",
    )?;
    recorded.expect(
        &["/dev/sdb", "--yes", "--image", &image],
        2,
        "unset PIVOT_LSBLK",
    )?;
    let real = Flash {
        workspace,
        list: None,
    };
    real.expect(&[&image, "--yes", "--image", &image], 2, "is no device")?;
    real.expect(&[], 2, "which card?")?;
    Ok("16 calls".to_owned())
}

/// A card of a test, as a list of disks has it.
#[derive(Clone, Copy)]
struct Listed<'a> {
    path: &'a Path,
    bytes: u64,
    number: &'a str,
    serial: &'a str,
    mount: Option<&'a str>,
}

impl<'a> Listed<'a> {
    fn new(path: &'a Path, bytes: u64, number: &'a str) -> Self {
        Self {
            path,
            bytes,
            number,
            serial: "1",
            mount: None,
        }
    }

    /// Writes a list of disks that has only this one.
    fn write(&self, list: &Path) -> Result<()> {
        let disks = json!({"blockdevices": [{
            "kname": "card", "path": self.path, "type": "disk", "size": self.bytes, "ro": false, "rm": true,
            "hotplug": true, "tran": "usb", "model": "Card of a test", "serial": self.serial,
            "maj:min": self.number, "mountpoints": [self.mount],
        }]});
        fs::write(list, disks.to_string()).with_context(|| format!("writing {}", list.display()))
    }
}

/// Longer than the image, and not empty: of what lies behind the image only the copy of a table goes.
fn old_card(path: &Path, image: &[u8]) -> Result<u64> {
    let length = image.len() + (2 << 20);
    fs::write(path, vec![0xee; length])?;
    Ok(length as u64)
}

/// What of the end of a card is emptied: 33 sectors, and the rest of a page.
const EMPTIED: usize = 5 * 4096;

fn holds(path: &Path, image: &[u8]) -> Result<()> {
    let card = fs::read(path)?;
    ensure!(card[..image.len()] == *image, "the card has something else");
    let (kept, emptied) = card[image.len()..].split_at(card.len() - image.len() - EMPTIED);
    ensure!(
        kept.iter().all(|&byte| byte == 0xee),
        "something was written behind the image"
    );
    ensure!(
        emptied.iter().all(|&byte| byte == 0),
        "the copy of the old table is still there"
    );
    Ok(())
}

pub(super) fn changed_card(workspace: &Workspace, place: &Path) -> Result<String> {
    let image = small()?;
    let (file, card) = (place.join("card.img"), place.canonicalize()?.join("card"));
    fs::write(&file, &image)?;
    let bytes = old_card(&card, &image)?;
    let list = place.join("lsblk.json");
    let flash = Flash {
        workspace,
        list: Some(list.clone()),
    };
    let before = Listed::new(&card, bytes, "8:16");
    let another = Listed {
        serial: "2",
        ..before
    };
    let mounted = Listed {
        mount: Some("/media/me/card"),
        ..before
    };
    let (file, device) = (file.display().to_string(), card.display().to_string());
    let words = [device.as_str(), "--image", file.as_str()];
    let ask = |after: &Listed<'_>, code: i32, says: &str| -> Result<()> {
        before.write(&list)?;
        let (got, text) = flash.answer(&words, "type its name, card: ", "card\n", || {
            after.write(&list)
        })?;
        ensure!(
            got == Some(code) && text.contains(says),
            "exit code {got:?}, expected {code} and `{says}`\n{text}"
        );
        Ok(())
    };
    for (after, says) in [
        (&another, "is another device than a moment ago"),
        (&mounted, "is mounted at /media/me/card"),
    ] {
        ask(after, 2, says)?;
        let kept = fs::read(&card)?;
        ensure!(kept.iter().all(|&byte| byte == 0xee), "it was written");
    }
    ask(&before, 0, "read back, equal")?;
    holds(&card, &image)?;
    Ok(
        "another card and a mounted one are refused after the answer, the same one is written"
            .to_owned(),
    )
}

pub(super) fn plain_file(workspace: &Workspace, place: &Path) -> Result<String> {
    let image = small()?;
    let (file, card) = (place.join("card.img"), place.canonicalize()?.join("card"));
    fs::write(&file, &image)?;
    let bytes = old_card(&card, &image)?;
    let list = place.join("lsblk.json");
    Listed::new(&card, bytes, "8:16").write(&list)?;
    let flash = Flash {
        workspace,
        list: Some(list),
    };
    let (file, device) = (file.display().to_string(), card.display().to_string());
    flash.expect(&[&device, "--yes", "--image", &file], 0, "read back, equal")?;
    holds(&card, &image)?;
    Ok("written, read back, equal".to_owned())
}

/// A loop device, while the test lasts.
struct LoopDevice(PathBuf);

impl LoopDevice {
    fn attach(file: &Path) -> Result<Self> {
        let output = Command::new("losetup")
            .args(["--find", "--show"])
            .arg(file)
            .output();
        let why = match output {
            Ok(output) if output.status.success() => {
                let text = String::from_utf8_lossy(&output.stdout);
                return Ok(Self(PathBuf::from(text.trim())));
            }
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => format!("losetup: {error}"),
        };
        Err(Skipped(format!("no loop device: {why}")).into())
    }
}

impl Drop for LoopDevice {
    fn drop(&mut self) {
        let detached = Command::new("losetup")
            .arg("--detach")
            .arg(&self.0)
            .status();
        if !detached.is_ok_and(|status| status.success()) {
            eprintln!("losetup --detach {} did not work", self.0.display());
        }
    }
}

pub(super) fn loop_device(workspace: &Workspace, place: &Path) -> Result<String> {
    let image = small()?;
    let (file, backing) = (place.join("card.img"), place.join("backing"));
    fs::write(&file, &image)?;
    let bytes = old_card(&backing, &image)?;
    let device = LoopDevice::attach(&backing)?;
    let number = fs::metadata(&device.0)?.rdev();
    let number = format!("{}:{}", major(number), minor(number));
    let list = place.join("lsblk.json");
    Listed::new(&device.0, bytes, &number).write(&list)?;
    let flash = Flash {
        workspace,
        list: Some(list),
    };
    let path = device.0.display().to_string();
    let words = [
        &path,
        "--yes",
        "--no-eject",
        "--image",
        &file.display().to_string(),
    ];
    // Somebody else has it: as a file system that is mounted would.
    let other: File = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::EXCL.bits() as i32)
        .open(&device.0)?;
    flash.expect(&words, 2, "mounted or open")?;
    drop(other);
    flash.expect(&words, 0, "read back, equal")?;
    drop(device);
    holds(&backing, &image)?;
    Ok(format!(
        "{path}: refused while in use, then written, read back, equal"
    ))
}
