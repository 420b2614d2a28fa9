//! The step that needs root: opens a device for itself alone, makes sure that it is the one that was checked, writes it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use rustix::fs::{Advice, OFlags, fadvise, major, minor};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::writer::{self, ALIGNMENT, Medium};
use crate::cli::WriteOptions;
use crate::failure::Failure;
use crate::step;

/// Number of the device that a file lies on.
pub(super) fn number_of_disk_with(path: &Path) -> Option<String> {
    fs::metadata(path).ok().map(|data| number(data.dev()))
}

/// Whether this is a device of blocks.
pub(super) fn is_block_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.file_type().is_block_device())
}

/// A device number as `lsblk` writes it.
fn number(device: u64) -> String {
    format!("{}:{}", major(device), minor(device))
}

/// Writes, reads back, ejects.
pub(super) fn write(options: &WriteOptions) -> Result<()> {
    let stop = signals()?;
    let image =
        fs::read(&options.image).with_context(|| format!("reading {}", options.image.display()))?;
    let mut device = Device(open(&options.device, image.len())?);
    check(&mut device.0, options)?;
    let go_on = || !stop.load(Ordering::Relaxed);
    let progress = Progress::new("writing", image.len());
    writer::write(&mut device, &image, &mut |done| {
        progress.show(done);
        go_on()
    })
    .with_context(|| format!("writing {}", options.device.display()))?;
    drop(progress);
    if !options.no_verify {
        let progress = Progress::new("reading back", image.len());
        writer::compare(&mut device, &image, &mut |done| {
            progress.show(done);
            go_on()
        })
        .with_context(|| format!("comparing {}", options.device.display()))?;
    }
    drop(device);
    let what = if options.no_verify {
        "written, not read back"
    } else {
        "written, read back, equal"
    };
    println!("{}: {} bytes {what}", options.device.display(), image.len());
    if is_block_device(&options.device) {
        hand_over(options);
    }
    Ok(())
}

/// Set by a signal that would end the program.
pub(super) fn signals() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("minding signals")?;
    }
    Ok(stop)
}

/// Around the kernel's cache. Not every system has a flag for it; cards are written on Linux only, but the rest of this
/// tool is not to fail to build for that.
#[cfg(target_os = "linux")]
const UNCACHED: OFlags = OFlags::DIRECT;
#[cfg(not(target_os = "linux"))]
const UNCACHED: OFlags = OFlags::empty();

/// Opens a device so that nobody else has it, around the kernel's cache where that is possible.
fn open(path: &Path, bytes: usize) -> Result<File> {
    let exclusive = if is_block_device(path) {
        OFlags::EXCL
    } else {
        OFlags::empty()
    };
    let with = |flags: OFlags| {
        OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags.bits() as i32)
            .open(path)
    };
    let direct = bytes
        .is_multiple_of(ALIGNMENT)
        .then(|| with(exclusive | UNCACHED));
    let opened = match direct {
        Some(Ok(file)) => Ok(file),
        Some(Err(error)) if error.kind() != io::ErrorKind::InvalidInput => Err(error),
        _ => with(exclusive),
    };
    opened.map_err(|error| {
        let what = format!("{} cannot be opened for writing: {error}", path.display());
        let failure = Failure::environment(what);
        if error.kind() == io::ErrorKind::ResourceBusy {
            return failure
                .help("something on it is mounted or open: lsblk")
                .into();
        }
        failure.into()
    })
}

/// Names of devices change hands when cards do: what counts is what was opened.
fn check(file: &mut File, options: &WriteOptions) -> Result<()> {
    let data = file.metadata()?;
    let bytes = file.seek(SeekFrom::End(0))?;
    let is_other = data.file_type().is_block_device() && number(data.rdev()) != options.number;
    if is_other || bytes != options.bytes {
        let what = format!(
            "{} is not what it was when it was checked: nothing was written",
            options.device.display()
        );
        return Err(Failure::environment(what).help("./flash.sh").into());
    }
    Ok(())
}

/// Has the kernel look at the new table, and lets go of the card. What fails here fails nobody: the card is written.
fn hand_over(options: &WriteOptions) {
    let quietly = |command: &mut Command| {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    quietly(
        Command::new("blockdev")
            .arg("--rereadpt")
            .arg(&options.device),
    );
    if options.no_eject {
        return;
    }
    let is_out = step::is_on_path("eject") && quietly(Command::new("eject").arg(&options.device));
    println!(
        "{}",
        if is_out {
            "ejected: take it out"
        } else {
            "take it out; unmount it first if the desktop has mounted it"
        }
    );
}

/// A device, or a file in place of one.
struct Device(File);

impl Read for Device {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Device {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for Device {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl Medium for Device {
    fn settle(&mut self) -> io::Result<()> {
        self.0.sync_all()?;
        // Where it was not opened around the cache, a read would be answered from it.
        Ok(fadvise(&self.0, 0, None, Advice::DontNeed)?)
    }
}

/// A bar on a terminal, and a line for each tenth elsewhere.
struct Progress {
    bar: ProgressBar,
    what: &'static str,
    bytes: usize,
}

impl Progress {
    fn new(what: &'static str, bytes: usize) -> Self {
        let bar = ProgressBar::new(bytes as u64);
        let template = "{msg:12} {bar:24} {percent:>3} % {bytes_per_sec} ({eta} left)";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self { bar, what, bytes }
    }

    fn show(&self, done: usize) {
        let tenth = |done: u64| done * 10 / self.bytes.max(1) as u64;
        let before = self.bar.position();
        self.bar.set_position(done as u64);
        if self.bar.is_hidden() && tenth(done as u64) != tenth(before) {
            eprintln!("{} {} %", self.what, tenth(done as u64) * 10);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn options(name: &str, image: &[u8], card: &[u8]) -> WriteOptions {
        let id = std::process::id();
        let place = |what: &str| -> PathBuf {
            std::env::temp_dir().join(format!("pivot-device-{name}-{id}-{what}"))
        };
        fs::write(place("image"), image).unwrap();
        fs::write(place("card"), card).unwrap();
        WriteOptions {
            device: place("card"),
            image: place("image"),
            number: "8:16".to_owned(),
            bytes: card.len() as u64,
            no_verify: false,
            no_eject: true,
        }
    }

    fn remove(options: &WriteOptions) {
        fs::remove_file(&options.image).unwrap();
        fs::remove_file(&options.device).unwrap();
    }

    #[test]
    fn a_plain_file_is_written_read_back_and_keeps_what_lies_between_the_image_and_its_end() {
        for bytes in [3 << 20, (3 << 20) + 512] {
            let image: Vec<u8> = (0..bytes as u32).map(|n| (n * 31) as u8).collect();
            let options = options("plain", &image, &vec![0xaa; 4 << 20]);
            write(&options).unwrap();
            let card = fs::read(&options.device).unwrap();
            let tail = (4 << 20) - 5 * ALIGNMENT;
            assert!(card[..bytes] == image);
            assert!(card[bytes..tail].iter().all(|&byte| byte == 0xaa));
            assert!(card[tail..].iter().all(|&byte| byte == 0));
            remove(&options);
        }
    }

    #[test]
    fn a_device_of_another_size_than_the_one_that_was_checked_is_left_alone() {
        let mut options = options("other", &[1; 4096], &[2; 8192]);
        options.bytes += 512;
        let error = write(&options).unwrap_err().to_string();
        assert!(error.contains("nothing was written"), "{error}");
        assert_eq!(fs::read(&options.device).unwrap(), [2; 8192]);
        remove(&options);
    }
}
