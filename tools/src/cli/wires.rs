//! What can be typed after the calls that talk to a board.

use std::path::PathBuf;

use clap::Args;

use crate::board::Board;

/// What is measured, and where.
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("where").args(["qemu", "port"])))]
pub(crate) struct MeasureOptions {
    /// Measure in QEMU: a trial of the method, the time of no board
    #[arg(long)]
    pub(crate) qemu: bool,
    /// Serial port of the board, or a pty; ports are listed if there is neither this nor --qemu
    #[arg(long, value_name = "DEV")]
    pub(crate) port: Option<String>,
    /// The board to build for and to emulate, with --qemu
    #[arg(long, value_enum, default_value_t = Board::Virt)]
    pub(crate) board: Board,
    /// How often the whole set is run; differences can be told from chance with 5
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,
    /// Where the files go; without it, a new directory under target/pivot/measure
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Shorter measurements
    #[arg(long)]
    pub(crate) quick: bool,
}

/// What is compared.
#[derive(Args, Debug)]
pub(crate) struct CompareOptions {
    /// The measurement before: a directory that `measure` has written, or one file of it
    pub(crate) a: PathBuf,
    /// The measurement after
    pub(crate) b: PathBuf,
    /// Differences of less than so many hundredths do not matter
    #[arg(long, value_name = "PERCENT", default_value_t = 2.0, value_parser = percent)]
    pub(crate) threshold: f64,
    /// Compare what was measured under different conditions: on another board, at another clock
    #[arg(long)]
    pub(crate) anyway: bool,
}

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

/// A share in hundredths.
fn percent(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(percent) if (0.0..=1000.0).contains(&percent) => Ok(percent),
        _ => Err("not a number from 0 to 1000".to_owned()),
    }
}
