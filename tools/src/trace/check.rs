//! Whether a trace is whole and can be true.

use std::collections::BTreeMap;
use std::fmt::Write;

use pivot::trace::{Event, Kind};

use super::dump::{CoreTrace, Dump};

/// A time in which one thread ran on one core, without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// The thread; 0: idle.
    pub(super) thread: u32,
    pub(super) core: usize,
    /// In ticks.
    pub(super) start: u64,
    pub(super) end: u64,
    /// The event that ended it; `None`: the end of the recording.
    pub(super) left: Option<Event>,
}

impl Slice {
    /// How long it is, in ticks; 0 where time goes back, which is a problem of its own.
    pub(super) const fn ticks(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// Who ran on a core, one after the other.
pub(super) fn slices(id: usize, core: &CoreTrace) -> Vec<Slice> {
    let mut slices = Vec::new();
    let Some(first) = core.events.first() else {
        return slices;
    };
    let mut running = first_running(&core.events);
    let mut start = first.ticks;
    for event in core.events.iter().filter(|event| event.kind.is_switch()) {
        slices.push(Slice {
            thread: running.unwrap_or(event.thread),
            core: id,
            start,
            end: event.ticks,
            left: Some(*event),
        });
        (running, start) = (Some(event.other), event.ticks);
    }
    if let Some(thread) = running {
        slices.push(Slice {
            thread,
            core: id,
            start,
            end: core.stop.max(start),
            left: None,
        });
    }
    slices
}

/// Who ran at the first event, as far as the events say.
fn first_running(events: &[Event]) -> Option<u32> {
    events.iter().find_map(|event| match event.kind {
        Kind::Start => Some(event.other),
        kind if kind.is_switch() => Some(event.thread),
        _ => None,
    })
}

/// What is wrong, a line each.
pub(super) fn problems(dump: &Dump) -> Vec<String> {
    let mut problems = dump.damage.clone();
    let mut by_thread: BTreeMap<u32, Vec<Slice>> = BTreeMap::new();
    for (&id, core) in &dump.cores {
        problems.extend(
            of_core(core)
                .into_iter()
                .map(|what| format!("core {id}: {what}")),
        );
        for slice in slices(id, core) {
            by_thread.entry(slice.thread).or_default().push(slice);
        }
    }
    by_thread.remove(&0);
    for (thread, mut slices) in by_thread {
        slices.sort_by_key(|slice| (slice.start, slice.end));
        for pair in slices.windows(2) {
            if pair[1].start < pair[0].end {
                problems.push(format!(
                    "{} runs on cores {} and {} at the same time ({} µs)",
                    dump.name(thread),
                    pair[0].core,
                    pair[1].core,
                    dump.microseconds(pair[1].start)
                ));
            }
        }
    }
    problems
}

fn of_core(core: &CoreTrace) -> Vec<String> {
    let mut problems = Vec::new();
    let came = core.events.len() as u64;
    if came != core.recorded - core.lost.min(core.recorded) {
        problems.push(format!(
            "{came} events came; it recorded {} and lost {}",
            core.recorded, core.lost
        ));
    }
    if let Some(pair) = core.events.windows(2).find(|p| p[1].ticks < p[0].ticks) {
        problems.push(format!("time goes back at tick {}", pair[1].ticks));
    }
    let mut running = first_running(&core.events);
    for event in core.events.iter().filter(|event| event.kind.is_switch()) {
        if running != Some(event.thread) {
            problems.push(format!(
                "thread {} leaves at tick {}, and thread {} ran",
                event.thread,
                event.ticks,
                running.unwrap_or_default()
            ));
            break;
        }
        running = Some(event.other);
    }
    let counted = [
        (
            Kind::Switch,
            core.lost_counts.voluntary,
            core.counts.voluntary,
        ),
        (
            Kind::Preempt,
            core.lost_counts.preempted,
            core.counts.preempted,
        ),
        (
            Kind::Migrate,
            core.lost_counts.migrations,
            core.counts.migrations,
        ),
    ];
    for (kind, lost, kernel) in counted {
        let seen = count(core, kind).saturating_add(lost);
        if seen != kernel {
            problems.push(format!(
                "{seen} events `{}`, and the kernel counted {kernel}",
                kind.as_str()
            ));
        }
    }
    problems
}

fn count(core: &CoreTrace, kind: Kind) -> u64 {
    let events = core.events.iter();
    events.filter(|event| event.kind == kind).count() as u64
}

/// How many switches the trace shows.
pub(super) fn switches(dump: &Dump) -> usize {
    let events = dump.cores.values().flat_map(|core| &core.events);
    events.filter(|event| event.kind.is_switch()).count()
}

/// What the trace has, a line for each core.
pub(super) fn summary(dump: &Dump) -> String {
    let mut text =
        String::from("core    events      lost  switches   preempt   kernel's      busy\n");
    for (&id, core) in &dump.cores {
        let slices = slices(id, core);
        let ticks = |slice: &Slice| u128::from(slice.ticks());
        let all: u128 = slices.iter().map(ticks).sum();
        let busy: u128 = slices
            .iter()
            .filter(|slice| slice.thread != 0)
            .map(ticks)
            .sum();
        let _ = writeln!(
            text,
            "{id:>4}{:>10}{:>10}{:>10}{:>10}{:>11}{:>9.1}%",
            core.events.len(),
            core.lost,
            count(core, Kind::Switch) + count(core, Kind::Preempt),
            count(core, Kind::Preempt),
            core.counts.voluntary.saturating_add(core.counts.preempted),
            100.0 * busy as f64 / all.max(1) as f64
        );
    }
    text
}

#[cfg(test)]
mod tests;
