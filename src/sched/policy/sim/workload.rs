//! Random workloads: threads of all kinds that come, change and go, on the real policy and on the reference.

use proptest::prelude::*;

use super::super::reference::Reference;
use super::{Habit, Sim};

/// The counters of the machines: the board's, QEMU's, and one of nanoseconds.
pub(super) const HZ: [u64; 3] = [54_000_000, 62_500_000, 1_000_000_000];

/// What a thread does, in microseconds.
#[derive(Clone, Copy, Debug)]
enum Plan {
    Hog,
    Yields(u64),
    Periodic { work: u64, period: u64 },
    Pauses { work: u64, pause: u64 },
}

/// A thread of a workload. Times are in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Life {
    plan: Plan,
    percent: u32,
    /// 0: the normal class.
    pub(super) realtime: u8,
    born: u64,
    ends: Option<u64>,
    changes: Option<(u64, u32)>,
}

/// A workload. The threads have numbers in the order in which they are born.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    pub(super) hz: u64,
    /// What the counter shows when it begins, in seconds.
    start: u64,
    pub(super) lives: Vec<Life>,
}

#[derive(Clone, Copy)]
enum Event {
    Spawn,
    SetPriority(u32),
    Exit,
}

impl Life {
    /// The largest percentage that it ever has.
    pub(super) fn most_percent(&self) -> u32 {
        self.percent
            .max(self.changes.map_or(0, |(_, percent)| percent))
    }

    /// The smallest.
    pub(super) fn least_percent(&self) -> u32 {
        self.percent
            .min(self.changes.map_or(u32::MAX, |(_, percent)| percent))
    }

    /// What it takes of the core before all normal threads: its share, and the longest at a time, in seconds.
    pub(super) fn realtime_load(&self) -> (f64, f64) {
        match self.plan {
            Plan::Pauses { work, pause } if self.realtime > 0 => {
                (work as f64 / (work + pause) as f64, work as f64 / 1e6)
            }
            _ => (0.0, 0.0),
        }
    }

    fn habit(&self, hz: u64) -> Habit {
        let ticks = |us: u64| (us * hz).div_ceil(1_000_000);
        match self.plan {
            Plan::Hog => Habit::Hog,
            Plan::Yields(work) => Habit::Yields(ticks(work)),
            Plan::Periodic { work, period } => Habit::Periodic {
                work: ticks(work),
                period: ticks(period),
            },
            Plan::Pauses { work, pause } => Habit::Pauses {
                work: ticks(work),
                pause: ticks(pause),
            },
        }
    }

    fn events(&self) -> impl Iterator<Item = (u64, Event)> {
        let changes = self
            .changes
            .map(|(at, percent)| (at, Event::SetPriority(percent)));
        let ends = self.ends.map(|at| (at, Event::Exit));
        let born = self.born;
        [Some((0, Event::Spawn)), changes, ends]
            .into_iter()
            .flatten()
            .map(move |(at, event)| (born + at, event))
    }
}

impl Workload {
    /// Whether somebody in it skips a period when it is late: then a moment makes a difference that stays.
    pub(super) fn is_touchy(&self) -> bool {
        self.lives
            .iter()
            .any(|life| matches!(life.plan, Plan::Periodic { .. }))
    }

    /// Runs it on both for `length` milliseconds, and hands over both.
    pub(super) fn run(&self, length: u64) -> (Sim, Reference) {
        let mut sim = Sim::new(self.hz, self.start * self.hz);
        let mut reference = Reference::new(self.hz);
        let begin = sim.now;
        let mut events: Vec<(u64, usize, Event)> = Vec::new();
        for (id, life) in self.lives.iter().enumerate() {
            events.extend(life.events().map(|(at, event)| (at, id, event)));
        }
        events.sort_by_key(|&(at, id, _)| (at, id));
        for (at, id, event) in events.into_iter().filter(|&(at, ..)| at < length) {
            let end = begin + at * self.hz / 1000;
            sim.run(end - sim.now);
            reference.run_until((end - begin) as f64 / self.hz as f64);
            let life = &self.lives[id];
            match event {
                Event::Spawn => {
                    let habit = life.habit(self.hz);
                    let number = if life.realtime > 0 {
                        sim.spawn_realtime(habit, life.realtime)
                    } else {
                        sim.spawn(habit, life.percent)
                    };
                    assert_eq!(number, id);
                    reference.spawn(habit, life.percent, life.realtime);
                }
                Event::SetPriority(percent) => {
                    sim.set_priority(id, percent);
                    reference.set_priority(id, percent);
                }
                Event::Exit => {
                    sim.exit(id);
                    reference.exit(id);
                }
            }
        }
        let end = begin + length * self.hz / 1000;
        sim.run(end - sim.now);
        reference.run_until((end - begin) as f64 / self.hz as f64);
        (sim, reference)
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    prop_oneof![
        3 => Just(Plan::Hog),
        1 => (200u64..20_000).prop_map(Plan::Yields),
        2 => (100u64..50_000, 2u64..20).prop_map(|(work, parts)| Plan::Periodic {
            work,
            period: work * parts,
        }),
        2 => (20u64..50_000, 10u64..2_000_000).prop_map(|(work, pause)| Plan::Pauses { work, pause }),
    ]
}

/// A normal thread.
fn normal() -> impl Strategy<Value = Life> {
    let changes = prop::option::of((1u64..15_000, 25u32..400));
    let ends = prop::option::weighted(0.3, 15_000u64..25_000);
    let born = prop_oneof![Just(0u64), 0u64..20_000];
    (plan(), 25u32..400, born, ends, changes).prop_map(|(plan, percent, born, ends, changes)| {
        Life {
            plan,
            percent,
            realtime: 0,
            born,
            ends,
            changes,
        }
    })
}

/// A realtime thread that leaves most of the core to others.
fn realtime() -> impl Strategy<Value = Life> {
    (1u8..4, 50u64..5_000, 8u64..50, 0u64..20_000).prop_map(|(realtime, work, parts, born)| Life {
        plan: Plan::Pauses {
            work,
            pause: work * parts,
        },
        percent: 100,
        realtime,
        born,
        ends: None,
        changes: None,
    })
}

/// Up to eight normal threads and two realtime ones.
pub(super) fn workload() -> impl Strategy<Value = Workload> {
    (
        prop::sample::select(&HZ),
        0u64..9 * 31_557_600,
        prop::collection::vec(normal(), 1..9),
        prop::collection::vec(realtime(), 0..3),
    )
        .prop_map(|(hz, start, mut lives, realtime)| {
            lives.extend(realtime);
            lives.sort_by_key(|life| life.born);
            Workload { hz, start, lives }
        })
}
