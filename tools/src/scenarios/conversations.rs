//! Scenarios that talk to the shell as a person does.

use std::time::Duration;

use anyhow::Result;
use pivot::report::Record;

use crate::failure::Failure;
use crate::session::{PROMPT, Rig, Session};
use crate::trace;
use crate::transcript::{self, records};

/// For what should come at once: it detects a hang. A host that is very busy lets a process stand still for a minute.
const SOON: Duration = Duration::from_secs(300);

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

/// `suite` names what there is, runs what it is told, completes names, and says how each went.
pub(super) fn suite(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    session.check("suite list", &["clock ", "preempt ", "fpu "])?;
    session.check("suite clok", &["did you mean `clock`?", "usage: suite"])?;
    let output = session.check(
        "suite clock tls --brief",
        &[
            "@suite name=clock verdict=passed",
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
    session.serial.send(b"suite clock yie\t--brief\r")?;
    session.serial.expect("SUMMARY: 2 suites, 0 failed", SOON)?;
    session.serial.expect(PROMPT, SOON)?;
    // ^C ends the suite and those that would have come.
    session.serial.send(b"suite clock all\r")?;
    session.serial.expect("--- clock\n", SOON)?;
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
    session.judged("yield --yields 1000", super::COMMAND_TIMEOUT)?;
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

/// Whatever is typed, the shell still answers.
pub(super) fn random_bytes(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    // No more at a time than the board keeps for its reader: a pipe is faster than any line, and what does not fit
    // is lost, with a message.
    for part in 0..10 {
        let bytes: Vec<u8> = (0..1_000).map(|_| random.byte()).collect();
        session.serial.send(&bytes)?;
        // Whatever is half typed or half done: end it, throw it away.
        session
            .serial
            .send(format!("\r\x03\x15\recho alive-{part}\r").as_bytes())?;
        session.serial.expect(&format!("\nalive-{part}\n"), SOON)?;
        session.serial.expect(PROMPT, SOON)?;
    }
    session.check("version", &["Pivot"])?;
    session.finish()
}

/// Each benchmark that is listed has its figures, and as many samples as it says; so has `ctxsw`, whose samples are as
/// many as the handoffs behind its mean.
pub(super) fn bench(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    let list = session.command("bench list")?;
    let ids = list.lines().filter_map(|line| line.split(' ').next());
    let ids: Vec<&str> = ids.filter(|id| id.contains('.')).collect();
    let output = session.command_within("bench all --iterations 64", super::COMMAND_TIMEOUT)?;
    let records: Vec<Record> = transcript::records(&output).collect();
    let is_skipped = |id: &str| {
        let skipped = records.iter().filter(|record| record.id() == "skipped");
        rig.machine.cores == 1 && skipped.clone().any(|record| record.get("id") == Some(id))
    };
    let wrong = ids
        .iter()
        .filter(|id| !is_skipped(id) && !has_its_samples(&records, id, None));
    let wrong: Vec<&&str> = wrong.collect();
    if ids.len() < 30 || !wrong.is_empty() || !output.contains("command=bench verdict=passed") {
        let what = format!(
            "of {} benchmarks these have no good figures: {wrong:?}",
            ids.len()
        );
        return Err(session.serial.failure(&what).into());
    }
    let output = session.command_within("ctxsw colocated --hist", super::COMMAND_TIMEOUT)?;
    let records: Vec<Record> = transcript::records(&output).collect();
    let classic = records
        .iter()
        .find(|record| record.id() == "ctxsw.colocated");
    let handoffs = classic.and_then(|record| record.number("handoffs"));
    let of_mean = |key: &str| Some(classic?.number(key)? / handoffs?);
    let is_mean = of_mean("elapsed_ns") == classic.and_then(|record| record.number("ns"));
    if handoffs.is_none()
        || !is_mean
        || !has_its_samples(&records, "ctxsw.colocated.samples", handoffs)
    {
        let what =
            "the samples of ctxsw are not as many as its handoffs, or its mean is not theirs";
        return Err(session.serial.failure(what).into());
    }
    session.finish()
}

/// Whether there is a figure `id`, with as many samples as its buckets and `expected` say, and their mean.
fn has_its_samples(records: &[Record], id: &str, expected: Option<u64>) -> bool {
    let Some(figure) = records.iter().find(|record| record.id() == id) else {
        return false;
    };
    let is_of = |record: &&Record| record.id() == "hist" && record.get("id") == Some(id);
    let counts = records
        .iter()
        .filter(is_of)
        .filter_map(|record| record.get("counts"));
    let counts = counts.flat_map(|counts| counts.split(','));
    let sum: Option<u64> = counts.map(|count| count.parse::<u64>().ok()).sum();
    let number = |key: &str| figure.number(key);
    let Some(count @ 1..) = number("count") else {
        return false;
    };
    let mean = number("total_ns").map(|total| (total + count / 2) / count);
    sum == Some(count)
        && expected.is_none_or(|expected| expected == count)
        && mean == number("mean_ns")
}

fn require(session: &Session, output: &str, pattern: &str) -> Result<()> {
    if output.contains(pattern) {
        return Ok(());
    }
    Err(session
        .serial
        .failure(&format!("no `{pattern}` in what was printed"))
        .into())
}

/// The same bytes in every run (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_le_bytes()[7]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_whose_buckets_do_not_add_up_has_not_its_samples() {
        let records = |counts: &str| {
            let line = format!(
                "@x count=3 total_ns=10 mean_ns=3\n@hist id=x unit=ns bits=4 first=2 counts={counts}\n"
            );
            transcript::records(&line).collect::<Vec<_>>()
        };
        assert!(has_its_samples(&records("1,0,2"), "x", None));
        assert!(has_its_samples(&records("1,0,2"), "x", Some(3)));
        assert!(!has_its_samples(&records("1,0,2"), "x", Some(4)));
        assert!(!has_its_samples(&records("1,0,1"), "x", None));
        assert!(!has_its_samples(&records("1,0,2"), "y", None));
    }

    #[test]
    fn the_random_bytes_repeat_and_cover_the_control_characters() {
        let bytes = |()| {
            let mut random = Random(0x9e37_79b9_7f4a_7c15);
            (0..10_000).map(|_| random.byte()).collect::<Vec<u8>>()
        };
        assert_eq!(bytes(()), bytes(()));
        for control in [0x03, 0x04, 0x09, 0x0d, 0x1b, 0x7f] {
            assert!(bytes(()).contains(&control), "{control:#x}");
        }
    }
}
