//! A measurement over a pty is the one over the emulator's own pipes, and survives what a pulled cable does. A trace
//! comes over it too, and out of the log of the monitor.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::failure::Failure;
use crate::measure::record::Run;
use crate::measure::shell::Shell;
use crate::measure::{self, Campaign};
use crate::monitor::QUIT;
use crate::serial::Serial;
use crate::session::Rig;
use crate::trace;

/// How the emulator says which pty it has opened.
const REDIRECTED: &str = "char device redirected to ";

/// Longer than any figure takes to come on a busy host: it detects a hang.
const PATIENCE: Duration = Duration::from_secs(600);

/// The same IDs come over both; killing the emulator is an error that keeps what was measured.
pub(super) fn measure_over_each(rig: &Rig<'_>) -> Result<()> {
    let session = rig.boot()?;
    let pipes = campaign(rig, session.serial, "pipes")?;
    let over_pipes = ids(&measured(pipes)?);

    let emulator = Emulator::start(&mut rig.on_pty()?)?;
    let serial = Serial::open(&emulator.pty)?;
    let over_pty = ids(&measured(campaign(rig, serial, "pty")?)?);
    if over_pipes != over_pty || over_pty.is_empty() {
        let what = format!("other figures came over a pty: {over_pty:?}, not {over_pipes:?}");
        return Err(Failure::verdict(what).into());
    }
    let mut shell = Shell::find(Serial::open(&emulator.pty)?, "pty")?;
    let dump = trace::over_wire(&mut shell, "ctxsw apart --seconds 1", 4096)?;
    trace::judge(&dump)?;
    drop((shell, emulator));

    let emulator = Emulator::start(&mut rig.on_pty()?)?;
    let serial = Serial::open(&emulator.pty)?;
    is_cut(rig, campaign(rig, serial, "cut")?, emulator)
}

/// What is typed at the monitor, and what shows that it was done.
const TYPED: [(&str, &str); 5] = [
    ("version\r", "Pivot "),
    ("trace on --events 4096\r", "trace: on"),
    ("ctxsw apart --seconds 1\r", "command=ctxsw verdict=passed"),
    ("trace dump\r", "@trace.end "),
    (
        "deep\r",
        "--- pivot::suite::deep::one at src/suite/deep.rs:",
    ),
];

/// The monitor, as a person starts it, on an emulator's pty: keys go one way and lines the other, each with its stamp,
/// a backtrace with its functions below it, Ctrl-] ends it, and its log is a trace that is whole.
pub(super) fn monitored(rig: &Rig<'_>) -> Result<()> {
    let emulator = Emulator::start(&mut rig.on_pty()?)?;
    let log = rig.directory.join("monitor.log");
    // What an earlier test has logged is not this one's.
    let _ = fs::remove_file(&log);
    let mut monitor = Command::new(env::current_exe().context("finding this program")?);
    monitor.args(["monitor", "--timestamps", "--port", &emulator.pty, "--log"]);
    monitor.arg(&log).arg("--elf").arg(&rig.firmware.elf);
    let serial = Serial::start(&mut monitor)?;
    let mut serial = Shell::find(serial, "the monitor")?.into_serial();
    for (line, answer) in TYPED {
        serial.send(line.as_bytes())?;
        serial.expect(answer, PATIENCE)?;
        serial.expect("\n", PATIENCE)?;
    }
    serial.send(&[QUIT])?;
    let status = serial.wait_for_end(PATIENCE)?;
    let text = fs::read_to_string(&log).context("reading the monitor's log")?;
    let has_stamps = text
        .lines()
        .any(|line| line.starts_with('[') && line.contains("] @trace.end "));
    trace::judge(&text)?;
    if status.success() && has_stamps && text.starts_with("--- ") {
        return Ok(());
    }
    let what = format!(
        "the monitor ended with {status}, its log is {}",
        log.display()
    );
    Err(serial.failure(&what).into())
}

fn campaign(rig: &Rig<'_>, serial: Serial, name: &str) -> Result<Campaign> {
    Ok(Campaign {
        shell: Shell::find(serial, name)?,
        wire: name.to_owned(),
        directory: rig.directory.join(name),
        runs: 1,
        quick: true,
    })
}

fn measured(mut campaign: Campaign) -> Result<Run> {
    let is_good = campaign.run()?;
    campaign.draw()?;
    let run = read(&campaign.directory)?;
    if is_good && run.complete {
        return Ok(run);
    }
    let what = format!(
        "not every command passed: see {}",
        campaign.directory.display()
    );
    Err(Failure::verdict(what).into())
}

fn read(directory: &Path) -> Result<Run> {
    measure::read(directory)?
        .pop()
        .context("no run was written")
}

fn ids(run: &Run) -> BTreeSet<String> {
    run.figures().map(|figure| figure.id.clone()).collect()
}

/// Kills the emulator as soon as the first figure is in the file.
fn is_cut(rig: &Rig<'_>, mut campaign: Campaign, emulator: Emulator) -> Result<()> {
    let directory = campaign.directory.clone();
    // Figures of an earlier test are not this one's.
    let _ = fs::remove_dir_all(&directory);
    let killer = thread::spawn(move || {
        let deadline = Instant::now() + PATIENCE;
        let has_figure = |run: Run| run.figures().next().is_some();
        while !read(&directory).is_ok_and(has_figure) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
        drop(emulator);
    });
    let result = campaign.run();
    let killed = killer.join().is_ok();
    let error = match result {
        Err(error) => format!("{error:#}"),
        Ok(_) => "none".to_owned(),
    };
    let run = read(&rig.directory.join("cut"))?;
    let kept = run.figures().count();
    let page = campaign.draw()?;
    let is_told = run
        .error
        .as_deref()
        .is_some_and(|why| why.contains("has gone"));
    if killed
        && error.contains("has gone")
        && is_told
        && !run.complete
        && kept > 0
        && !page.is_empty()
    {
        return Ok(());
    }
    let what = format!(
        "a killed emulator: the error is `{error}`, {kept} figures were kept, complete is {}",
        run.complete
    );
    Err(Failure::verdict(what).into())
}

/// A machine with its console on a pty, killed when it goes out of scope.
struct Emulator {
    child: Child,
    pty: String,
}

impl Emulator {
    fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the emulator")?;
        let output = child.stdout.take().context("the emulator has no output")?;
        let mut emulator = Self {
            child,
            pty: String::new(),
        };
        for line in BufReader::new(output).lines() {
            if let Some(rest) = line?.strip_prefix(REDIRECTED) {
                emulator.pty = rest.split(' ').next().unwrap_or_default().to_owned();
                return Ok(emulator);
            }
        }
        Err(Failure::verdict("the emulator does not say which pty it has opened").into())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
