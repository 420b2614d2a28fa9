//! Item 3: an image that is started at another address than the linked one moves itself.

use anyhow::Result;

use crate::boot_states::{OF_FIRMWARE, State};
use crate::preflight::answer::{Found, expect};
use crate::preflight::watch::{Place, machine};
use crate::qemu::{Start, board_like_globals};

/// Where some firmware leaves an image that it does not move.
const ELSEWHERE: u64 = 0x20_0000;

/// What was printed before the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moved(String);

impl Place<'_> {
    /// Loads the image elsewhere and starts it there by the stub; waits for the prompt.
    pub(super) fn start_elsewhere(&self) -> Result<Moved> {
        let state = State {
            loaded: ELSEWHERE,
            ..OF_FIRMWARE
        };
        let machine = machine("moved", Start::Stub(state), board_like_globals());
        let session = self.rig(&machine).boot()?;
        Ok(Moved(session.banner.clone()))
    }
}

/// Judges what was printed.
pub(super) fn judge(moved: &Moved) -> Found {
    let first = moved.0.lines().find(|line| line.starts_with("pivot "));
    let is_home = first.is_some_and(|line| line.contains("image at 0x80000,"));
    expect(
        is_home,
        format!("started at {ELSEWHERE:#x}, it comes to the prompt at 0x80000"),
        format!("started at {ELSEWHERE:#x}, it says {first:?}"),
    )
}
