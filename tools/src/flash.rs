//! `cargo xtask flash`, which `./flash.sh` calls: writes a card. It lists the candidates, refuses what is none, asks,
//! writes, and reads back; only the writing is done as root (`boards/rpi4/README.md`).

mod device;
mod drives;
mod rules;
mod talk;
mod writer;

use std::env;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use rustix::fs::Access;

use crate::card::{self, Source};
use crate::cli::{BuildOptions, FlashOptions, WriteOptions};
use crate::failure::{CODE_ENVIRONMENT, CODE_FAILED, Failure};
use crate::step;
use crate::workspace::Workspace;
use drives::{Drive, Drives};
use rules::{Held, Wish};

/// Far larger than what `cargo xtask image` makes: it is read whole.
const LARGEST: u64 = 2048 << 20;

/// Runs it; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &FlashOptions) -> Result<u8> {
    let source = Source::of(&options.vendor.firmware);
    if let Some(out) = &options.image_only {
        card::build(workspace, &BuildOptions::flashed(), None, &source, out)?;
        println!("{}", out.display());
        return Ok(0);
    }
    let drives = Drives::find()?;
    let held = held(workspace, options, &drives);
    let Some(device) = options.device.as_ref().filter(|_| !options.list) else {
        print!("{}", talk::table(&rules::candidates(&drives.all, &held)));
        if options.list {
            return Ok(0);
        }
        eprintln!("error: which card?\nhelp: ./flash.sh DEVICE, the whole disk");
        return Ok(CODE_ENVIRONMENT);
    };
    let device = resolve(device, &drives)?;
    let bytes = match &options.image {
        Some(file) => length(file)?,
        None => u64::from(card::MIB) << 20,
    };
    // Before the minute that a build takes.
    let wish = Wish {
        device: &device,
        bytes,
        allow_fixed: options.allow_fixed_disk,
        held: &held,
    };
    let disk = rules::judge(&drives.all, &wish)?;
    // A backup disk comes by USB too: --yes is for what is as large as cards are.
    let is_asked =
        !options.yes || !rules::is_card_like(&drives.all, disk) || disk.bytes > talk::LARGE;
    if is_asked && !options.dry_run && !io::stdin().is_terminal() {
        let what = "nobody can be asked: the standard input is no terminal";
        return Err(Failure::environment(what)
            .help("--yes writes without asking")
            .into());
    }
    let image = match &options.image {
        Some(file) => file.clone(),
        None => {
            let file = card::default(workspace);
            card::build(workspace, &BuildOptions::flashed(), None, &source, &file)?;
            file
        }
    };
    eprint!("{}", describe(disk, &image)?);
    if options.dry_run {
        eprintln!("dry run: nothing was written");
        return Ok(0);
    }
    if is_asked {
        talk::confirm(disk, &mut io::stdin().lock(), &mut io::stderr())?;
    }
    rules::judge_again(disk, &Drives::find()?.all, &wish)?;
    let write = WriteOptions {
        device: device.clone(),
        image,
        number: disk.number.clone(),
        bytes: disk.bytes,
        no_verify: options.no_verify,
        no_eject: options.no_eject,
    };
    only_tests_write_files(&write.device, drives.are_recorded)?;
    if rustix::fs::access(&write.device, Access::WRITE_OK).is_ok() {
        return write_device(&write);
    }
    write_as_root(&write)
}

/// The step that needs root; returns the exit code.
pub(crate) fn write_device(options: &WriteOptions) -> Result<u8> {
    device::write(options).map(|()| 0)
}

/// The device itself, where a link such as those in /dev/disk/by-id was named.
fn resolve(device: &Path, drives: &Drives) -> Result<PathBuf> {
    match fs::canonicalize(device) {
        // The disks of a test are not on this machine.
        Err(_) if drives.are_recorded => Ok(device.to_owned()),
        Err(error) => Err(
            Failure::environment(format!("{}: {error}", device.display()))
                .help("./flash.sh lists the candidates")
                .into(),
        ),
        Ok(path) if drives.are_recorded || device::is_block_device(&path) => Ok(path),
        Ok(path) => Err(
            Failure::environment(format!("{} is no device", path.display()))
                .help("./flash.sh --image-only FILE makes an image in a file")
                .into(),
        ),
    }
}

/// A list from a file must not lead to a disk of this machine.
fn only_tests_write_files(device: &Path, is_recorded: bool) -> Result<()> {
    let is_loop = device.to_string_lossy().starts_with("/dev/loop");
    if is_recorded && !is_loop && !device.is_file() {
        let what = "a recorded list of disks is for tests, which write files and loop devices only";
        return Err(Failure::environment(what).help("unset PIVOT_LSBLK").into());
    }
    Ok(())
}

/// What must not be on the disk that is written.
fn held(workspace: &Workspace, options: &FlashOptions, drives: &Drives) -> Vec<Held> {
    if drives.are_recorded {
        return Vec::new();
    }
    let mut held = vec![
        (PathBuf::from("/"), "the running system"),
        (workspace.root().to_owned(), "this repository"),
        (workspace.target().to_owned(), "the image"),
    ];
    held.extend(options.image.clone().map(|file| (file, "the image")));
    held.into_iter()
        .filter_map(|(path, what)| {
            let number = device::number_of_disk_with(&path)?;
            Some(Held {
                number,
                what: what.to_owned(),
            })
        })
        .collect()
}

/// Length of an image that was named.
fn length(file: &Path) -> Result<u64> {
    let data = fs::metadata(file).with_context(|| format!("reading {}", file.display()))?;
    let is_possible = data.is_file() && data.len() % 512 == 0;
    if !is_possible || !(1 << 20..=LARGEST).contains(&data.len()) {
        let what = format!("{} is no image of a card", file.display());
        return Err(Failure::environment(what)
            .help("cargo xtask image makes one; unpack it if it is compressed")
            .into());
    }
    Ok(data.len())
}

/// The summary, with what can be seen to be wrong with the image.
fn describe(disk: &Drive, file: &Path) -> Result<String> {
    let image = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let sum = card::checksum(&image);
    let mut text = talk::summary(disk, &file.display().to_string(), image.len(), &sum);
    match card::read(&image) {
        Ok(files) if files.iter().any(|file| file.name == "start4.elf") => {}
        Ok(_) => text += "warning: no firmware is on it: no board boots from this card\n",
        Err(error) => text += &format!("warning: cargo xtask image did not make it: {error:#}\n"),
    }
    Ok(text)
}

/// Starts this program once more, under sudo, for the writing alone.
fn write_as_root(options: &WriteOptions) -> Result<u8> {
    if !step::is_on_path("sudo") {
        let what = format!(
            "{} cannot be written as this user",
            options.device.display()
        );
        return Err(Failure::environment(what)
            .help("there is no sudo: log in as root, and call ./flash.sh")
            .into());
    }
    // Ctrl-C is the other one's to mind; this one waits for it.
    let _stop = device::signals()?;
    let mut command = Command::new("sudo");
    command.arg("--").arg(env::current_exe()?);
    command
        .arg("write-device")
        .arg(&options.device)
        .arg(fs::canonicalize(&options.image)?)
        .args(["--number", &options.number])
        .args(["--bytes", &options.bytes.to_string()])
        .args(options.no_verify.then_some("--no-verify"))
        .args(options.no_eject.then_some("--no-eject"));
    eprintln!("as root: {}", step::render(&command));
    let status = command.status().context("starting sudo")?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(CODE_FAILED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_list_leads_to_no_disk_of_this_machine() {
        let may = |path: &str| only_tests_write_files(Path::new(path), true).is_ok();
        assert!(may("/dev/loop7"));
        assert!(may(file!()) || may(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")));
        assert!(!may("/dev/sdb"));
        assert!(!may("/dev/null"));
        assert!(only_tests_write_files(Path::new("/dev/sdb"), false).is_ok());
    }

    #[test]
    fn what_is_no_image_is_found_out_before_anything_else() {
        for path in [
            "/dev/null",
            "/",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ] {
            assert!(length(Path::new(path)).is_err(), "{path}");
        }
    }
}
