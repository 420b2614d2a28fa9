//! The emulator's command line, from what is to be run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::board::Board;
use crate::build::Firmware;
use crate::stub;
use crate::toolchain::Toolchain;
use crate::tree;
use crate::workspace::Workspace;

/// The emulator.
pub(crate) const PROGRAM: &str = "qemu-system-aarch64";

/// What the boot arguments begin with that carry commands to be run instead of a prompt.
const EXEC_ARGUMENT: &str = "pivot.exec=";

/// Where the Pi's image is linked for.
const RPI4_KERNEL: u64 = 0x8_0000;

/// How the Pi's image is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// By QEMU's own loader, with the project's device tree.
    Loader,
    /// By QEMU's own loader, without a device tree: x0 is 0x100 then, or what `virt` says.
    LoaderWithoutTree,
    /// As the board does: from reset, through a stub that leaves what the board's firmware leaves.
    Stub,
}

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
        match (self.board, self.start) {
            (Board::Rpi4, Start::Stub) => {
                let bytes =
                    stub::build(workspace, toolchain, RPI4_KERNEL, tree::STUB_TREE_ADDRESS)?;
                let stub = self.file("stub.bin", &bytes)?;
                let blob = self.file("tree.dtb", &tree::raspi4b(&bootargs)?)?;
                load(command, &stub, 0);
                load(command, &firmware.image, RPI4_KERNEL);
                load(command, &blob, tree::STUB_TREE_ADDRESS);
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

    fn file(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.directory.join(name);
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }
}

/// Puts a file into memory as it is. A comma in its name is doubled, as the option's grammar wants it.
fn load(command: &mut Command, file: &Path, address: u64) {
    let name = file.display().to_string().replace(',', ",,");
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
