//! The options of the calls that try whether the tests find what is wrong.

use std::path::PathBuf;

use clap::Args;
use clap::builder::TypedValueParser;

use super::BuildOptions;
use crate::board::Board;

/// Which mutants are run, and where.
#[derive(Args, Debug)]
pub(crate) struct MutantOptions {
    /// The board whose image is changed (register mutants)
    #[arg(long, value_enum, default_value_t = Board::Virt)]
    pub(crate) board: Board,
    /// Cores (register mutants, virt only)
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=8).map(usize::from))]
    pub(crate) smp: usize,
    /// List the mutants and run nothing
    #[arg(long)]
    pub(crate) list: bool,
    /// Only register mutants: the image with an instruction replaced
    #[arg(long, conflicts_with = "orders")]
    pub(crate) registers: bool,
    /// Only order mutants: images built from changed sources
    #[arg(long)]
    pub(crate) orders: bool,
    /// Only so many of each kind, evenly spread
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..).map(usize::from))]
    pub(crate) sample: Option<usize>,
    /// Emulators at a time (register mutants)
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) jobs: u8,
    /// Only mutants whose name contains one of these
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) build: BuildOptions,
}

/// How threads are interrupted.
#[derive(Args, Debug)]
pub(crate) struct FuzzOptions {
    /// What the moments are drawn from; printed when it is left out
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// How long; without it, until every instruction was interrupted, and ten minutes at most
    #[arg(long, value_parser = minutes)]
    pub(crate) minutes: Option<f64>,
    /// The board to build for and to emulate
    #[arg(long, value_enum, default_value_t = Board::Virt)]
    pub(crate) board: Board,
    /// List every instruction that is masked or was never executed
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) build: BuildOptions,
}

/// A time in minutes, up to a week.
fn minutes(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(minutes) if (0.0..=10_080.0).contains(&minutes) => Ok(minutes),
        _ => Err("not a number of minutes from 0 to 10080".to_owned()),
    }
}

/// What is soaked, and for how long.
#[derive(Args, Debug)]
pub(crate) struct SoakOptions {
    /// What everything is drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// For so long, and what was begun by then; without this and --faults, a minute
    #[arg(long, value_name = "S", conflicts_with = "faults", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub(crate) seconds: Option<u64>,
    /// Until so many threads have crashed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) faults: Option<u64>,
    /// The board to build for and to emulate
    #[arg(long, value_enum, default_value_t = Board::Virt)]
    pub(crate) board: Board,
    /// Cores (virt only); 8 if left out
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=8).map(usize::from))]
    pub(crate) smp: Option<usize>,
    #[command(flatten)]
    pub(crate) build: BuildOptions,
}

/// What is checked before a card is flashed.
#[derive(Args, Debug)]
pub(crate) struct PreflightOptions {
    /// The card image; target/pivot/rpi4/sd.img if that is there
    #[arg(long, value_name = "FILE", conflicts_with = "plant")]
    pub(crate) card: Option<PathBuf>,
    /// Plant a defect and see it found by its item: a name, or `all`
    #[arg(long, value_name = "NAME")]
    pub(crate) plant: Option<String>,
}
