//! Scenarios of the watcher: it names what hangs on purpose, and nothing else.

use anyhow::Result;

use super::COMMAND_TIMEOUT;
use super::conversations::SOON;
use crate::session::{PROMPT, Rig};

/// Each way to hang is reported in words, with who holds what and where; everything works afterwards.
pub(super) fn hangs(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    let last = rig.machine.cores - 1;
    let of_last = [
        format!("hang: core {last} has taken no interrupt for "),
        format!("@hang kind=irq core={last} "),
        format!("hang over: core {last} takes interrupts again"),
        format!("hang: core {} has waited for a spin lock for ", last - 1),
        format!("  core {last} has the lock: thread "),
        format!(" owner_core={last} at=0x"),
        format!("  core {last} runs thread "),
    ];
    let mut patterns = vec![
        "@hang kind=irq core=0 ",
        "\"masks\"",
        "\"spins\"",
        "\"holds\"",
        "\"starves\" is ready and has not run for ",
        "\"hogs\", rt100",
        "a circle of 2, for ",
        "\"first\" waits for mutex 0x",
        "\"second\" waits for mutex 0x",
        "@hang kind=deadlock core=0 ",
        "is open, after ",
        "@done command=hang verdict=passed",
    ];
    patterns.extend(of_last.iter().map(String::as_str));
    session.check("hang all", &patterns)?;
    session.check("watchdog", &["the watchdog is off"])?;
    session.judged("suite threads mutex wake locks --brief", COMMAND_TIMEOUT)?;
    session.finish()
}

/// On a machine that is busy, but does not hang, nothing is reported. (`preempt` and `timers` count the timer's
/// interrupts, and would count the watcher's; in `wake` a realtime thread lets others starve, which is reported.)
pub(super) fn no_hangs(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    session.check("watchdog on", &["hangs are reported after 2000 ms"])?;
    let hogs = format!("hog {} --seconds 86400 &\r", rig.machine.cores + 1);
    session.serial.send(hogs.as_bytes())?;
    session.serial.expect(PROMPT, SOON)?;
    // With the hogs, what takes turns with nobody: handing a lock over takes a hog's slice there.
    session.judged("suite threads tls fpu --brief", COMMAND_TIMEOUT)?;
    session.check("kill 1", &[])?;
    for suites in [
        "mutex condvar sem rwlock barrier channel once locks map",
        "monotonic sleep yield regs pin affinity ctxsw",
    ] {
        session.judged(&format!("suite {suites} --brief"), COMMAND_TIMEOUT)?;
    }
    session.judged("crash all --quiet", COMMAND_TIMEOUT)?;
    session.check(
        "watchdog",
        &["@watchdog after_ms=2000 reset_s=0 hangs=0 open=0"],
    )?;
    session.finish()
}
