//! Two boots in the emulator: one in which every access to a device is traced, one as the board starts.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::board::Board;
use crate::boot_states::OF_FIRMWARE;
use crate::build::Firmware;
use crate::log;
use crate::machines::{Machine, Role};
use crate::preflight::access::{self, Access};
use crate::preflight::pages::{self, Expected, Leaf, Table};
use crate::preflight::qmp::Qmp;
use crate::preflight::subject::symbol;
use crate::qemu::{Start, board_like_globals, rpi4_options, words};
use crate::session::Rig;
use crate::toolchain::Toolchain;
use crate::tree;
use crate::workspace::Workspace;

/// What is run while accesses are traced: cores wake each other, and the conditions of a measurement are taken, for
/// which the mailbox is asked.
const COMMANDS: [&str; 2] = ["wake --rounds 2", "fpu --threads 2 --iterations 10"];

/// For the machine to stop after `halt`.
const TIME_TO_HALT: Duration = Duration::from_secs(30);

/// For an answer at the prompt of a busy host's emulator.
const TIME_TO_ANSWER: Duration = Duration::from_secs(60);

/// The bits of TTBR0_EL1 that are the address of the tables.
const TTBR_ADDRESS: u64 = 0x0000_ffff_ffff_fffe;

/// What a boot by the emulator's own loader showed. Its interrupt controller forgives what a board's does not.
#[derive(Debug)]
pub(super) struct Watched {
    /// In the order of the trace; those of one core are in their order.
    pub(super) accesses: Vec<Access>,
    /// What the commands printed.
    pub(super) output: String,
    /// What is mapped once threads run, and what there is to be mapped.
    pub(super) mapped: (Vec<Leaf>, Expected),
    /// Lines that the emulator logged and no list allows.
    pub(super) complaints: Vec<String>,
}

/// What a boot by the stub showed, with an interrupt controller as the board's.
#[derive(Debug)]
pub(super) struct Stubbed {
    /// What was printed before the prompt.
    pub(super) banner: String,
    /// Lines that the emulator logged and no list allows.
    pub(super) complaints: Vec<String>,
}

/// Where and what is booted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) toolchain: &'a Toolchain,
    pub(super) firmware: &'a Firmware,
    /// The name of the directory for what the runs leave.
    pub(super) name: &'a str,
}

impl Place<'_> {
    /// The directory of one of the boots.
    pub(super) fn directory(&self, boot: &str) -> PathBuf {
        self.workspace.run_dir(self.name).join(boot)
    }

    pub(super) fn rig<'b>(&'b self, machine: &'b Machine) -> Rig<'b> {
        Rig {
            machine,
            is_full: false,
            workspace: self.workspace,
            toolchain: self.toolchain,
            firmware: self.firmware,
            directory: self.directory(machine.name),
        }
    }

    /// Boots with a trace, runs the commands, reads the tables, halts.
    pub(super) fn watch(&self) -> Result<Watched> {
        // A socket's name has 107 bytes at most; the directory of the project may be longer.
        let socket = std::env::temp_dir().join(format!("pivot-{}.qmp", std::process::id()));
        let listen = format!("unix:{},server=on,wait=off", socket.display());
        let machine = machine(
            "watched",
            Start::Loader,
            words(&["-trace", "memory_region_ops_*", "-qmp", &listen]),
        );
        let rig = self.rig(&machine);
        let mut session = rig.boot()?;
        let mut output = String::new();
        for command in COMMANDS {
            output.push_str(&session.command(command)?);
        }
        let elf = fs::read(&self.firmware.elf)?;
        let mapped = mapped(&elf, &mut Qmp::connect(&socket, &rig.directory)?)?;
        session.serial.send(b"halt\r")?;
        session.serial.wait_for_end(TIME_TO_HALT)?;
        let (accesses, log) = access::split(&self.log(&rig)?);
        ensure!(!accesses.is_empty(), "the emulator has traced nothing");
        Ok(Watched {
            accesses,
            output,
            mapped,
            complaints: complaints(&log),
        })
    }

    /// Boots as the board does, from reset, and waits for the prompt.
    pub(super) fn start_by_stub(&self) -> Result<Stubbed> {
        let machine = machine("stubbed", Start::Stub(OF_FIRMWARE), board_like_globals());
        let rig = self.rig(&machine);
        let mut session = rig.boot()?;
        // Typed and answered: interrupts of timer and UART arrive.
        session.command_within("echo", TIME_TO_ANSWER)?;
        let banner = session.banner.clone();
        drop(session);
        Ok(Stubbed {
            banner,
            complaints: complaints(&self.log(&rig)?),
        })
    }

    fn log(&self, rig: &Rig<'_>) -> Result<String> {
        let path = rig.directory.join("qemu.log");
        fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    }
}

pub(super) fn machine(name: &'static str, start: Start, more: Vec<String>) -> Machine {
    Machine {
        name,
        board: Board::Rpi4,
        options: [rpi4_options(), more].concat(),
        start,
        cores: 4,
        role: Role::Variant,
    }
}

fn complaints(log: &str) -> Vec<String> {
    log::unexpected(log, Board::Rpi4)
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// Reads what the final tables map while the machine stands still.
fn mapped(elf: &[u8], qmp: &mut Qmp) -> Result<(Vec<Leaf>, Expected)> {
    let at = |name: &str| symbol(elf, name);
    qmp.stop()?;
    let root = u64::from_le_bytes(qmp.read(at("pivot::arch::mmu::FINAL_ROOT")?)?) & TTBR_ADDRESS;
    if root == 0 {
        bail!("the final tables are not in use");
    }
    let leaves = pages::leaves(root, &mut |address| {
        let bytes: [u8; 4096] = qmp.read(address)?;
        let mut table: Table = [0; 512];
        for (entry, bytes) in table.iter_mut().zip(bytes.chunks_exact(8)) {
            *entry = bytes.try_into().map(u64::from_le_bytes)?;
        }
        Ok(table)
    })?;
    qmp.go_on()?;
    let expected = Expected {
        ram_end: u64::from(tree::RAM_END),
        text: at("__text_start")?..at("__text_end")?,
    };
    Ok((leaves, expected))
}
