//! Scenarios that talk to the shell as a person does.

use std::time::Duration;

use anyhow::Result;

use crate::failure::Failure;
use crate::session::{PROMPT, Rig, Session};

/// For what should come at once: it detects a hang. A host that is very busy lets a process stand still for a minute.
pub(super) const SOON: Duration = Duration::from_secs(300);

/// The prompt comes, with every core; what is not understood is explained.
pub(super) fn boot(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    check_cores(rig, &session)?;
    session.check("version", &["Pivot", rig.machine.board.name(), "emulated"])?;
    session.check("ps", &["main", "running"])?;
    session.check("verison", &["version", "help"])?;
    session.check("ctxsw --seconds x", &["seconds", "usage"])?;
    session.finish()
}

/// It comes every time.
pub(super) fn repeated(rig: &Rig<'_>) -> Result<()> {
    let count = if rig.is_full { 100 } else { 10 };
    for _ in 0..count {
        let session = rig.boot()?;
        check_cores(rig, &session)?;
        session.finish()?;
    }
    Ok(())
}

fn check_cores(rig: &Rig<'_>, session: &Session) -> Result<()> {
    let count = rig.machine.cores;
    require(
        session,
        &session.banner,
        &format!("{count} of {count} cores online"),
    )
}

/// `ctxsw` begins with the lines that scripts for `misc-ctxsw` read.
pub(super) fn classic_lines(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    let output = session.command("ctxsw --seconds 1")?;
    for (line, name) in output.lines().zip(["colocated", "apart", "nopin"]) {
        let number = line
            .strip_suffix(name)
            .and_then(|rest| rest.strip_suffix(' '));
        if number.is_none_or(|n| n.len() != 10 || n.trim().parse::<u32>().is_err()) {
            let what = format!("`{line}` is not a figure in ten columns and `{name}`");
            return Err(session.serial.failure(&what).into());
        }
    }
    session.finish()
}

/// Commands in the boot arguments: their verdict ends the run.
pub(super) fn exec(rig: &Rig<'_>) -> Result<()> {
    let commands = "version; ctxsw --seconds 1; fpu";
    let output = rig.execute(commands, None, super::COMMAND_TIMEOUT)?;
    if output.contains("fpu test done, 0/50 fails/tests") {
        return Ok(());
    }
    Err(Failure::verdict(format!("no `0/50 fails/tests` in\n{output}")).into())
}

/// Keys do what they do in other shells.
pub(super) fn editing(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    // Backspace, home, kill to the end, then the word that counts.
    session
        .serial
        .send(b"wrong\x7f\x01\x0becho one two\x1b[D\x1b[D\x1b[D\x15echo three \r")?;
    session.serial.expect("\nthree two\n", SOON)?;
    // Up arrow: the same again. Tab: the only command that begins so.
    session.serial.send(b"\x1b[A\r")?;
    session.serial.expect("\nthree two\n", SOON)?;
    session.serial.send(b"vers\t\r")?;
    session.serial.expect("\nPivot ", SOON)?;
    // ^C throws the line away; ^D on an empty line leaves the shell standing.
    session.serial.send(b"echo never\x03\x04")?;
    session.check("echo still here", &["still here"])?;
    if session.serial.transcript().text().contains("\nnever\n") {
        return Err(session
            .serial
            .failure("a line was run that ^C had thrown away")
            .into());
    }
    session.finish()
}

/// A benchmark in the background is seen at work, and ends when it is told to.
pub(super) fn jobs(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    session.serial.send(b"ctxsw apart --seconds 60 &\r")?;
    session.serial.expect(PROMPT, SOON)?;
    session.check("jobs", &["ctxsw apart"])?;
    session.check("ps", &["ctxsw"])?;
    session.check("kill 1", &[])?;
    // ^C stops what runs in the foreground.
    session.serial.send(b"hog 4\r")?;
    session.serial.expect("hog 4\n", SOON)?;
    session.serial.send(b"\x03")?;
    session.serial.expect(PROMPT, SOON)?;
    session.check("echo back", &["back"])?;
    session.finish()
}

/// A command that crashes has failed, one in the background too, and the shell is there; it is started anew if it crashes
/// itself.
pub(super) fn crashes(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    session.check("crash command", &["ends by a panic", "@fault thread="])?;
    session.check("echo still here", &["still here"])?;
    session.serial.send(b"crash command &\r")?;
    session.serial.expect("crash command: failed", SOON)?;
    session.check("crash null --core 1", &["on core 1 ends by a null pointer"])?;
    session.serial.send(b"crash shell\r")?;
    session
        .serial
        .expect("the shell crashes on purpose", SOON)?;
    session.serial.expect(PROMPT, SOON)?;
    session.check("mem", &["4 threads, with what they had allocated"])?;
    session.finish()
}

/// `suite` names what there is, runs what it is told, completes names, and says how each went.
pub(super) fn suite(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    session.check("suite list", &["monotonic ", "preempt ", "fpu "])?;
    session.check(
        "suite monotonc",
        &["did you mean `monotonic`?", "usage: suite"],
    )?;
    let output = session.check(
        "suite monotonic tls --brief",
        &[
            "@suite name=monotonic verdict=passed",
            "@suite name=tls verdict=passed",
            "SUMMARY: 2 suites, 0 failed",
            "@done command=suite verdict=passed",
        ],
    )?;
    if output.contains("@check") {
        let what = "--brief showed what a suite printed that had passed";
        return Err(session.serial.failure(what).into());
    }
    // Tab completes a name behind another one.
    session.serial.send(b"suite monotonic yie\t--brief\r")?;
    session.serial.expect("SUMMARY: 2 suites, 0 failed", SOON)?;
    session.serial.expect(PROMPT, SOON)?;
    // ^C ends the suite and those that would have come.
    session.serial.send(b"suite monotonic all\r")?;
    session.serial.expect("--- monotonic\n", SOON)?;
    session.serial.send(b"\x03")?;
    session.serial.expect("SUMMARY: 1 suites, 0 failed", SOON)?;
    session.serial.expect("verdict=aborted", SOON)?;
    session.finish()
}

/// Threads that never yield, one for each core, do not take the shell away.
pub(super) fn responsive(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    session
        .serial
        .send(format!("hog {} --seconds 600 &\r", rig.machine.cores).as_bytes())?;
    session.serial.expect(PROMPT, SOON)?;
    for _ in 0..10 {
        session.check("version", &["Pivot"])?;
    }
    session.check("ps", &["hog"])?;
    session.finish()
}

pub(super) fn require(session: &Session, output: &str, pattern: &str) -> Result<()> {
    if output.contains(pattern) {
        return Ok(());
    }
    Err(session
        .serial
        .failure(&format!("no `{pattern}` in what was printed"))
        .into())
}
