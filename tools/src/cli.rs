//! What can be typed after `cargo xtask`.

mod cards;
mod proofs;
mod wires;

use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::board::Board;
pub(crate) use cards::{FlashOptions, ImageOptions, WriteOptions};
pub(crate) use proofs::{FuzzOptions, MutantOptions, PreflightOptions, SoakOptions};
pub(crate) use wires::{CompareOptions, MeasureOptions, MonitorOptions};

/// The host tool of Pivot.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) call: Call,
}

/// A call of the tool.
#[derive(Debug, Subcommand)]
pub(crate) enum Call {
    /// Build a board, boot it in QEMU, and give its shell
    Run(RunOptions),
    /// Host tests, then the firmware on every machine of the matrix
    Test(TestOptions),
    /// Build kernel8.img and kernel8.elf
    Build {
        /// Only this board
        #[arg(long)]
        board: Option<Board>,
        /// An application of boards/*/examples in place of the shell
        #[arg(long, value_name = "NAME")]
        example: Option<String>,
        #[command(flatten)]
        build: BuildOptions,
    },
    /// Make the image of a card for a Raspberry Pi 4
    Image(ImageOptions),
    /// Write a card: `./flash.sh` calls it
    Flash(FlashOptions),
    /// The step of `flash` that needs root
    #[command(hide = true)]
    WriteDevice(WriteOptions),
    /// Hold the instructions of the images against the rules that no test on an emulator shows
    Inspect {
        /// Only this board
        #[arg(long)]
        board: Option<Board>,
        #[command(flatten)]
        build: BuildOptions,
    },
    /// Check the finished image, config.txt and card before they are flashed: 36 items
    Preflight(PreflightOptions),
    /// Boot with the cores stopped, and say how to attach a debugger
    Gdb {
        /// TCP port to listen on
        #[arg(long, default_value_t = 1234)]
        port: u16,
        #[command(flatten)]
        run: RunOptions,
    },
    /// Images with one mistake each, which the firmware's own tests have to find
    Mutants(MutantOptions),
    /// Interrupt threads at every instruction of the scheduler and the locks
    Fuzz(FuzzOptions),
    /// Everything that a board can do, in an order that a seed says, and thousands of threads that crash
    Soak(SoakOptions),
    /// Turn what `trace dump` prints into a trace for ui.perfetto.dev, and check it
    Trace(TraceOptions),
    /// Run the benchmarks on a board or in QEMU, keep every figure with its conditions, and plot them
    Measure(MeasureOptions),
    /// Say what differs between two measurements, and how sure that is; 1 if something is slower
    Compare(CompareOptions),
    /// A terminal on a board's serial port, which explains addresses (Ctrl-] quits)
    Monitor(MonitorOptions),
    /// Count the instructions of single operations, against the figures that were blessed
    Bench(BenchOptions),
    /// Show where each instruction of a hot path goes, by function and line
    Paths(PathOptions),
    /// Formatting, lints for the host and for both boards, documentation
    Check,
    /// Find or install what is missing, and nothing else
    Setup,
}

/// How an image is built.
#[derive(Args, Clone, Debug)]
pub(crate) struct BuildOptions {
    /// Cargo profile: `release`, or `checked` with debug assertions and overflow checks
    #[arg(long, default_value = "release")]
    profile: String,
    /// The release profile at another optimisation level; the flashed image has 3
    #[arg(long, value_enum, value_name = "LEVEL", conflicts_with = "profile")]
    opt_level: Option<OptLevel>,
}

impl BuildOptions {
    /// As the image is built that goes on a card if nobody says otherwise.
    pub(crate) fn flashed() -> Self {
        Self {
            profile: "release".to_owned(),
            opt_level: None,
        }
    }

    /// The cargo profile to build with.
    pub(crate) fn profile(&self) -> &str {
        self.opt_level
            .map_or(self.profile.as_str(), |level| level.profile())
    }
}

/// How much the compiler optimises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OptLevel {
    /// Not at all
    #[value(name = "0")]
    None,
    /// A little
    #[value(name = "1")]
    Some,
    /// Much
    #[value(name = "2")]
    Much,
    /// All there is: what is flashed
    #[value(name = "3")]
    All,
    /// For size
    #[value(name = "s")]
    Size,
}

impl OptLevel {
    /// The cargo profile of that level: `Cargo.toml` has one for each that is not the usual one.
    pub(crate) const fn profile(self) -> &'static str {
        match self {
            Self::None => "O0",
            Self::Some => "O1",
            Self::Much => "O2",
            Self::All => "release",
            Self::Size => "Os",
        }
    }
}

/// How an image is run.
#[derive(Args, Clone, Debug)]
pub(crate) struct RunOptions {
    /// The board to build for and to emulate
    #[arg(long, value_enum, default_value_t = Board::Virt)]
    pub(crate) board: Board,
    /// Cores (virt only)
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=512).map(usize::from))]
    pub(crate) smp: usize,
    /// Version of the interrupt controller (virt only)
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=3))]
    pub(crate) gic: u8,
    /// Run an application of the board's examples in place of the shell
    #[arg(long, value_name = "NAME", conflicts_with = "exec")]
    pub(crate) example: Option<String>,
    /// Run these commands instead of a prompt, and exit with their verdict
    #[arg(long, value_name = "CMD; CMD")]
    pub(crate) exec: Option<String>,
    /// Count instructions: one is 2^N ns of the machine's time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=10))]
    pub(crate) icount: Option<u32>,
    /// Start without a device tree (rpi4)
    #[arg(long, conflicts_with = "stub")]
    pub(crate) no_dtb: bool,
    /// Start as the board does: from reset, through a firmware stub (rpi4)
    #[arg(long)]
    pub(crate) stub: bool,
    /// With --exec: seconds of silence that count as a hang
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) silence: u64,
    /// Further words for QEMU
    #[arg(last = true, value_name = "QEMU OPTIONS")]
    pub(crate) qemu: Vec<String>,
    #[command(flatten)]
    pub(crate) build: BuildOptions,
}

/// Which tests are run.
#[derive(Args, Debug)]
pub(crate) struct TestOptions {
    /// Host tests and a boot of each board
    #[arg(long, conflicts_with = "full")]
    pub(crate) quick: bool,
    /// Every scenario on every machine, with the whole counts
    #[arg(long)]
    pub(crate) full: bool,
    /// List the names of the cases and run nothing
    #[arg(long)]
    pub(crate) list: bool,
    /// Emulators at a time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) jobs: u8,
    /// Only cases whose name contains one of these; host tests are left out then
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) build: BuildOptions,
}

/// What is traced, and where the trace goes.
#[derive(Args, Debug)]
pub(crate) struct TraceOptions {
    /// What was captured while `trace dump` printed; other lines may stand in it
    #[arg(
        value_name = "FILE",
        conflicts_with_all = ["in_qemu", "port"],
        required_unless_present_any = ["in_qemu", "port"]
    )]
    pub(crate) file: Option<PathBuf>,
    /// Trace a run in QEMU: of --exec, or of `ctxsw apart --seconds 1`
    #[arg(long = "qemu", conflicts_with = "port")]
    pub(crate) in_qemu: bool,
    /// Trace the same on the board at this serial port, or pty
    #[arg(long, value_name = "DEV")]
    pub(crate) port: Option<String>,
    /// Events that each core has room for; without it 131072 with --qemu, and 4096 with --port, which a wire of 115200
    /// baud brings in a minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(64..=1 << 20))]
    pub(crate) events: Option<u32>,
    /// Where the JSON goes; target/pivot/trace.json if left out
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// Which operations are measured.
#[derive(Args, Debug)]
pub(crate) struct BenchOptions {
    /// Make what comes out the figures to compare with, and write the table in docs/performance.md
    #[arg(long)]
    pub(crate) bless: bool,
    /// Only operations whose name contains one of these
    #[arg(value_name = "NAME", conflicts_with = "bless")]
    pub(crate) names: Vec<String>,
}

/// Which paths are followed.
#[derive(Args, Debug)]
pub(crate) struct PathOptions {
    /// Write what comes out into docs/paths.md
    #[arg(long)]
    pub(crate) bless: bool,
    /// Only paths whose benchmark's name contains one of these
    #[arg(value_name = "NAME", conflicts_with = "bless")]
    pub(crate) names: Vec<String>,
}

#[cfg(test)]
mod tests;
