//! Dumps as the image writes them, whole and damaged.

use super::*;
use pivot::report::{Line, seal};
use pivot::trace::{Kind, Text, encode};

/// A dump of two cores, as the image writes it, from their events; everything is counted as the events say.
pub(in crate::trace) fn written(cores: &[&[Event]]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |line: &mut Text| {
        seal(line).unwrap();
        lines.push(line.as_str().to_owned());
    };
    let mut line = Text::new();
    Line::begin(&mut line, START)
        .with("counter_hz", 1_000_000_u32)
        .end()
        .unwrap();
    add(&mut line);
    let mut line = Text::new();
    Line::begin(&mut line, THREAD)
        .with("id", 1_u32)
        .with("name", "main")
        .end()
        .unwrap();
    add(&mut line);
    for (core, events) in cores.iter().enumerate() {
        let count = |kind| events.iter().filter(|event| event.kind == kind).count();
        let mut line = Text::new();
        Line::begin(&mut line, CORE)
            .with("core", core)
            .with("events", events.len())
            .with("lost", 0_u32)
            .with("voluntary", count(Kind::Switch))
            .with("preempted", count(Kind::Preempt))
            .with("migrations", count(Kind::Migrate))
            .with("lost_voluntary", 0_u32)
            .with("lost_preempted", 0_u32)
            .with("lost_migrations", 0_u32)
            .with("stop_ticks", 1_000_u32)
            .with("blocks", 1_u32)
            .end()
            .unwrap();
        add(&mut line);
    }
    for (core, events) in cores.iter().enumerate() {
        let mut events = events.iter().copied().peekable();
        let mut line = Text::new();
        if encode(core, 0, &mut events, &mut line) {
            lines.push(line.as_str().to_owned());
        }
    }
    let mut line = Text::new();
    Line::begin(&mut line, END)
        .with("lines", lines.len())
        .end()
        .unwrap();
    seal(&mut line).unwrap();
    lines.push(line.as_str().to_owned());
    lines
}

pub(in crate::trace) fn event(ticks: u64, kind: Kind, thread: u32, other: u32) -> Event {
    Event {
        ticks,
        kind,
        detail: 0,
        thread,
        other,
    }
}

pub(in crate::trace) fn read(lines: &[String]) -> Dump {
    Dump::read(lines.iter().map(String::as_str)).unwrap()
}

fn example() -> Vec<String> {
    written(&[
        &[event(1, Kind::Start, 0, 1), event(5, Kind::Switch, 1, 0)],
        &[event(2, Kind::Start, 0, 0)],
    ])
}

#[test]
fn a_dump_is_read_between_other_lines_and_the_last_one_counts() {
    let mut lines = written(&[&[]]);
    lines.push("pivot> trace dump".to_owned());
    lines.extend(example());
    lines.insert(6, "[1] hog: passed".to_owned());
    lines.push("@done command=trace verdict=passed".to_owned());
    let dump = read(&lines);
    assert_eq!(dump.damage, Vec::<String>::new());
    assert_eq!((dump.hz, dump.cores.len()), (1_000_000, 2));
    assert_eq!(dump.cores[&0].events.len(), 2);
    assert_eq!(
        (dump.name(1), dump.name(0)),
        ("main #1".to_owned(), "idle".to_owned())
    );
}

#[test]
fn each_line_that_is_lost_or_broken_is_damage() {
    let lines = example();
    for lost in 1..lines.len() {
        let mut rest = lines.clone();
        rest.remove(lost);
        assert!(!read(&rest).damage.is_empty(), "without {}", lines[lost]);
        let mut broken = lines.clone();
        broken[lost] = broken[lost].replacen('=', "=1", 1);
        assert!(!read(&broken).damage.is_empty(), "with {}", broken[lost]);
    }
}

#[test]
fn text_without_a_dump_is_an_error_that_says_what_to_do() {
    let error = Dump::read(["pivot> ps"].into_iter()).unwrap_err();
    assert!(crate::failure::render(&error).contains("trace dump"));
}

#[test]
fn a_log_of_the_monitor_is_read_with_its_stamps() {
    let stamped: Vec<String> = example()
        .iter()
        .map(|line| format!("{}{line}", crate::monitor::stamp(12.5)))
        .collect();
    let dump = read(&stamped);
    assert_eq!(dump.damage, Vec::<String>::new());
    assert_eq!(dump.cores[&0].events.len(), 2);
}

#[test]
fn a_block_beyond_all_numbers_is_damage() {
    let mut line = Text::new();
    let mut events = [event(1, Kind::Timer, 0, 0)].into_iter().peekable();
    assert!(encode(0, u64::MAX, &mut events, &mut line));
    let mut lines = example();
    lines.insert(2, line.as_str().to_owned());
    let damage = read(&lines).damage;
    assert!(
        damage.iter().any(|what| what.contains("cannot be read")),
        "{damage:?}"
    );
}
