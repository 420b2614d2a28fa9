//! The image under U-Boot, started from its prompt as a person would.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::board::Board;
use crate::card;
use crate::qemu::{LOADED_FOR_U_BOOT, Start};
use crate::session::{Rig, Session};
use crate::setup;

use super::COMMAND_TIMEOUT;
use super::conversations::SOON;

/// Reading the card takes an emulator seconds, and a busy host minutes.
const LOADING: Duration = Duration::from_secs(600);

/// U-Boot moves the image to a place that its header allows, cleans it to memory, turns the MMU off, passes the tree.
pub(super) fn booti(rig: &Rig<'_>) -> Result<()> {
    let session = match rig.machine.board {
        Board::Rpi4 => u_boot(rig, 0x8_0000, "booti 0x80000 - ${fdt_addr}"),
        Board::Virt => u_boot(
            rig,
            LOADED_FOR_U_BOOT,
            "booti 0x42200000 - ${fdtcontroladdr}",
        ),
    }?;
    runs(session, &["device tree at 0x", "4 of 4 cores online"])
}

/// U-Boot jumps to where the image was loaded, with MMU and caches on and without a tree.
pub(super) fn go(rig: &Rig<'_>) -> Result<()> {
    match rig.machine.board {
        Board::Rpi4 => {
            let session = u_boot(rig, 0x20_0000, "go 0x200000")?;
            runs(session, &["no device tree", "4 of 4 cores online"])
        }
        // How to start the others stands in the tree.
        Board::Virt => {
            let session = u_boot(rig, LOADED_FOR_U_BOOT, "go 0x42200000")?;
            runs(session, &["no device tree", "1 of 1 cores online"])
        }
    }
}

/// Stops U-Boot at its prompt, loads the image (the Pi's from its card), and starts it.
fn u_boot(rig: &Rig<'_>, place: u64, command: &str) -> Result<Session> {
    let program = setup::u_boot(rig.workspace, rig.machine.board)?;
    let (card, prompt) = match rig.machine.board {
        Board::Rpi4 => (Some(card(rig)?), "U-Boot> "),
        Board::Virt => (None, "=> "),
    };
    let from_card = card.is_some();
    let mut session = rig.start_as(Start::UBoot { program, card })?;
    let serial = &mut session.serial;
    serial.expect("stop autoboot", LOADING)?;
    serial.send(b" ")?;
    serial.expect(prompt, SOON)?;
    if from_card {
        serial.send(format!("load mmc 0:1 {place:#x} kernel8.img\r").as_bytes())?;
        serial.expect(" bytes read in ", LOADING)?;
        serial.expect(prompt, SOON)?;
    }
    serial.send(format!("{command}\r").as_bytes())?;
    session.wait_for_prompt()?;
    Ok(session)
}

/// The card that `cargo xtask image --without-firmware` makes.
fn card(rig: &Rig<'_>) -> Result<PathBuf> {
    let image = card::without_firmware(rig.workspace, &rig.firmware.image)?;
    fs::create_dir_all(&rig.directory)?;
    let path = rig.directory.join("card.img");
    fs::write(&path, image).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

/// What was said at boot is so, and the switch works.
fn runs(mut session: Session, said: &[&str]) -> Result<()> {
    for words in said {
        if !session.banner.contains(words) {
            let what = format!("the image did not say `{words}`");
            return Err(session.serial.failure(&what).into());
        }
    }
    session.judged("ctxsw --seconds 1", COMMAND_TIMEOUT)?;
    session.judged("fpu", COMMAND_TIMEOUT)?;
    session.finish()
}
