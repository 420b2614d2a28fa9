//! `cargo xtask preflight`: what an engineer goes through before a card is flashed, checked on the finished files.
//!
//! 36 items (`docs/preflight.md`). Most are checked on the instructions of the image, on what the emulator's trace says
//! that it did to each device, and on its page tables: so they hold for the image and not only for its source. What only
//! reading can check is named with the place where it stands.

mod access;
mod answer;
mod card;
mod devices;
mod early;
mod ending;
mod gic;
mod header;
mod interrupts;
mod items;
mod moved;
mod pages;
mod patch;
mod plant;
mod qmp;
mod reading;
mod runs;
mod subject;
mod watch;
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::board::Board;
use crate::build::{self, Firmware};
use crate::cli::PreflightOptions;
use crate::failure::{CODE_FAILED, Failure, render};
use crate::inspect::code::Code;
use crate::preflight::answer::{Answer, Verdict};
use crate::preflight::plant::Defect;
use crate::preflight::subject::{Files, Seen, Subject};
use crate::preflight::watch::Place;
use crate::setup;
use crate::step;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// Builds the image that is flashed and checks it; returns the exit code.
pub(crate) fn run(workspace: &Workspace, options: &PreflightOptions) -> Result<u8> {
    let toolchain = setup::toolchain(workspace)?;
    setup::emulator()?;
    let firmware = build::firmware(workspace, &toolchain, Board::Rpi4, "release")?;
    // A card that was made before has the image without the defect.
    let usual = Some(crate::card::default(workspace));
    let usual = usual.filter(|card| card.is_file() && options.plant.is_none());
    let card = options.card.clone().or(usual);
    let hangar = Hangar::new(workspace, &toolchain, &firmware, card)?;
    let is_good = match &options.plant {
        None => hangar.check()?,
        Some(name) => hangar.plant(name)?,
    };
    Ok(if is_good { 0 } else { CODE_FAILED })
}

/// One test: no item fails. Returns what it came to.
pub(crate) fn test(
    workspace: &Workspace,
    toolchain: &Toolchain,
    firmware: &Firmware,
) -> Result<String> {
    let hangar = Hangar::new(workspace, toolchain, firmware, None)?;
    let answers = hangar.answers(&hangar.files, "preflight", true)?;
    let failed: Vec<String> = answers
        .iter()
        .filter(|(_, answer)| answer.verdict == Verdict::Fail)
        .map(|(number, answer)| format!("item {number}: {}", answer.evidence))
        .collect();
    if failed.is_empty() {
        return Ok(summary(&answers));
    }
    Err(
        Failure::verdict(format!("{}\n{}", summary(&answers), failed.join("\n")))
            .help("cargo xtask preflight")
            .into(),
    )
}

/// The same for the ten defects: each is found.
pub(crate) fn test_defects(
    workspace: &Workspace,
    toolchain: &Toolchain,
    firmware: &Firmware,
) -> Result<String> {
    let hangar = Hangar::new(workspace, toolchain, firmware, None)?;
    for defect in &plant::ALL {
        hangar.found(defect)?;
    }
    Ok(format!(
        "{} planted defects, each found by its item",
        plant::ALL.len()
    ))
}

/// Answers by the number of their item.
type Answers = Vec<(u8, Answer)>;

/// What is checked, and with what.
struct Hangar<'a> {
    workspace: &'a Workspace,
    toolchain: &'a Toolchain,
    files: Files,
    target_features: Vec<String>,
}

impl<'a> Hangar<'a> {
    fn new(
        workspace: &'a Workspace,
        toolchain: &'a Toolchain,
        firmware: &Firmware,
        card: Option<PathBuf>,
    ) -> Result<Self> {
        let config = workspace.root().join("boards/rpi4/config.txt");
        let files = Files {
            elf: fs::read(&firmware.elf)?,
            image: fs::read(&firmware.image)?,
            config: fs::read_to_string(&config)
                .with_context(|| format!("reading {}", config.display()))?,
            card,
        };
        Ok(Self {
            workspace,
            toolchain,
            files,
            target_features: target_features(toolchain)?,
        })
    }

    /// Checks every item and prints it; whether none fails.
    fn check(&self) -> Result<bool> {
        let answers = self.answers(&self.files, "preflight", true)?;
        for (item, (number, answer)) in items::ALL.iter().zip(&answers) {
            println!(
                "{number:>2} {:<10} {}: {}",
                answer.verdict.name(),
                item.what,
                answer.evidence
            );
        }
        println!("{}", summary(&answers));
        Ok(answers
            .iter()
            .all(|(_, answer)| answer.verdict != Verdict::Fail))
    }

    /// Plants a defect, or all of them, one at a time; whether each was found by its item.
    fn plant(&self, name: &str) -> Result<bool> {
        let mut defects = plant::ALL
            .iter()
            .filter(|defect| name == "all" || defect.name == name)
            .peekable();
        if defects.peek().is_none() {
            let names: Vec<&str> = plant::ALL.iter().map(|defect| defect.name).collect();
            return Err(Failure::environment(format!("there is no defect `{name}`"))
                .help(format!("one of: all {}", names.join(" ")))
                .into());
        }
        let mut is_good = true;
        for defect in defects {
            match self.found(defect) {
                Ok(how) => println!("{}: {how}", defect.name),
                Err(error) => {
                    is_good = false;
                    println!("{}: NOT FOUND: {}", defect.name, render(&error));
                }
            }
        }
        Ok(is_good)
    }

    /// Plants a defect; how its item found it.
    fn found(&self, defect: &Defect) -> Result<String> {
        let files =
            (defect.plant)(&self.files).with_context(|| format!("planting {}", defect.name))?;
        let answers = self.answers(&files, &format!("preflight-{}", defect.name), defect.is_run)?;
        let failed: BTreeSet<u8> = answers
            .iter()
            .filter(|(_, answer)| answer.verdict == Verdict::Fail)
            .map(|(number, _)| *number)
            .collect();
        let others = failed.iter().filter(|number| **number != defect.item);
        let surprises: Vec<&u8> = others
            .filter(|number| !defect.also.contains(number))
            .collect();
        let of_item = answers.iter().find(|(number, _)| *number == defect.item);
        match of_item {
            Some((number, answer)) if failed.contains(number) && surprises.is_empty() => {
                Ok(format!("found by item {number}: {}", answer.evidence))
            }
            _ => Err(Failure::verdict(format!(
                "{}: item {} was to fail, and those that failed are {failed:?}",
                defect.name, defect.item
            ))
            .into()),
        }
    }

    /// What every item says of `files`; `name` is that of the directory for what the runs leave.
    fn answers(&self, files: &Files, name: &str, is_run: bool) -> Result<Answers> {
        let directory = self.workspace.run_dir(name);
        fs::create_dir_all(&directory)
            .with_context(|| format!("creating {}", directory.display()))?;
        let firmware = Firmware {
            elf: directory.join("kernel8.elf"),
            image: directory.join("kernel8.img"),
        };
        fs::write(&firmware.elf, &files.elf)?;
        fs::write(&firmware.image, &files.image)?;
        let place = Place {
            workspace: self.workspace,
            toolchain: self.toolchain,
            firmware: &firmware,
            name,
        };
        let subject = Subject {
            files,
            code: Code::from_elf(&files.elf)?,
            root: self.workspace.root().to_path_buf(),
            watched: seen(is_run, || place.watch()),
            stubbed: seen(is_run, || place.start_by_stub()),
            moved: seen(is_run, || place.start_elsewhere()),
            target_features: self.target_features.clone(),
        };
        Ok(items::ALL
            .iter()
            .map(|item| (item.number, (item.check)(&subject)))
            .collect())
    }
}

fn seen<T>(is_run: bool, run: impl FnOnce() -> Result<T>) -> Seen<T> {
    if !is_run {
        return Seen::NotRun("nothing was run: the defect is in the files");
    }
    match run() {
        Ok(seen) => Seen::Some(seen),
        Err(error) => Seen::Failed(render(&error)),
    }
}

/// The features of the target that the compiler was told of.
fn target_features(toolchain: &Toolchain) -> Result<Vec<String>> {
    let mut command = toolchain.command("rustc")?;
    command.args(["--print", "cfg", "--target", TARGET]);
    let text = step::output(
        "asking the compiler for the target's features",
        &mut command,
    )?;
    Ok(text
        .lines()
        .filter_map(|line| line.strip_prefix("target_feature=\"")?.strip_suffix('"'))
        .map(str::to_owned)
        .collect())
}

/// How many items have which verdict.
fn summary(answers: &Answers) -> String {
    let counts = Verdict::ALL.map(|verdict| {
        let count = answers
            .iter()
            .filter(|(_, answer)| answer.verdict == verdict)
            .count();
        format!("{count} {}", verdict.name())
    });
    format!("{} items: {}", answers.len(), counts.join(", "))
}
