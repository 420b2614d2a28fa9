//! What of the test run is about cards: the image as a whole, and `./flash.sh` as a person calls it, against a recorded
//! list of disks, a plain file and a loop device.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::fs::{OFlags, major, minor};

use crate::card::{self, CardFile, Source};
use crate::cli::BuildOptions;
use crate::failure::Skipped;
use crate::workspace::Workspace;

/// A test of cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// Two images of the same sources are the same, and hold what they should.
    Image,
    /// Somebody else's checker of FAT finds nothing.
    Fsck,
    /// `./flash.sh` lists, and refuses.
    Refusals,
    /// It writes a plain file, where a test says that this is a card.
    File,
    /// It writes a device.
    Loop,
}

impl Row {
    /// Its name among the cases.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Image => "card.image",
            Self::Fsck => "card.fsck",
            Self::Refusals => "flash.refusals",
            Self::File => "flash.plain-file",
            Self::Loop => "flash.loop-device",
        }
    }

    /// Runs it; what it came to, in words.
    pub(super) fn run(self, workspace: &Workspace) -> Result<String> {
        let place = workspace.run_dir(self.name());
        fs::create_dir_all(&place).with_context(|| format!("creating {}", place.display()))?;
        match self {
            Self::Image => image(workspace, &place),
            Self::Fsck => fsck(&place),
            Self::Refusals => refusals(workspace, &place),
            Self::File => plain_file(workspace, &place),
            Self::Loop => loop_device(workspace, &place),
        }
    }
}

fn image(workspace: &Workspace, place: &Path) -> Result<String> {
    let build = |name: &str| -> Result<Vec<u8>> {
        let out = place.join(name);
        let options = BuildOptions::flashed();
        card::build(
            workspace,
            &options,
            &Source::Without,
            card::DEFAULT_MIB,
            &out,
        )?;
        Ok(fs::read(out)?)
    };
    let (first, second) = (build("first.img")?, build("second.img")?);
    ensure!(first == second, "two images of the same sources differ");
    let files = card::read(&first)?;
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    ensure!(
        names == ["config.txt", "kernel8.img"],
        "on the card: {names:?}"
    );
    let config = fs::read(workspace.root().join("boards/rpi4/config.txt"))?;
    ensure!(files[0].bytes == config, "config.txt is another one");
    Ok(format!("{} bytes twice", first.len()))
}

/// A card that is small, and has something of everything.
fn small() -> Result<Vec<u8>> {
    let file = |name: &str, length: usize| CardFile {
        name: name.to_owned(),
        bytes: (0..length).map(|at| (at / 3) as u8).collect(),
    };
    let files = [
        file("bcm2711-rpi-4-b.dtb", 55_000),
        file("config.txt", 900),
        file("kernel8.img", 700_000),
        file("overlays/disable-bt.dtbo", 1_000),
        file("start4.elf", 2_250_000),
    ];
    card::image(&files, card::SMALLEST_MIB)
}

fn fsck(place: &Path) -> Result<String> {
    let path = place.join("volume.img");
    fs::write(&path, &small()?[1 << 20..])?;
    for program in ["fsck.vfat", "/usr/sbin/fsck.vfat"] {
        let Ok(output) = Command::new(program).arg("-n").arg(&path).output() else {
            continue;
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // Its version, and the count of files and clusters: nothing else.
        let is_clean = output.status.success() && text.lines().count() == 2;
        ensure!(is_clean, "{program} -n: {}\n{text}", output.status);
        return Ok(text.lines().last().unwrap_or_default().to_owned());
    }
    Err(Skipped("there is no fsck.vfat (Debian's package dosfstools)".to_owned()).into())
}

/// `./flash.sh` with a list of disks from a file, or the machine's.
struct Flash<'a> {
    workspace: &'a Workspace,
    list: Option<PathBuf>,
}

impl Flash<'_> {
    /// Exit code, and everything that it says.
    fn call(&self, words: &[&str]) -> Result<(Option<i32>, String)> {
        let mut command = Command::new(self.workspace.root().join("flash.sh"));
        command
            .args(words)
            .env("CARGO_TARGET_DIR", self.workspace.target())
            .env_remove("PIVOT_LSBLK")
            .env_remove("SUDO_USER")
            .stdin(Stdio::null());
        if let Some(list) = &self.list {
            command.env("PIVOT_LSBLK", list);
        }
        let output = command.output().context("starting flash.sh")?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok((output.status.code(), text))
    }

    fn expect(&self, words: &[&str], code: i32, says: &str) -> Result<()> {
        let (got, text) = self.call(words)?;
        ensure!(
            got == Some(code) && text.contains(says),
            "./flash.sh {}: exit code {got:?}, expected {code} and `{says}`\n{text}",
            words.join(" ")
        );
        Ok(())
    }
}

fn refusals(workspace: &Workspace, place: &Path) -> Result<String> {
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

/// A list of disks with one card in it.
fn list(place: &Path, card: &Path, bytes: u64, number: &str) -> Result<PathBuf> {
    let text = format!(
        "{{\"blockdevices\":[{{\"kname\":\"card\",\"path\":\"{}\",\"type\":\"disk\",\
         \"size\":{bytes},\"ro\":false,\"rm\":true,\"hotplug\":true,\"tran\":\"usb\",\
         \"model\":\"Card of a test\",\"maj:min\":\"{number}\",\"mountpoints\":[null]}}]}}",
        card.display()
    );
    let path = place.join("lsblk.json");
    fs::write(&path, text)?;
    Ok(path)
}

/// Longer than the image, and not empty: what lies behind the image stays.
fn old_card(path: &Path, image: &[u8]) -> Result<u64> {
    let length = image.len() + (2 << 20);
    fs::write(path, vec![0xee; length])?;
    Ok(length as u64)
}

fn holds(path: &Path, image: &[u8]) -> Result<()> {
    let card = fs::read(path)?;
    ensure!(card[..image.len()] == *image, "the card has something else");
    let rest = &card[image.len()..];
    ensure!(
        rest.iter().all(|&byte| byte == 0xee),
        "something was written behind the image"
    );
    Ok(())
}

fn plain_file(workspace: &Workspace, place: &Path) -> Result<String> {
    let image = small()?;
    let (file, card) = (place.join("card.img"), place.canonicalize()?.join("card"));
    fs::write(&file, &image)?;
    let bytes = old_card(&card, &image)?;
    let flash = Flash {
        workspace,
        list: Some(list(place, &card, bytes, "8:16")?),
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

fn loop_device(workspace: &Workspace, place: &Path) -> Result<String> {
    let image = small()?;
    let (file, backing) = (place.join("card.img"), place.join("backing"));
    fs::write(&file, &image)?;
    let bytes = old_card(&backing, &image)?;
    let device = LoopDevice::attach(&backing)?;
    let number = fs::metadata(&device.0)?.rdev();
    let number = format!("{}:{}", major(number), minor(number));
    let flash = Flash {
        workspace,
        list: Some(list(place, &device.0, bytes, &number)?),
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
