//! Dumps that cannot be true.

use super::super::chrome;
use super::super::dump::tests::{event, read, written};
use super::*;

fn problems_of(cores: &[&[Event]]) -> Vec<String> {
    problems(&read(&written(cores)))
}

fn good() -> [Vec<Event>; 2] {
    [
        vec![
            event(0, Kind::Start, 0, 7),
            event(10, Kind::Switch, 7, 0),
            event(20, Kind::Switch, 0, 8),
        ],
        vec![
            event(0, Kind::Start, 0, 0),
            event(10, Kind::Migrate, 7, 0),
            event(10, Kind::Switch, 0, 7),
            event(15, Kind::Preempt, 7, 9),
        ],
    ]
}

#[test]
fn a_trace_that_can_be_true_has_no_problem() {
    let [one, other] = good();
    assert_eq!(problems_of(&[&one, &other]), Vec::<String>::new());
    let dump = read(&written(&[&one, &other]));
    assert_eq!(switches(&dump), 4);
    let of_one = slices(0, &dump.cores[&0]);
    let times: Vec<_> = of_one.iter().map(|s| (s.thread, s.start, s.end)).collect();
    assert_eq!(times, [(7, 0, 10), (0, 10, 20), (8, 20, 1_000)]);
    assert!(summary(&dump).contains("99.0%"));
}

#[test]
fn a_thread_on_two_cores_at_a_time_is_found() {
    let [one, mut other] = good();
    other[1].ticks = 9;
    other[2].ticks = 9;
    let found = problems_of(&[&one, &other]);
    assert!(
        found[0].contains("cores 0 and 1 at the same time"),
        "{found:?}"
    );
}

#[test]
fn time_that_goes_back_is_said_and_what_there_is_still_drawn() {
    let [one, other] = good();
    let mut dump = read(&written(&[&one, &other]));
    dump.cores.get_mut(&0).unwrap().events[2].ticks = 5;
    let found = problems(&dump);
    assert_eq!(found, ["core 0: time goes back at tick 5"]);
    assert!(summary(&dump).contains("100.0%"));
    let drawn = chrome::json(&dump);
    assert!(drawn.contains("\"dur\":0.0"), "{drawn}");
}

#[test]
fn counts_beyond_all_bounds_are_a_problem_and_no_more() {
    let [one, other] = good();
    let mut dump = read(&written(&[&one, &other]));
    let core = dump.cores.get_mut(&0).unwrap();
    core.lost_counts.voluntary = u64::MAX;
    (core.counts.voluntary, core.counts.preempted) = (u64::MAX - 1, 2);
    assert_eq!(problems(&dump).len(), 2);
    assert!(summary(&dump).contains(&u64::MAX.to_string()));
}

#[test]
fn who_leaves_without_having_run_is_found() {
    let [mut one, other] = good();
    one[2].thread = 7;
    let found = problems_of(&[&one, &other]);
    assert!(found[0].contains("thread 7 leaves at tick 20"), "{found:?}");
}

#[test]
fn a_switch_that_was_not_recorded_or_not_counted_is_found() {
    let [one, other] = good();
    let text = written(&[&one, &other]).join("");
    for (right, wrong) in [
        ("voluntary=2 ", "voluntary=3 "),
        ("preempted=1 ", "preempted=0 "),
        ("migrations=1 ", "migrations=2 "),
        ("events=4 ", "events=5 "),
        ("events=4 lost=0", "events=4 lost=1"),
    ] {
        let lines: Vec<String> = text
            .lines()
            .map(|line| {
                if line.starts_with("@trace.core ") {
                    reseal(&line.replacen(right, wrong, 1))
                } else {
                    line.to_owned()
                }
            })
            .collect();
        assert_eq!(problems(&read(&lines)).len(), 1, "{wrong}");
    }
}

/// The line with a seal that fits, as if the image had written it so.
fn reseal(line: &str) -> String {
    let (text, _) = line.rsplit_once(" crc=").unwrap();
    let mut line = pivot::trace::Text::new();
    line.push_str(text).unwrap();
    line.push('\n').unwrap();
    pivot::report::seal(&mut line).unwrap();
    line.as_str().to_owned()
}
