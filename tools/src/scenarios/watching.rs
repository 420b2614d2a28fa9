//! Scenarios that look at the commands by which one sees the system at work.

use anyhow::Result;

use super::conversations::SOON;
use crate::session::{PROMPT, Rig};
use crate::trace;
use crate::transcript::records;

/// A second of `ctxsw apart` is recorded: the trace is whole, can be true, and loads as JSON.
pub(super) fn trace(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    session.check("trace dump", &["nothing was recorded"])?;
    session.check("trace on --events 65536", &["trace: on", "65536"])?;
    session.judged("ctxsw apart --seconds 1", super::COMMAND_TIMEOUT)?;
    let output = session.command_within("trace dump", super::COMMAND_TIMEOUT)?;
    let (json, switches) =
        trace::judge(&output).map_err(|error| session.serial.failure(&format!("{error:#}")))?;
    let loaded: serde_json::Value = serde_json::from_str(&json)?;
    let slices = loaded["traceEvents"].as_array().map_or(0, |events| {
        events.iter().filter(|event| event["ph"] == "X").count()
    });
    // Each switch ends a slice, and each core has one that the end of the recording ends.
    if switches < 1_000 || slices != switches + rig.machine.cores {
        let what = format!("{switches} switches were recorded, and {slices} slices are shown");
        return Err(session.serial.failure(&what).into());
    }
    // A ring that is far too small says what it has lost, and what is left adds up.
    session.check("trace on --events 64", &["trace: on"])?;
    session.judged("yield", super::COMMAND_TIMEOUT)?;
    session.check("trace off", &["LOST"])?;
    let output = session.command("trace dump")?;
    trace::judge(&output).map_err(|error| session.serial.failure(&format!("{error:#}")))?;
    if records(&output).all(|record| record.number("lost").is_none_or(|lost| lost == 0)) {
        return Err(session.serial.failure("nothing was lost").into());
    }
    session.finish()
}

/// `top` names the busiest first, with a hog on every core too; q and ^C end it, and the prompt is there again.
pub(super) fn top(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    session
        .serial
        .send(format!("hog {} --seconds 600 &\r", rig.machine.cores).as_bytes())?;
    session.serial.expect(PROMPT, SOON)?;
    let output = session.check(
        "top --count 2",
        &["CPU%", "hog", "@top looks=2", "verdict=passed"],
    )?;
    let busiest = output
        .lines()
        .skip_while(|line| !line.starts_with("  ID NAME"))
        .nth(1);
    if !busiest.is_some_and(|line| line.contains("hog")) {
        let what = format!("the busiest thread is not a hog, but {busiest:?}");
        return Err(session.serial.failure(&what).into());
    }
    if let Some(line) = output
        .lines()
        .find(|line| line.len() > 80 && !line.starts_with('@'))
    {
        let what = format!("`{line}` is wider than a terminal");
        return Err(session.serial.failure(&what).into());
    }
    for key in [b"q", b"\x03"] {
        session.serial.send(b"top\r")?;
        for _ in 0..2 {
            session.serial.expect("; q ends this", SOON)?;
        }
        session.serial.send(key)?;
        session.serial.expect(PROMPT, SOON)?;
        session.check("echo still here", &["still here"])?;
    }
    session.check("top --once", &["@top looks=1"])?;
    session.finish()
}

/// `ps` knows how deep a stack was used: some of it, and not all.
pub(super) fn ps(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    let output = session.check("ps", &["SW-VOL", "SW-PRE", "MIGR", "STACK"])?;
    let main = output.lines().find(|line| line.contains(" main "));
    let stack = main.and_then(|line| line.split_whitespace().last());
    let used = stack.and_then(|stack| stack.strip_suffix("/32K")?.parse::<u32>().ok());
    if !used.is_some_and(|used| (1..32).contains(&used)) {
        let what = format!("the first thread's stack is shown as {stack:?}");
        return Err(session.serial.failure(&what).into());
    }
    session.finish()
}

/// `irq` has a column for each core, in a line that a terminal has room for, and the timer's count grows.
pub(super) fn irq(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    let mut last = None;
    for _ in 0..2 {
        let output = session.check("irq", &["reschedule", "device", "console:"])?;
        let line = output.lines().find(|line| line.contains(" timer "));
        let counts: Vec<u64> = line
            .map(|line| {
                line.split_whitespace()
                    .skip(2)
                    .flat_map(str::parse)
                    .collect()
            })
            .unwrap_or_default();
        let sum: u64 = counts.iter().sum();
        if counts.len() != rig.machine.cores || last.is_some_and(|last| sum <= last) {
            let what = format!("the timer's counts are {counts:?}, after {last:?}");
            return Err(session.serial.failure(&what).into());
        }
        last = Some(sum);
        session.judged("sleep", super::COMMAND_TIMEOUT)?;
    }
    session.finish()
}
