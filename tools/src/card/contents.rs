//! What lies on a card: the image, what the firmware is told, and the firmware.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::vendor;
use crate::workspace::Workspace;

/// A file on a card.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CardFile {
    /// Its name, with `/` after a directory's.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) bytes: Vec<u8>,
}

/// What `config.txt` has more where the overlay is on the card.
const WITH_OVERLAY: &str = "
# UART0, not the mini UART, for the firmware's own lines too: its overlay is on this card.
dtoverlay=disable-bt
";

/// Every file of a card with that image.
pub(super) fn all(
    workspace: &Workspace,
    kernel: &Path,
    vendor: Vec<CardFile>,
) -> Result<Vec<CardFile>> {
    let path = workspace.root().join("boards/rpi4/config.txt");
    let mut config = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    if vendor.iter().any(|file| file.name == vendor::OVERLAY) {
        config.extend_from_slice(WITH_OVERLAY.as_bytes());
    }
    let mut files = vec![
        CardFile {
            name: "kernel8.img".to_owned(),
            bytes: fs::read(kernel).with_context(|| format!("reading {}", kernel.display()))?,
        },
        CardFile {
            name: "config.txt".to_owned(),
            bytes: config,
        },
    ];
    files.extend(vendor);
    Ok(files)
}
