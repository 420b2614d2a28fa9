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
    every_suite(rig, &[], None)
}

/// Every suite, all cores in one thread.
pub(super) fn suites_single(rig: &Rig<'_>) -> Result<()> {
    every_suite(rig, &["-accel", "tcg,thread=single"], None)
}

/// Every suite, with instructions counted: then what is asserted about time is asserted.
pub(super) fn suites_counted(rig: &Rig<'_>) -> Result<()> {
    every_suite(rig, &[], Some(COUNTED_SHIFT))
}

fn every_suite(rig: &Rig<'_>, options: &[&str], icount: Option<u32>) -> Result<()> {
    let mut session = rig.boot_with(options, icount)?;
    let strict = if icount.is_some() { " --strict" } else { "" };
    session.judged(&format!("suite all --brief{strict}"), COMMAND_TIMEOUT)?;
    session.finish()
}
