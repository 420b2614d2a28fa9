//! What of the test run is about cards: their images here, and `./flash.sh` in a file of its own.

mod call;
mod flash;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

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
    /// It looks once more after the question, and refuses another card.
    Changed,
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
            Self::Changed => "flash.changed-card",
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
            Self::Refusals => flash::refusals(workspace, &place),
            Self::Changed => flash::changed_card(workspace, &place),
            Self::File => flash::plain_file(workspace, &place),
            Self::Loop => flash::loop_device(workspace, &place),
        }
    }
}

fn image(workspace: &Workspace, place: &Path) -> Result<String> {
    let build = |name: &str| -> Result<Vec<u8>> {
        let out = place.join(name);
        let options = BuildOptions::flashed();
        card::build(workspace, &options, None, &Source::Without, &out)?;
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
