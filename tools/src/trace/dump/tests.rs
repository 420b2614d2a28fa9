//! Dumps as the image writes them, whole and damaged.

use proptest::prelude::*;

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

/// An event of any kind that a core can have recorded before the dump ends.
fn any_event() -> impl Strategy<Value = Event> {
    (
        0_u64..1_000,
        0..Kind::ALL.len(),
        0_u8..9,
        0_u32..5,
        0_u32..5,
    )
        .prop_map(|(ticks, kind, detail, thread, other)| Event {
            ticks,
            kind: Kind::ALL[kind],
            detail,
            thread,
            other,
        })
}

/// What a wire does to lines.
#[derive(Clone, Debug)]
enum Harm {
    Lose(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Byte(prop::sample::Index, prop::sample::Index, char),
    Noise(prop::sample::Index, String),
}

fn harm() -> impl Strategy<Value = Harm> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        index().prop_map(Harm::Lose),
        (index(), index()).prop_map(|(a, b)| Harm::Swap(a, b)),
        (index(), index(), any::<char>()).prop_map(|(line, at, to)| Harm::Byte(line, at, to)),
        (index(), "@?(trace[.a-z]{0,6})?\\PC{0,30}").prop_map(|(at, text)| Harm::Noise(at, text)),
    ]
}

fn harmed(lines: &mut Vec<String>, harm: &Harm) {
    let count = lines.len();
    match harm {
        _ if count == 0 => {}
        Harm::Lose(at) => drop(lines.remove(at.index(count))),
        Harm::Swap(a, b) => lines.swap(a.index(count), b.index(count)),
        Harm::Byte(line, at, to) => {
            let line = &mut lines[line.index(count)];
            let mut characters: Vec<char> = line.chars().collect();
            let at = at.index(characters.len().max(1));
            if let Some(character) = characters.get_mut(at) {
                *character = *to;
            }
            *line = characters.into_iter().collect();
        }
        Harm::Noise(at, text) => lines.insert(at.index(count), text.clone()),
    }
}

proptest! {
    #[test]
    fn whatever_a_wire_does_to_a_dump_it_is_read_or_refused_and_what_is_shown_is_json(
        cores in proptest::collection::vec(proptest::collection::vec(any_event(), 1..40), 0..4),
        harms in proptest::collection::vec(harm(), 0..4),
    ) {
        let cores: Vec<&[Event]> = cores.iter().map(Vec::as_slice).collect();
        let whole = written(&cores);
        let mut lines = whole.clone();
        harms.iter().for_each(|harm| harmed(&mut lines, harm));
        let text = lines.join("\n");
        let Ok(dump) = Dump::read(text.lines()) else {
            // There is a dump wherever there is its first line.
            prop_assert!(!lines.contains(&whole[0]));
            return Ok(());
        };
        // No event comes from anywhere but a block that is whole.
        let came: usize = dump.cores.values().map(|core| core.events.len()).sum();
        let most: usize = lines.iter().filter_map(|line| Block::decode(line)?.ok()).map(|block| block.events.len()).sum();
        prop_assert!(came <= most);
        // What is lost on the way is said.
        let is_missing = |line: &&String| !lines.contains(*line);
        prop_assert!(!dump.damage.is_empty() || whole.iter().skip(1).find(is_missing).is_none());
        let _ = crate::trace::check::problems(&dump);
        let _ = crate::trace::check::summary(&dump);
        let json = crate::trace::chrome::json(&dump);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    }
}
