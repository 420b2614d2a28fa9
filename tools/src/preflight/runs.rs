//! What items ask of the runs of the emulator, of the rows of the tests and of the card.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::card::CardFile;
use crate::failure::render;
use crate::machines;
use crate::preflight::answer::{Answer, Found, Verdict, all, expect};
use crate::preflight::reading::{Marker, places, reading, rows};
use crate::preflight::subject::Subject;
use crate::preflight::watch::{Stubbed, Watched};
use crate::preflight::{card, early};

/// Item 5, if there is a card image.
pub(super) fn on_card(subject: &Subject<'_>) -> Answer {
    match &subject.files.card {
        None => Answer::not_run("there is no card image; `cargo xtask image` makes one"),
        Some(path) => Answer::of(
            read(path)
                .map_err(|error| render(&error))
                .and_then(|files| card::card(&files, &subject.files.image)),
        ),
    }
}

fn read(path: &Path) -> Result<Vec<CardFile>> {
    let card = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    crate::card::read(&card).with_context(|| path.display().to_string())
}

/// By rows, and by reading at the places of markers.
pub(super) fn by_rows_and_reading(
    subject: &Subject<'_>,
    names: &[&str],
    markers: &[Marker],
) -> Answer {
    let mut answer = reading(&subject.root, markers);
    if answer.verdict == Verdict::Reading {
        let stands = answer.evidence;
        answer = Answer::or_fail(
            rows(names).map(|rows| format!("{rows}; {stands}")),
            Verdict::Rows,
        );
    }
    answer
}

/// Item 9: what the emulator logged in both boots.
pub(super) fn no_complaints(subject: &Subject<'_>) -> Answer {
    let of = |complaints: &[String]| match complaints.first() {
        None => Ok("its log has only what tools/src/log.rs lists".to_owned()),
        Some(first) => Err(format!("{} lines, the first: {first}", complaints.len())),
    };
    let watched = subject.watched.answer(|seen| of(&seen.complaints));
    let stubbed = subject.stubbed.answer(|seen| of(&seen.complaints));
    if watched.verdict == Verdict::Pass {
        stubbed
    } else {
        watched
    }
}

/// Item 17: what a secondary does before its MMU is on, and where what it reads was cleaned.
pub(super) fn secondary(subject: &Subject<'_>) -> Answer {
    let cleaned = places(&subject.root, ("hazard", "H4"));
    Answer::of(all([
        early::secondary(&subject.code),
        cleaned.map(|at| format!("cleaned at {at}")),
    ]))
}

/// Item 18: what was printed before the prompt.
pub(super) fn four_cores(seen: &Stubbed) -> Found {
    let line = seen
        .banner
        .lines()
        .find(|line| line.contains(" cores online"));
    let entry = seen.banner.contains(": EL2, image at 0x80000");
    expect(
        line == Some("4 of 4 cores online") && entry,
        "EL2, stub, spin table: 4 of 4 cores online; `virt` with 1, 2, 4 and 8 by test",
        format!(
            "{:?}, entered at EL2: {entry}",
            line.unwrap_or("no line about cores")
        ),
    )
}

/// Item 27: the emulator prints what a UART that is off is given, and logs it.
pub(super) fn no_disabled_uart(seen: &Watched) -> Found {
    let line = seen
        .complaints
        .iter()
        .find(|line| line.contains("disabled"));
    expect(
        line.is_none(),
        "no such line in the log",
        line.map_or("", String::as_str),
    )
}

/// Item 33: a test says under which conditions it ran, and that they are an emulator's. The clock of the core is left
/// out where it could not be measured surely.
pub(super) fn conditions(seen: &Watched) -> Found {
    let line = seen
        .output
        .lines()
        .find(|line| line.starts_with("@conditions "));
    let line = line.ok_or("a test did not say its conditions")?;
    let fields = [
        "board=rpi4",
        "revision=",
        "host=emulated",
        "counter_hz=",
        "temperature_mc=",
        "throttled=",
    ];
    let missing = fields.iter().find(|field| !line.contains(*field));
    expect(
        missing.is_none(),
        line,
        format!("no {} in {line}", missing.unwrap_or(&"")),
    )
}

/// Item 36: the rows for the ways in which the emulator can run the cores.
pub(super) fn threads(_: &Subject<'_>) -> Answer {
    let in_turns = machines::all().into_iter().find(|machine| {
        machine
            .options
            .iter()
            .any(|option| option.contains("thread=single"))
    });
    let rows = rows(&["rpi4.regs", "rpi4.repeated", "rpi4.sched-counted"]);
    match (rows, in_turns) {
        (Err(what), _) => Answer::of(Err(what)),
        (Ok(rows), Some(machine)) => Answer::or_fail(
            Ok(format!("{rows}; in turns on {}", machine.name)),
            Verdict::Rows,
        ),
        (Ok(rows), None) => Answer::or_fail(
            Ok(format!(
                "{rows}; no machine has thread=single, so in turns only by -icount"
            )),
            Verdict::Rows,
        ),
    }
}
