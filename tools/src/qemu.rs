//! The emulator's command line, from what is to be run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::board::Board;
use crate::boot_states::{LINKED, State};
use crate::build::Firmware;
use crate::image::declared_size;
use crate::step;
use crate::stub::{self, Handover};
use crate::toolchain::Toolchain;
use crate::tree;
use crate::workspace::Workspace;

/// The emulator.
pub(crate) const PROGRAM: &str = "qemu-system-aarch64";

/// What the boot arguments begin with that carry commands to be run instead of a prompt.
const EXEC_ARGUMENT: &str = "pivot.exec=";

/// How the image is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// By QEMU's own loader, with the project's device tree.
    Loader,
    /// By QEMU's own loader, without a device tree: x0 is 0x100 then, or what `virt` says.
    LoaderWithoutTree,
    /// As the board does: from reset, through a stub that leaves what the board's firmware leaves, or worse.
    Stub(State),
    /// By a person at the prompt of U-Boot.
    UBoot {
        /// The boot loader.
        program: PathBuf,
        /// The card that it reads, where there is one; `virt` has the image in memory instead.
        card: Option<PathBuf>,
    },
}

/// Where `virt` has the image in memory for U-Boot to start: not where it is linked for.
pub(crate) const LOADED_FOR_U_BOOT: u64 = 0x4220_0000;

/// Where the serial console goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Console {
    /// To this terminal, shared with the emulator's monitor: a person is there.
    Terminal,
    /// To standard input and output, all bytes as they are: a program is there.
    Pipe,
    /// To a pty, whose name the emulator says on its standard output: whoever opens it has an adapter's end.
    Pty,
}

/// One run of the emulator.
#[derive(Clone, Debug)]
pub(crate) struct Launch<'a> {
    /// The board to emulate.
    pub(crate) board: Board,
    /// Machine, processor and global options.
    pub(crate) machine: Vec<String>,
    /// How the image is started.
    pub(crate) start: Start,
    /// Commands to be run instead of a prompt.
    pub(crate) exec: Option<&'a str>,
    /// Instruction counting: one instruction is 2^N ns of virtual time.
    pub(crate) icount: Option<u32>,
    /// Where the console goes.
    pub(crate) console: Console,
    /// TCP port of the debugger; the cores wait for it.
    pub(crate) debugger: Option<u16>,
    /// Directory for the files of this run.
    pub(crate) directory: PathBuf,
}

impl Launch<'_> {
    /// Where the emulator logs what a guest did wrong.
    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("qemu.log")
    }

    /// The command; writes the files that it names.
    pub(crate) fn command(
        &self,
        workspace: &Workspace,
        toolchain: &Toolchain,
        firmware: &Firmware,
    ) -> Result<Command> {
        fs::create_dir_all(&self.directory)
            .with_context(|| format!("creating {}", self.directory.display()))?;
        let mut command = Command::new(PROGRAM);
        command.args(&self.machine);
        command.args(["-display", "none", "-no-reboot"]);
        command.args(match self.console {
            Console::Terminal => &["-serial", "mon:stdio"][..],
            Console::Pipe => &[
                "-chardev",
                "stdio,id=uart,signal=off",
                "-serial",
                "chardev:uart",
                "-monitor",
                "none",
            ],
            Console::Pty => &["-serial", "pty", "-monitor", "none"],
        });
        command
            .args(["-d", "guest_errors,unimp,invalid_mem", "-D"])
            .arg(self.log());
        if let Some(shift) = self.icount {
            command
                .arg("-icount")
                .arg(format!("shift={shift},sleep=off"));
        }
        if let Some(port) = self.debugger {
            command
                .arg("-gdb")
                .arg(format!("tcp:127.0.0.1:{port}"))
                .arg("-S");
        }
        self.image_arguments(&mut command, workspace, toolchain, firmware)?;
        Ok(command)
    }

    fn image_arguments(
        &self,
        command: &mut Command,
        workspace: &Workspace,
        toolchain: &Toolchain,
        firmware: &Firmware,
    ) -> Result<()> {
        let bootargs = self
            .exec
            .map(|commands| format!("{EXEC_ARGUMENT}{commands}"))
            .unwrap_or_default();
        match (self.board, &self.start) {
            (_, Start::Stub(state)) => {
                self.stub_arguments(command, state, &bootargs, workspace, toolchain, firmware)?;
            }
            (_, Start::UBoot { program, card }) => {
                match self.board {
                    Board::Rpi4 => {
                        let blob = self.file("tree.dtb", &tree::raspi4b(&bootargs)?)?;
                        command.arg("-kernel").arg(program).arg("-dtb").arg(blob);
                    }
                    Board::Virt => {
                        command.arg("-bios").arg(program);
                        load(command, &firmware.image, LOADED_FOR_U_BOOT);
                    }
                }
                if let Some(card) = card {
                    let file = option_value(card);
                    command
                        .arg("-drive")
                        .arg(format!("file={file},if=sd,format=raw"));
                }
            }
            (Board::Rpi4, Start::Loader) => {
                let blob = self.file("tree.dtb", &tree::raspi4b(&bootargs)?)?;
                command
                    .arg("-kernel")
                    .arg(&firmware.image)
                    .arg("-dtb")
                    .arg(blob);
            }
            (Board::Virt, _) if !bootargs.is_empty() => {
                command
                    .arg("-kernel")
                    .arg(&firmware.image)
                    .arg("-append")
                    .arg(bootargs);
            }
            _ => {
                command.arg("-kernel").arg(&firmware.image);
            }
        }
        Ok(())
    }

    /// Puts stub, image and tree into memory, as the state wants them, for the cores to start in the stub.
    fn stub_arguments(
        &self,
        command: &mut Command,
        state: &State,
        bootargs: &str,
        workspace: &Workspace,
        toolchain: &Toolchain,
        firmware: &Firmware,
    ) -> Result<()> {
        let image = fs::read(&firmware.image)
            .with_context(|| format!("reading {}", firmware.image.display()))?;
        let blob = tree::raspi4b(bootargs)?;
        let end = LINKED + declared_size(&image)?;
        let (x0, has_tree) = state.x0(blob.len() as u64, end);
        let file = state.loaded..state.loaded + image.len() as u64;
        let tree = has_tree.then(|| x0..x0 + blob.len() as u64);
        let kept: Vec<_> = [Some(file), tree].into_iter().flatten().collect();
        let handover = Handover {
            kernel: state.loaded,
            x0,
            rubbish: state.rubbish(&kept),
            pending: state.has_pending_interrupts,
            mmu: state.has_mmu_on,
        };
        let stub = self.file("stub.bin", &stub::build(workspace, toolchain, &handover)?)?;
        load(command, &stub, 0);
        load(command, &firmware.image, state.loaded);
        if has_tree {
            load(command, &self.file("tree.dtb", &blob)?, x0);
        }
        Ok(())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.directory.join(name);
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }
}

/// A pipe with a name, for what the emulator traces: it is too long for a file.
pub(crate) fn trace_pipe(directory: &Path) -> Result<PathBuf> {
    fs::create_dir_all(directory).with_context(|| format!("creating {}", directory.display()))?;
    let pipe = directory.join("trace");
    if pipe.exists() {
        fs::remove_file(&pipe).with_context(|| format!("removing {}", pipe.display()))?;
    }
    step::output(
        "making a pipe for the trace",
        Command::new("mkfifo").arg(&pipe),
    )?;
    Ok(pipe)
}

/// A file's name inside of an option: a comma is doubled, as the grammar wants it.
fn option_value(file: &Path) -> String {
    file.display().to_string().replace(',', ",,")
}

/// Puts a file into memory as it is.
fn load(command: &mut Command, file: &Path, address: u64) {
    let name = option_value(file);
    command
        .arg("-device")
        .arg(format!("loader,file={name},addr={address:#x},force-raw=on"));
}

/// The options of `virt` as `run` and most tests use it.
pub(crate) fn virt_options(cores: usize, gic_version: u8) -> Vec<String> {
    let machine = format!("virt,gic-version={gic_version}");
    words(&[
        "-M",
        &machine,
        "-cpu",
        "cortex-a72",
        "-smp",
        &cores.to_string(),
        "-m",
        "512M",
        "-nic",
        "none",
    ])
}

/// The options of `raspi4b`: QEMU refuses any other number of cores or amount of memory.
pub(crate) fn rpi4_options() -> Vec<String> {
    words(&["-M", "raspi4b"])
}

/// What makes `raspi4b` look like the board: security extensions, 5 priority bits, the 54 MHz crystal.
pub(crate) fn board_like_globals() -> Vec<String> {
    let mut options = Vec::new();
    for property in [
        "arm_gic.has-security-extensions=on",
        "arm_gic.num-priority-bits=5",
        "cortex-a72-arm-cpu.cntfrq=54000000",
    ] {
        options.extend(words(&["-global", property]));
    }
    options
}

/// Strings of their own.
pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
