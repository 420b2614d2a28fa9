//! What can be typed after the calls that make and write cards.

use std::path::PathBuf;

use clap::Args;

use super::BuildOptions;

/// Where the Raspberry Pi's own firmware comes from.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct VendorOptions {
    /// Take start4.elf, fixup4.dat and bcm2711-rpi-4-b.dtb from here, not from the usual places; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) firmware: Vec<PathBuf>,
}

/// What image is made.
#[derive(Args, Debug)]
pub(crate) struct ImageOptions {
    #[command(flatten)]
    pub(crate) vendor: VendorOptions,
    /// Leave them out: for U-Boot in the emulator. No board boots from such a card
    #[arg(long, conflicts_with = "firmware")]
    pub(crate) without_firmware: bool,
    /// Put an application of boards/rpi4/examples on it in place of the shell
    #[arg(long, value_name = "NAME")]
    pub(crate) example: Option<String>,
    /// Where the image goes; target/pivot/rpi4/sd.img if left out, for an example below target/pivot/rpi4/examples
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) build: BuildOptions,
}

/// Which card is written, with what.
#[derive(Args, Debug)]
pub(crate) struct FlashOptions {
    /// The card: a whole disk such as /dev/sdb. Without it, the candidates are listed
    pub(crate) device: Option<PathBuf>,
    /// Write this image instead of a new one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["firmware", "image_only"])]
    pub(crate) image: Option<PathBuf>,
    /// Make the image, write no card: for another imager
    #[arg(long, value_name = "OUT", conflicts_with_all = ["device", "list"])]
    pub(crate) image_only: Option<PathBuf>,
    /// List the candidates and do nothing else
    #[arg(long)]
    pub(crate) list: bool,
    /// Check everything and say what would be written
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask, unless the disk is larger than 64 GB
    #[arg(long)]
    pub(crate) yes: bool,
    /// Do not read back what was written
    #[arg(long)]
    pub(crate) no_verify: bool,
    /// Leave the card in the machine
    #[arg(long)]
    pub(crate) no_eject: bool,
    /// Take a disk that is built in, too; its name has to be typed then, whatever --yes says
    #[arg(long)]
    pub(crate) allow_fixed_disk: bool,
    #[command(flatten)]
    pub(crate) vendor: VendorOptions,
}

/// The one step that needs root: what `flash` starts under sudo after all its checks.
#[derive(Args, Clone, Debug)]
pub(crate) struct WriteOptions {
    /// The device
    pub(crate) device: PathBuf,
    /// What is written to it
    pub(crate) image: PathBuf,
    /// Device number that was checked, MAJOR:MINOR
    #[arg(long)]
    pub(crate) number: String,
    /// Bytes that the device had when it was checked
    #[arg(long)]
    pub(crate) bytes: u64,
    /// Do not read back
    #[arg(long)]
    pub(crate) no_verify: bool,
    /// Do not eject
    #[arg(long)]
    pub(crate) no_eject: bool,
}
