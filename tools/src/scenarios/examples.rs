//! The examples of the boards, which are applications in place of the shell.

use anyhow::{Result, ensure};

use crate::session::Rig;

use super::COMMAND_TIMEOUT;
use super::conversations::SOON;

/// `threads`: every line is whole, no addition is lost, and the machine stops.
pub(super) fn threads(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.start_as(rig.machine.start.clone())?;
    let last = "joined [1, 2, 3, 4]; the sum is 20200\n";
    let printed = session.serial.expect(last, SOON)?;
    let cores = format!("the workers have {} cores\n", rig.machine.cores);
    ensure!(printed.contains(&cores), "no line `{cores}`");
    for number in 1..=4 {
        let done = format!("worker {number} is done, on core ");
        let core = |line: &str| line.strip_prefix(&done)?.parse::<usize>().ok();
        let ran_on = printed.lines().find_map(core);
        ensure!(
            ran_on.is_some_and(|core| core < rig.machine.cores),
            "no line `{done}` with one of the cores"
        );
    }
    session.serial.wait_for_end(COMMAND_TIMEOUT)?;
    session.finish()
}
