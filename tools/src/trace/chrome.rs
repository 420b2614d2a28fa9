//! The trace as the JSON that `ui.perfetto.dev` and `chrome://tracing` load: a track for each core.
//!
//! The format is Google's "Trace Event Format": complete slices (`X`), instants (`i`), flows (`s` to `f`), names (`M`);
//! times are microseconds.

use std::collections::HashMap;

use pivot::trace::{CAUSES, Event, Kind};
use serde_json::{Value, json};

use super::check::{Slice, slices};
use super::dump::Dump;

/// The whole trace.
pub(super) fn json(dump: &Dump) -> String {
    let mut events = vec![metadata("process_name", 0, "Pivot")];
    for (&core, trace) in &dump.cores {
        events.push(metadata("thread_name", core, &format!("core {core}")));
        events.push(json!({
            "ph": "M", "name": "thread_sort_index", "pid": 0, "tid": core,
            "args": { "sort_index": core },
        }));
        events.extend(slices(core, trace).iter().map(|s| slice(dump, s)));
        events.extend(
            trace
                .events
                .iter()
                .filter(|event| !event.kind.is_switch() && event.kind != Kind::Start)
                .map(|event| instant(dump, core, event)),
        );
    }
    events.extend(flows(dump));
    json!({ "displayTimeUnit": "ns", "traceEvents": events }).to_string()
}

fn metadata(name: &str, track: usize, value: &str) -> Value {
    json!({ "ph": "M", "name": name, "pid": 0, "tid": track, "args": { "name": value } })
}

fn slice(dump: &Dump, slice: &Slice) -> Value {
    let left = slice.left.map_or("end of the recording", |event| {
        CAUSES.get(usize::from(event.detail)).unwrap_or(&"unknown")
    });
    let is_preempted = slice.left.is_some_and(|event| event.kind == Kind::Preempt);
    json!({
        "ph": "X", "pid": 0, "tid": slice.core,
        "name": dump.name(slice.thread),
        "ts": dump.microseconds(slice.start),
        "dur": dump.microseconds(slice.ticks()),
        "args": { "thread": slice.thread, "left by": left, "preempted": is_preempted },
    })
}

fn instant(dump: &Dump, core: usize, event: &Event) -> Value {
    let (what, args) = match event.kind {
        Kind::Wake => {
            let by = if event.other == 0 {
                "the core itself".to_owned()
            } else {
                dump.name(event.other)
            };
            let args = json!({ "by": by, "to core": event.detail });
            (format!("wake {}", dump.name(event.thread)), args)
        }
        Kind::Queue | Kind::Migrate => {
            let what = format!("{} {}", event.kind.as_str(), dump.name(event.thread));
            (what, json!({}))
        }
        Kind::Interrupt => {
            let args = json!({ "intid": event.other, "thread": event.thread });
            ("interrupt".to_owned(), args)
        }
        kind => (kind.as_str().to_owned(), json!({ "thread": event.thread })),
    };
    json!({
        "ph": "i", "s": "t", "pid": 0, "tid": core,
        "name": what, "ts": dump.microseconds(event.ticks), "args": args,
    })
}

/// An arrow from each wake-up to the moment at which the thread then ran.
fn flows(dump: &Dump) -> Vec<Value> {
    let mut all: Vec<(usize, &Event)> = dump
        .cores
        .iter()
        .flat_map(|(&core, trace)| trace.events.iter().map(move |event| (core, event)))
        .filter(|(_, event)| event.kind == Kind::Wake || event.kind.is_switch())
        .collect();
    // Stable: what a core recorded in the same tick stays in its order.
    all.sort_by_key(|(_, event)| event.ticks);
    let mut woken: HashMap<u32, (usize, u64)> = HashMap::new();
    let mut arrows = Vec::new();
    for (core, event) in all {
        if event.kind == Kind::Wake {
            woken.insert(event.thread, (core, event.ticks));
        } else if let Some((from, ticks)) = woken.remove(&event.other) {
            let id = arrows.len();
            let end = |ph: &str, core: usize, ticks: u64| {
                json!({
                    "ph": ph, "bp": "e", "id": id, "cat": "wake", "name": "wake",
                    "pid": 0, "tid": core, "ts": dump.microseconds(ticks),
                })
            };
            arrows.push(end("s", from, ticks));
            arrows.push(end("f", core, event.ticks));
        }
    }
    arrows
}

#[cfg(test)]
mod tests {
    use super::super::dump::tests::{event, read, written};
    use super::*;

    fn loaded() -> Vec<Value> {
        let one = [
            event(0, Kind::Start, 0, 1),
            event(3, Kind::Timer, 1, 0),
            event(4, Kind::Wake, 2, 1),
            event(10, Kind::Switch, 1, 0),
        ];
        let other = [
            event(0, Kind::Start, 0, 0),
            event(6, Kind::Ipi, 0, 0),
            event(8, Kind::Switch, 0, 2),
        ];
        let text = json(&read(&written(&[&one, &other])));
        let whole: Value = serde_json::from_str(&text).unwrap();
        whole["traceEvents"].as_array().unwrap().clone()
    }

    fn of<'a>(events: &'a [Value], phase: &str) -> Vec<&'a Value> {
        events.iter().filter(|event| event["ph"] == phase).collect()
    }

    #[test]
    fn each_core_is_a_track_with_who_ran_when() {
        let events = loaded();
        let shown: Vec<_> = of(&events, "X")
            .iter()
            .map(|e| {
                (
                    e["tid"].as_u64().unwrap(),
                    e["name"].as_str().unwrap(),
                    e["ts"].as_f64().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                (0, "main #1", 0.0),
                (0, "idle", 10.0),
                (1, "idle", 0.0),
                (1, "thread #2", 8.0)
            ]
        );
        assert!(
            events
                .iter()
                .any(|e| e["name"] == "thread_name" && e["args"]["name"] == "core 1")
        );
    }

    #[test]
    fn what_happens_in_a_moment_is_an_instant_on_its_track() {
        let events = loaded();
        let names: Vec<_> = of(&events, "i").iter().map(|e| e["name"].clone()).collect();
        assert_eq!(names, ["timer", "wake thread #2", "ipi"]);
    }

    #[test]
    fn an_arrow_goes_from_a_wake_up_to_the_run_that_came_of_it() {
        let events = loaded();
        let (start, end) = (of(&events, "s"), of(&events, "f"));
        assert_eq!((start.len(), end.len()), (1, 1));
        assert_eq!(
            (start[0]["tid"].as_u64(), end[0]["tid"].as_u64()),
            (Some(0), Some(1))
        );
        assert_eq!(
            (start[0]["ts"].as_f64(), end[0]["ts"].as_f64()),
            (Some(4.0), Some(8.0))
        );
        assert_eq!(start[0]["id"], end[0]["id"]);
    }
}
