//! Scenarios of what nobody would type: any bytes, and faster than they are read.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use pivot::report::Record;

use super::conversations::{SOON, require};
use crate::random::Random;
use crate::serial::Received;
use crate::session::{PROMPT, Rig, Session};
use crate::transcript::records;

/// Bytes that come without a pause.
const FLOOD_BYTES: usize = 1_000_000;

/// Ends what the bytes before it have half typed or started, and throws it away.
const CLEAN_SLATE: &str = "\r\x03\x15\r";

/// For how long nothing comes when the shell has done with all that was typed.
const QUIET: Duration = Duration::from_secs(1);

/// For how long an answer is waited for that should come at once, before it is asked for again.
const ANSWER: Duration = Duration::from_secs(20);

/// Whatever is typed, and however fast, the shell still answers, and every byte is accounted for.
pub(super) fn random_bytes(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    let mut random = Random::new(0);
    // No more at a time than the board keeps for its reader: nothing of that is lost.
    for part in 0..10 {
        session.serial.send(&random.bytes(1_000))?;
        session
            .serial
            .send(format!("{CLEAN_SLATE}echo alive-{part}\r").as_bytes())?;
        session.serial.expect(&format!("\nalive-{part}\n"), SOON)?;
        session.serial.expect(PROMPT, SOON)?;
    }
    let before = Counts::ask(&mut session)?;
    let mut sent = flood(&mut session, &random.bytes(FLOOD_BYTES))?;
    sent += revive(&mut session)?;
    let after = Counts::ask(&mut session)?;
    sent += Counts::QUESTION.len() as u64;
    check_counts(&mut session, sent, &before, &after)?;
    session.check("version", &["Pivot"])?;
    session.finish()
}

/// Sends bytes as fast as they are taken, then waits until nothing more is answered. Returns how many were sent.
pub(crate) fn flood(session: &mut Session, bytes: &[u8]) -> Result<u64> {
    for chunk in bytes.chunks(16 * 1024) {
        session.serial.send(chunk)?;
        while let Received::Bytes(_) = session.serial.receive(Duration::ZERO) {}
    }
    let begin = Instant::now();
    while let Received::Bytes(_) = session.serial.receive(QUIET) {
        if begin.elapsed() > SOON {
            let what = "a flood of input was answered without an end";
            return Err(session.serial.failure(what).into());
        }
    }
    session.serial.transcript().take_all();
    Ok(bytes.len() as u64)
}

/// Asks for a sign of life until there is one. More than once, because what comes faster than it is read is dropped,
/// and a busy host may have held up a part of the flood until now. Returns how many bytes that took.
pub(crate) fn revive(session: &mut Session) -> Result<u64> {
    let mut sent = 0;
    for attempt in 0..15 {
        let line = format!("{CLEAN_SLATE}echo after-flood-{attempt}\r");
        session.serial.send(line.as_bytes())?;
        sent += line.len() as u64;
        let sign = format!("\nafter-flood-{attempt}\n");
        if session.serial.expect(&sign, ANSWER).is_ok() {
            session.serial.expect(PROMPT, SOON)?;
            return Ok(sent);
        }
    }
    Err(session
        .serial
        .failure("no sign of life after a flood")
        .into())
}

/// What the board says of its line.
#[derive(Debug)]
struct Counts {
    received: u64,
    dropped: u64,
    overruns: u64,
}

impl Counts {
    const QUESTION: &str = "uart\r";

    fn ask(session: &mut Session) -> Result<Self> {
        let output = session.command(Self::QUESTION.trim_end())?;
        let report = records(&output).find(|record| record.id() == "uart");
        let report = report.with_context(|| format!("no report in\n{output}"))?;
        let number = |key: &str| Record::number(&report, key).context("a count is missing");
        Ok(Self {
            received: number("received")?,
            dropped: number("dropped")?,
            overruns: number("overruns")?,
        })
    }
}

/// What was lost is counted, and the shell has said that there was something.
fn check_counts(session: &mut Session, sent: u64, before: &Counts, after: &Counts) -> Result<()> {
    let received = after.received - before.received;
    let overruns = after.overruns - before.overruns;
    let dropped = after.dropped - before.dropped;
    // An overrun loses one byte or more; without one, all that was sent has been received.
    if received > sent || (received < sent && overruns == 0) {
        let what = format!("of {sent} bytes {received} were received, with {overruns} overruns");
        return Err(session.serial.failure(&what).into());
    }
    if dropped + overruns > 0 {
        let text = session.serial.transcript().text().to_owned();
        require(session, &text, "input was lost")?;
    }
    Ok(())
}
