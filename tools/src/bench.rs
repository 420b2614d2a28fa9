//! `cargo xtask bench`: how many instructions each operation takes, exactly and the same every time, and how large the
//! images are, against the figures that were blessed.
//!
//! QEMU counts: one instruction is one nanosecond of the machine's time, and its counter has a tick a nanosecond. The
//! commands come from the boot arguments, so that nothing arrives at the host's moments.

mod baseline;
pub(crate) mod figures;
pub(crate) mod page;
mod peers;
pub(crate) mod rows;

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use pivot::report::{DONE, Record, Verdict};

use self::baseline::{Against, Baseline, Figures};
use self::figures::{Hundredths, Read};
use self::rows::{ROWS, Row};
use crate::board::Board;
use crate::build::{self, Firmware};
use crate::cli::BenchOptions;
use crate::failure::{CODE_FAILED, Failure};
use crate::progress::Progress;
use crate::qemu::{Console, Launch, Start, words};
use crate::serial::Serial;
use crate::setup;
use crate::step;
use crate::toolchain::Toolchain;
use crate::transcript::records;
use crate::workspace::Workspace;

/// Longer than a machine takes on a busy host: it detects a hang.
const TIMEOUT: Duration = Duration::from_secs(1800);

/// The profile that is flashed, and measured.
pub(crate) const PROFILE: &str = "release";

/// Measures; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &BenchOptions) -> Result<u8> {
    let toolchain = setup::toolchain(workspace)?;
    setup::emulator()?;
    let is_chosen = |row: &&Row| {
        let names = &options.names;
        names.is_empty()
            || names
                .iter()
                .any(|part| page::name(row).contains(part.as_str()))
    };
    let rows: Vec<Row> = ROWS.iter().filter(is_chosen).copied().collect();
    if rows.is_empty() {
        let what = format!("no benchmark has {:?} in its name", options.names);
        return Err(Failure::environment(what).help("cargo xtask bench").into());
    }
    let compiler = step::output(
        "asking the compiler for its version",
        toolchain.command("rustc")?.arg("-V"),
    )?;
    let compiler = compiler.trim();
    let (sizes, rows): (Vec<Row>, Vec<Row>) = rows
        .into_iter()
        .partition(|row| matches!(row.read, Read::Size(_)));
    let mut figures = Vec::new();
    for row in sizes {
        if let Read::Size(example) = row.read {
            figures.push((row, size(workspace, &toolchain, example)?));
        }
    }
    let firmware = build::firmware(workspace, &toolchain, Board::Virt, PROFILE)?;
    let progress = Progress::new(rows.len());
    let sizes = figures.len();
    for cores in rows.iter().map(|row| row.cores).collect::<BTreeSet<_>>() {
        let ids = rows.iter().filter(|row| row.cores == cores);
        let ids: Vec<&str> = ids.map(|row| row.id).collect();
        progress.note(&format!("measuring on {cores} cores: {}", ids.len()));
        progress.say(format!("on {cores} cores"));
        let before = figures.len() - sizes;
        let output = measure(workspace, &toolchain, &firmware, cores, &ids, &mut |text| {
            progress.at(before + measured(text, &ids));
        })?;
        figures.extend(read(&rows, cores, &output)?);
    }
    drop(progress);
    // In the order of the table, whatever machine each came from.
    figures.sort_by_key(|(row, _)| ROWS.iter().position(|one| one.id == row.id));
    let baseline = Baseline::read(workspace)?;
    if options.bless {
        return bless(workspace, baseline, compiler, &figures);
    }
    Ok(judge(&baseline, compiler, &figures))
}

/// How many of these benchmarks have their figures in what a machine has said so far.
fn measured(text: &str, ids: &[&str]) -> usize {
    records(text)
        .filter(|record| ids.contains(&record.id()))
        .count()
}

/// Builds an example, or the shell; returns the size of the image.
fn size(workspace: &Workspace, toolchain: &Toolchain, example: Option<&str>) -> Result<Hundredths> {
    let program = build::program(workspace, toolchain, Board::Virt, PROFILE, example)?;
    let path = &program.image;
    let image = fs::metadata(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(Hundredths(image.len() * 100))
}

/// Boots a machine of so many cores with these benchmarks in its boot arguments; returns what it said, after `seen` has
/// had all of it whenever more came.
fn measure(
    workspace: &Workspace,
    toolchain: &Toolchain,
    firmware: &Firmware,
    cores: usize,
    ids: &[&str],
    seen: &mut dyn FnMut(&str),
) -> Result<String> {
    let commands = format!("bench {}", ids.join(" "));
    let launch = Launch {
        board: Board::Virt,
        machine: machine(cores),
        start: Start::Loader,
        exec: Some(&commands),
        icount: Some(0),
        console: Console::Pipe,
        debugger: None,
        directory: workspace.run_dir(&format!("bench-smp{cores}")),
    };
    let mut serial = Serial::start(&mut launch.command(workspace, toolchain, firmware)?)?;
    serial.keep_console(launch.directory.join("console.log"));
    let output = serial.expect_watched("@exit ", TIMEOUT, seen)?;
    let is_done = |record: &Record| record.id() == DONE;
    match records(&output).filter(is_done).last() {
        Some(done) if done.verdict() == Some(Verdict::Passed) => Ok(output),
        _ => Err(serial.failure("a benchmark has failed").into()),
    }
}

/// The options of a machine of so many cores whose counter has a tick a nanosecond.
pub(crate) fn machine(cores: usize) -> Vec<String> {
    words(&[
        "-M",
        "virt,gic-version=2",
        "-cpu",
        "cortex-a72,cntfrq=1000000000",
        "-smp",
        &cores.to_string(),
        "-m",
        "512M",
        "-nic",
        "none",
    ])
}

/// The figures in what a machine said.
fn read(rows: &[Row], cores: usize, output: &str) -> Result<Vec<(Row, Hundredths)>> {
    let found: Vec<Record> = records(output).collect();
    let rows = rows.iter().filter(|row| row.cores == cores);
    rows.map(|row| {
        let figure = found
            .iter()
            .find(|record| record.id() == row.id)
            .and_then(|record| row.read.of(record));
        let what = || format!("{} has no figure", page::name(row));
        Ok((*row, figure.with_context(what)?))
    })
    .collect()
}

/// Prints the figures beside those that were blessed, and says what is not as it was; returns the exit code.
fn judge(baseline: &Baseline, compiler: &str, figures: &[(Row, Hundredths)]) -> u8 {
    let blessed = baseline.of(compiler);
    println!(
        "{:<34} {:>11} {:>11} {:>10}  best peer",
        "operation", "now", "blessed", "goal"
    );
    for (row, now) in figures {
        let name = page::name(row);
        let against = baseline::against(blessed, &name, *now, row.slack);
        let before = match against {
            Against::New => "-".to_owned(),
            Against::Near(before) | Against::Far(before) => before.to_string(),
        };
        let goal = row.goal.map_or("-".to_owned(), |(goal, _)| {
            Hundredths(goal * 100).to_string()
        });
        println!("{name:<34} {now:>11} {before:>11} {goal:>10}  {}", row.peer);
    }
    let Some(blessed) = blessed else {
        let others: Vec<&str> = baseline.compilers().collect();
        println!(
            "nothing to compare with: no figures of {compiler}, but of {}",
            if others.is_empty() {
                "none".to_owned()
            } else {
                others.join("; ")
            }
        );
        return 0;
    };
    let failures = failures(blessed, figures);
    for failure in &failures {
        println!("FAILED {failure}");
    }
    if failures.is_empty() { 0 } else { CODE_FAILED }
}

/// What is not as it was blessed: figures that are too far away, that were never blessed, that were and are no more.
fn failures(blessed: &Figures, figures: &[(Row, Hundredths)]) -> Vec<String> {
    let mut failures = Vec::new();
    for (row, now) in figures {
        let (name, slack) = (page::name(row), row.slack);
        match baseline::against(Some(blessed), &name, *now, slack) {
            Against::Near(_) => {}
            Against::Far(before) => failures.push(format!(
                "{name}: {now} {}, blessed {before}: over {slack} % apart",
                row.unit()
            )),
            Against::New => {
                failures.push(format!("{name}: {now} {}, never blessed", row.unit()));
            }
        }
    }
    let is_measured = |name: &str| ROWS.iter().any(|row| page::name(row) == name);
    let gone = blessed.iter().filter(|(name, _)| !is_measured(name));
    failures.extend(gone.map(|(name, before)| {
        let before = Hundredths(*before);
        format!("{name}: blessed {before}, not measured any more")
    }));
    failures
}

/// Makes these the figures to compare with, and writes them into the page.
fn bless(
    workspace: &Workspace,
    baseline: Baseline,
    compiler: &str,
    figures: &[(Row, Hundredths)],
) -> Result<u8> {
    let named = figures.iter().map(|(row, now)| (page::name(row), now.0));
    let path = baseline.bless(compiler, named.collect::<Figures>())?;
    println!("{}", path.display());
    let path = workspace.root().join("docs/performance.md");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let text = page::with_table(&text, &page::markdown(figures, compiler))
        .with_context(|| format!("{} has no marks for the table", path.display()))?;
    baseline::write(&path, &text)?;
    println!("{}", path.display());
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_without_a_blessed_one_fails_and_so_does_a_blessed_one_that_is_gone() {
        let now: Vec<(Row, Hundredths)> =
            ROWS.iter().map(|row| (*row, Hundredths(1_000))).collect();
        let blessed: Figures = ROWS.iter().map(|row| (page::name(row), 1_000)).collect();
        assert_eq!(failures(&blessed, &now), Vec::<String>::new());
        assert_eq!(
            failures(&blessed, &now[..1]),
            Vec::<String>::new(),
            "some were chosen"
        );

        let (name, mut other) = (page::name(&ROWS[0]), blessed.clone());
        other.remove(&name);
        assert_eq!(
            failures(&other, &now),
            [format!("{name}: 10 instructions, never blessed")]
        );
        other.insert(name.clone(), 2_000);
        let far = format!("{name}: 10 instructions, blessed 20: over 2 % apart");
        assert_eq!(failures(&other, &now), [far]);

        let mut more = blessed;
        more.insert("smp1.of.old".to_owned(), 700);
        assert_eq!(
            failures(&more, &now[..1]),
            ["smp1.of.old: blessed 7, not measured any more"]
        );
    }

    #[test]
    fn what_has_come_so_far_is_counted_by_the_benchmarks_that_were_asked_for() {
        let text =
            "@conditions cores=1\n@a.b count=1\n@hist id=a.b counts=1\n@c.d count=2\n@e.f cou";
        assert_eq!(measured(text, &["a.b", "c.d", "e.f", "g.h"]), 2);
    }
}
