//! `cargo xtask run`: builds, boots in QEMU, gives the shell or runs commands and takes their verdict.

use std::io;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use crate::board::Board;
use crate::boot_states;
use crate::build;
use crate::cli::RunOptions;
use crate::explain;
use crate::failure::{CODE_FAILED, Failure};
use crate::qemu::{self, Console, Launch, Start};
use crate::serial::{Received, Serial};
use crate::setup;
use crate::step;
use crate::toolchain::Toolchain;
use crate::transcript::exit_code;
use crate::workspace::Workspace;

mod terminal;

use terminal::converse;

/// How long the emulator may take to stop after the verdict.
const TIME_TO_HALT: Duration = Duration::from_secs(10);

/// Runs the firmware; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &RunOptions) -> Result<u8> {
    let launch = launch(workspace, options, None)?;
    let (toolchain, firmware) = prepare(workspace, options)?;
    let mut command = launch.command(workspace, &toolchain, &firmware)?;
    if launch.exec.is_some() {
        let mut stdout = io::stdout();
        let mut lines = explain::by(firmware.elf);
        return execute(
            &mut Serial::start(&mut command)?,
            Duration::from_secs(options.silence),
            |text| explain::write(&mut lines, text, &mut stdout),
        );
    }
    eprintln!("Ctrl-A X leaves the emulator, Ctrl-A H lists its other keys.");
    if converse(&mut command, firmware.elf)? {
        return Ok(0);
    }
    Err(Failure::environment("the emulator failed")
        .help(step::render(&command))
        .into())
}

/// Runs the commands of `--exec` and shows nothing but how much came; returns the exit code and all that was printed.
pub(crate) fn capture(workspace: &Workspace, options: &RunOptions) -> Result<(u8, String)> {
    let launch = launch(workspace, options, None)?;
    let (toolchain, firmware) = prepare(workspace, options)?;
    let mut command = launch.command(workspace, &toolchain, &firmware)?;
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {bytes} received ({elapsed})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    let mut text = String::new();
    let code = execute(
        &mut Serial::start(&mut command)?,
        Duration::from_secs(options.silence),
        |more| {
            text.push_str(more);
            bar.inc(more.len() as u64);
            Ok(())
        },
    );
    bar.finish_and_clear();
    Ok((code?, text))
}

/// `cargo xtask gdb`: the same, stopped at the first instruction until a debugger comes.
pub(crate) fn debug(workspace: &Workspace, options: &RunOptions, port: u16) -> Result<u8> {
    let launch = launch(workspace, options, Some(port))?;
    let (toolchain, firmware) = prepare(workspace, options)?;
    let mut command = launch.command(workspace, &toolchain, &firmware)?;
    let debugger = debugger_for_arm().unwrap_or("gdb-multiarch");
    eprintln!("The cores wait. In another terminal:");
    println!(
        "{debugger} -ex 'target remote 127.0.0.1:{port}' {}",
        firmware.elf.display()
    );
    if debugger_for_arm().is_none() {
        eprintln!("(there is none on this machine: apt-get install gdb-multiarch)");
    }
    eprintln!("Ctrl-A X leaves the emulator.");
    Ok(if step::passthrough(&mut command)? {
        0
    } else {
        CODE_FAILED
    })
}

/// A debugger on this machine that knows the architecture; a host's own knows it on an Arm host only.
fn debugger_for_arm() -> Option<&'static str> {
    let host = cfg!(target_arch = "aarch64").then_some("gdb");
    [
        "gdb-multiarch",
        "aarch64-none-elf-gdb",
        "aarch64-linux-gnu-gdb",
    ]
    .into_iter()
    .chain(host)
    .find(|program| step::is_on_path(program))
}

fn prepare(workspace: &Workspace, options: &RunOptions) -> Result<(Toolchain, build::Firmware)> {
    let toolchain = setup::toolchain(workspace)?;
    setup::emulator()?;
    let firmware = build::program(
        workspace,
        &toolchain,
        options.board,
        options.build.profile(),
        options.example.as_deref(),
    )?;
    Ok((toolchain, firmware))
}

fn launch<'a>(
    workspace: &Workspace,
    options: &'a RunOptions,
    debugger: Option<u16>,
) -> Result<Launch<'a>> {
    let start = match (options.stub, options.no_dtb) {
        (true, _) => Start::Stub(boot_states::OF_FIRMWARE),
        (false, true) => Start::LoaderWithoutTree,
        (false, false) => Start::Loader,
    };
    let mut machine = machine(options)?;
    if options.stub {
        if options.board != Board::Rpi4 {
            return Err(usage(
                "only the Pi has a firmware stub",
                "--board rpi4 --stub",
            ));
        }
        machine.extend(qemu::board_like_globals());
    }
    if start == Start::LoaderWithoutTree && options.exec.is_some() {
        return Err(usage(
            "--exec hands its commands over in the device tree",
            "leave out --no-dtb",
        ));
    }
    machine.extend(options.qemu.iter().cloned());
    Ok(Launch {
        board: options.board,
        machine,
        start,
        exec: options.exec.as_deref(),
        icount: options.icount,
        console: if options.exec.is_some() {
            Console::Pipe
        } else {
            Console::Terminal
        },
        debugger,
        directory: workspace.run_dir(&format!("run-{}", options.board.name())),
    })
}

fn machine(options: &RunOptions) -> Result<Vec<String>> {
    match options.board {
        Board::Virt if options.gic == 2 && options.smp > 8 => {
            Err(usage("a GICv2 serves at most 8 cores", "--smp 8"))
        }
        Board::Virt => Ok(qemu::virt_options(options.smp, options.gic)),
        Board::Rpi4 if options.smp != 4 || options.gic != 2 => Err(usage(
            "the Pi 4 has four cores and a GICv2",
            "leave out --smp and --gic",
        )),
        Board::Rpi4 => Ok(qemu::rpi4_options()),
    }
}

fn usage(what: &str, help: &str) -> anyhow::Error {
    Failure::environment(what).help(help).into()
}

/// Passes the console to `show`, line by line, until the verdict line, and takes the verdict.
fn execute(
    serial: &mut Serial,
    silence: Duration,
    mut show: impl FnMut(&str) -> io::Result<()>,
) -> Result<u8> {
    let mut shown = String::new();
    let started = Instant::now();
    loop {
        let received = serial.receive(silence);
        shown.push_str(&serial.transcript().take_all());
        while let Some(end) = shown.find('\n') {
            let line: String = shown.drain(..=end).collect();
            show(&line)?;
            if let Some(code) = exit_code(&line) {
                // The verdict counts, whether the machine stops in time or has to be stopped.
                if serial.wait_for_end(TIME_TO_HALT).is_err() {
                    eprintln!("the machine did not halt after its verdict, so it was stopped");
                }
                return Ok(code);
            }
        }
        match received {
            Received::Bytes(_) => {}
            Received::Silence => {
                let what = format!("the firmware has said nothing for {} s", silence.as_secs());
                return Err(Failure::verdict(what).into());
            }
            Received::Closed => {
                show(&shown)?;
                let words = serial.last_words();
                let after = started.elapsed().as_secs_f64();
                let what =
                    format!("the emulator ended after {after:.1} s without a verdict{words}");
                return Err(Failure::verdict(what).into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn verdict(script: &str, silence: Duration) -> Result<u8> {
        execute(
            &mut Serial::start(Command::new("sh").args(["-c", script]))?,
            silence,
            |_| Ok(()),
        )
    }

    #[test]
    fn the_verdict_line_is_the_exit_code() {
        let long = Duration::from_secs(30);
        assert_eq!(verdict("echo; echo '@exit code=0'", long).unwrap(), 0);
        assert_eq!(
            verdict("printf 'x\\r\\n@exit code=1\\r\\n'", long).unwrap(),
            1
        );
    }

    #[test]
    fn an_end_without_a_verdict_is_an_error() {
        let error = verdict("echo half a line", Duration::from_secs(30))
            .unwrap_err()
            .to_string();
        assert!(error.contains("without a verdict"), "{error}");
    }

    #[test]
    fn silence_is_an_error() {
        let error = verdict("exec sleep 30", Duration::from_millis(50))
            .unwrap_err()
            .to_string();
        assert!(error.contains("has said nothing"), "{error}");
    }
}
