//! The image in the states that boot loaders leave (`boot_states.rs`).

use anyhow::Result;

use crate::boot_states::TREE_IN_THE_WAY;
use crate::qemu::Start;
use crate::session::Rig;

use super::conversations::SOON;
use super::{COMMAND_TIMEOUT, COUNTED_SHIFT};

/// A tree that the image would overwrite is refused in words, not destroyed.
pub(super) fn tree_in_the_way(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.start_as(Start::Stub(TREE_IN_THE_WAY))?;
    // The emulator logs that the UART is off, where the board's firmware has it on: its log is not judged.
    let words = "the device tree lies where the image belongs";
    session.serial.expect(words, SOON).map(drop)
}

/// Every suite, cores in threads of their own.
pub(super) fn suites(rig: &Rig<'_>) -> Result<()> {
    every_suite(rig, &[])
}

/// Every suite, all cores in one thread.
pub(super) fn suites_single(rig: &Rig<'_>) -> Result<()> {
    every_suite(rig, &["-accel", "tcg,thread=single"])
}

/// Every suite, with instructions counted: then what is asserted about time is asserted. From the boot arguments: an
/// emulator that counts takes what is typed when it likes.
pub(super) fn suites_counted(rig: &Rig<'_>) -> Result<()> {
    let commands = "suite all --brief --strict";
    rig.execute(commands, Some(COUNTED_SHIFT), COMMAND_TIMEOUT)
        .map(drop)
}

fn every_suite(rig: &Rig<'_>, options: &[&str]) -> Result<()> {
    let mut session = rig.boot_with(options)?;
    session.judged("suite all --brief", COMMAND_TIMEOUT)?;
    session.finish()
}
