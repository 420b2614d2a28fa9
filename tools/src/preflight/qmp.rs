//! The emulator's machine protocol, as far as the memory of a stopped machine is read by it (QEMU,
//! docs/interop/qmp-spec).

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// Longer than the emulator takes for any answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to an emulator.
#[derive(Debug)]
pub(super) struct Qmp {
    stream: BufReader<UnixStream>,
    /// Where pieces of memory go.
    piece: PathBuf,
}

impl Qmp {
    /// Connects to an emulator that listens on `socket`; pieces of memory pass through a file in `directory`.
    pub(super) fn connect(socket: &Path, directory: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket).context("connecting to the emulator")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut qmp = Self {
            stream: BufReader::new(stream),
            piece: directory.join("memory"),
        };
        qmp.message()?;
        qmp.execute("qmp_capabilities", &json!({}))?;
        Ok(qmp)
    }

    /// Stops the machine's cores.
    pub(super) fn stop(&mut self) -> Result<()> {
        self.execute("stop", &json!({}))
    }

    /// Lets them go on.
    pub(super) fn go_on(&mut self) -> Result<()> {
        self.execute("cont", &json!({}))
    }

    /// Physical memory.
    pub(super) fn read<const BYTES: usize>(&mut self, address: u64) -> Result<[u8; BYTES]> {
        let piece = self.piece.display().to_string();
        let arguments = json!({ "val": address, "size": BYTES, "filename": piece });
        self.execute("pmemsave", &arguments)?;
        let bytes = fs::read(&self.piece).context("reading what the emulator has written")?;
        let length = bytes.len();
        bytes
            .try_into()
            .ok()
            .with_context(|| format!("{length} bytes at {address:#x}, not {BYTES}"))
    }

    fn execute(&mut self, command: &str, arguments: &Value) -> Result<()> {
        let request = json!({ "execute": command, "arguments": arguments });
        self.stream
            .get_mut()
            .write_all(format!("{request}\n").as_bytes())?;
        loop {
            let answer = self.message()?;
            if let Some(error) = answer.get("error") {
                bail!("the emulator refuses `{command}`: {error}");
            }
            // Events come in between.
            if answer.get("return").is_some() {
                return Ok(());
            }
        }
    }

    fn message(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the emulator has ended");
        }
        serde_json::from_str(&line).context("not what the emulator's protocol says")
    }
}
