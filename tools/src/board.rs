//! The boards that the tool knows by name.

use clap::ValueEnum;

/// A board: a folder under `boards/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Board {
    /// QEMU's `virt` machine.
    Virt,
    /// Raspberry Pi 4, run on QEMU's `raspi4b`.
    Rpi4,
}

impl Board {
    /// Every board, in the order in which they are built and checked.
    pub(crate) const ALL: [Self; 2] = [Self::Virt, Self::Rpi4];

    /// The folder's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Virt => "virt",
            Self::Rpi4 => "rpi4",
        }
    }

    /// The package in that folder.
    pub(crate) fn package(self) -> String {
        format!("pivot-{}", self.name())
    }

    /// The binary of that package: the shell firmware.
    pub(crate) fn binary(self) -> String {
        format!("kernel8-{}", self.name())
    }
}
