//! What can be typed after the calls that talk to a board.

use std::path::PathBuf;

use clap::Args;

use crate::board::Board;

/// How a serial port is watched.
#[derive(Args, Debug)]
pub(crate) struct MonitorOptions {
    /// Serial port of the board, or a pty; without it that of PIVOT_SERIAL, or a list
    #[arg(long, value_name = "DEV")]
    pub(crate) port: Option<String>,
    /// The board whose kernel8.elf explains addresses
    #[arg(long, value_enum, default_value_t = Board::Rpi4)]
    pub(crate) board: Board,
    /// Another file that explains them
    #[arg(long, value_name = "FILE")]
    pub(crate) elf: Option<PathBuf>,
    /// Begin each line with the seconds since the start
    #[arg(long)]
    pub(crate) timestamps: bool,
    /// Add what comes to a file, without terminal control
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}
