//! Item 3: an image that is started at another address than the linked one moves itself, or says so.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::preflight::answer::{Found, expect};
use crate::preflight::watch::Place;
use crate::qemu::{self, board_like_globals, rpi4_options};
use crate::serial::Serial;
use crate::session::PROMPT;
use crate::{stub, tree};

/// Where some firmware leaves an image that it does not move.
const ELSEWHERE: u64 = 0x20_0000;

/// Longer than the first line takes on a busy host.
const PATIENCE: Duration = Duration::from_secs(120);

/// What an image says whose start is not where it is linked (`asm/refusals.s`).
const REFUSAL: &str = "not at the address it is linked for";

/// What came over the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// It came to the prompt.
    ToPrompt,
    /// It said why not.
    Refused(String),
}

impl Place<'_> {
    /// Loads the image elsewhere and starts it there by the stub.
    pub(super) fn start_elsewhere(&self) -> Result<Moved> {
        let directory = self.directory("moved");
        fs::create_dir_all(&directory)?;
        let file = |name: &str, bytes: &[u8]| {
            let path = directory.join(name);
            fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
            Ok::<_, anyhow::Error>(path)
        };
        let stub = stub::build(
            self.workspace,
            self.toolchain,
            ELSEWHERE,
            tree::STUB_TREE_ADDRESS,
        )?;
        let mut command = Command::new(qemu::PROGRAM);
        command.args(rpi4_options()).args(board_like_globals());
        command.args(["-display", "none", "-no-reboot", "-monitor", "none"]);
        command.args([
            "-chardev",
            "stdio,id=uart,signal=off",
            "-serial",
            "chardev:uart",
        ]);
        load(&mut command, &file("stub.bin", &stub)?, 0);
        load(&mut command, &self.firmware.image, ELSEWHERE);
        load(
            &mut command,
            &file("tree.dtb", &tree::raspi4b("")?)?,
            tree::STUB_TREE_ADDRESS,
        );
        let mut serial = Serial::start(&mut command)?;
        serial.expect("pivot", PATIENCE)?;
        let line = serial.expect("\n", PATIENCE)?;
        if line.contains(REFUSAL) {
            return Ok(Moved::Refused(
                line.trim().trim_start_matches(": ").to_owned(),
            ));
        }
        if !line.contains(" on rpi4") {
            bail!("it said `pivot{}`", line.trim_end());
        }
        serial.expect(PROMPT, PATIENCE)?;
        Ok(Moved::ToPrompt)
    }
}

/// Puts a file into memory as it is.
fn load(command: &mut Command, file: &Path, address: u64) {
    let name = file.display().to_string().replace(',', ",,");
    let option = format!("loader,file={name},addr={address:#x},force-raw=on");
    command.arg("-device").arg(option);
}

/// Judges what came.
pub(super) fn judge(moved: &Moved) -> Found {
    match moved {
        Moved::ToPrompt => Ok(format!(
            "started at {ELSEWHERE:#x}, it moves itself and comes to the prompt"
        )),
        Moved::Refused(line) => expect(
            line.contains(REFUSAL),
            format!("started at {ELSEWHERE:#x}, it says: {line}"),
            line.clone(),
        ),
    }
}
