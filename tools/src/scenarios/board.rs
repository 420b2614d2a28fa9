//! Scenarios of the commands about the board itself: what it says on a Pi, and that it is refused elsewhere.

use anyhow::Result;

use super::conversations::SOON;
use crate::board::Board;
use crate::failure::Failure;
use crate::session::{Rig, Session};

/// What is asked, and what the answer has in it.
type Row = (&'static str, &'static [&'static str]);

/// What QEMU's VideoCore answers (`hw/misc/bcm2835_property.c`), and what its pins do.
const ON_A_PI: &[Row] = &[
    (
        "board",
        &[
            "machine    raspberrypi,4-model-b",
            "RAM        0x0 to 0x3c000000, 960 MiB",
            "board      4B 1.5 with 2048 MiB, revision 0xb03115",
            "Arm        0x0 to 0x3c000000, 960 MiB",
            "VideoCore  0x3c000000 to 0x40000000, 64 MiB",
            "@board board=rpi4 revision=0xb03115",
        ],
    ),
    ("temp", &["25.0 C of 99.0 C", "never throttled"]),
    (
        "clock",
        &[
            "measured",
            "700.00         -    700.00    700.00",
            "maximum first",
        ],
    ),
    ("clock 600", &["the cores run at 700 to 700 MHz"]),
    ("clock max", &["set to 700 MHz", "measurements keep it"]),
    ("clock", &["measurements keep"]),
    ("cost --rounds 1", &["clock_policy=keep"]),
    ("clock auto", &["maximum first"]),
    ("cost --rounds 1", &["clock_policy=auto"]),
    ("clock fast", &["clock [show|max|auto|keep|MHZ]"]),
    ("gpio 17 out", &["GPIO17: out, "]),
    ("gpio 17 1", &["GPIO17: out, 1"]),
    ("gpio 17 0", &["GPIO17: out, 0"]),
    ("gpio 17 up", &["pull up"]),
    ("gpio 17 none", &["pull none"]),
    ("gpio 17 in", &["GPIO17: in, "]),
    ("gpio 17 1", &["it is no output"]),
    ("gpio 15", &["GPIO15: alt0, ", "pull up"]),
    ("gpio 15 in", &["the console has this pin"]),
    ("gpio 40 0", &["the board uses this pin itself"]),
    ("gpio 58", &["an integer from 0 to 57", "usage: gpio"]),
    ("watchdog", &["the watchdog is off"]),
    (
        "watchdog on",
        &["hangs are reported after 2000 ms", "resets at once"],
    ),
    ("watchdog", &["hangs are reported", "reset_s=0"]),
    ("watchdog on 15", &["an integer from 2 to 14"]),
    ("watchdog off", &["the watchdog is off"]),
    (
        "uart",
        &[
            "115200 baud 8N1: 115177 from a clock of 48000000 Hz, 0.01 % off",
            "overruns=0",
        ],
    ),
    ("uart 4000000", &["the nearest is 3000000, 25.00 % off"]),
    ("uart 921600", &["921600 baud 8N1", "0.16 % off"]),
    (
        "uart",
        &["@uart baud=921600", "framing=0 parity=0 breaks=0"],
    ),
    ("uart 115200", &["115200 baud 8N1"]),
];

/// Where there is neither a VideoCore nor what belongs to it.
const ELSEWHERE: &[Row] = &[
    (
        "board",
        &[
            "machine ",
            "none: the device tree names no mailbox",
            "verdict=passed",
        ],
    ),
    ("temp", &["no VideoCore to ask"]),
    ("clock", &["no VideoCore to ask"]),
    ("clock keep", &["no VideoCore to ask"]),
    ("gpio 17", &["names no pins"]),
    ("watchdog", &["the watchdog is off"]),
    (
        "watchdog on --anyway --after 3000",
        &["hangs are reported after 3000 ms", "names no watchdog"],
    ),
    ("watchdog on --after 50", &["an integer from 100 to 60000"]),
    ("watchdog off", &["the watchdog is off"]),
    ("uart", &["115200 baud 8N1: 115", "dropped=0 overruns=0"]),
];

/// Each command of a board says what it is to say.
pub(super) fn board(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    let rows = if is_known_pi(rig) { ON_A_PI } else { ELSEWHERE };
    for (line, patterns) in rows {
        session.check(line, patterns)?;
    }
    session.finish()
}

/// The watchdog resets the machine: QEMU's at once, and it counts no time, so nothing more can be tested with it.
pub(super) fn watchdog(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    if !is_known_pi(rig) {
        session.check("watchdog on", &["names no watchdog"])?;
        return session.finish();
    }
    session.serial.send(b"watchdog on --anyway\r")?;
    require_end(&mut session)?;
    session.finish()
}

/// Whether this is a Pi with a device tree, by which its blocks are known.
fn is_known_pi(rig: &Rig<'_>) -> bool {
    rig.machine.board == Board::Rpi4 && rig.machine.has_bootargs()
}

fn require_end(session: &mut Session) -> Result<()> {
    let status = session.serial.wait_for_end(SOON)?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::verdict(format!("the emulator ended with {status}")).into())
}
