//! What `cargo xtask bench` measures, with the best peer and the goal of each operation. Data.
//!
//! The peers were measured on the same emulated machine by the same method; `docs/performance.md` says how.

use super::figures::Read;

/// One operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// What is measured, in words; empty where the ID says it.
    pub(crate) operation: &'static str,
    /// Cores of the machine; 0 if none is started.
    pub(crate) cores: usize,
    /// The benchmark.
    pub(crate) id: &'static str,
    /// Which of its figures.
    pub(crate) read: Read,
    /// The best peers, in instructions.
    pub(crate) peer: &'static str,
    /// What is wanted at least, and at best, in instructions.
    pub(crate) goal: Option<(u64, u64)>,
    /// How many percent it may be from the figure that was blessed.
    pub(crate) slack: u64,
}

/// The slack of nearly all.
const SLACK: u64 = 2;

/// Operations with a goal.
const fn row(
    operation: &'static str,
    cores: usize,
    id: &'static str,
    read: Read,
    goal: (u64, u64),
    peer: &'static str,
) -> Row {
    Row {
        operation,
        cores,
        id,
        read,
        peer,
        goal: Some(goal),
        slack: SLACK,
    }
}

/// Operations that are only watched.
const fn watched(cores: usize, id: &'static str, read: Read) -> Row {
    Row {
        operation: "",
        cores,
        id,
        read,
        peer: "",
        goal: None,
        slack: SLACK,
    }
}

/// Bytes of an image for `virt`: of the shell firmware, or of an example in place of it.
const fn image(
    what: &'static str,
    id: &'static str,
    example: Option<&'static str>,
    kib: u64,
) -> Row {
    let bytes = kib * 1024;
    let goal = (bytes, bytes);
    row(what, 0, id, Read::Size(example), goal, "none measured")
}

impl Row {
    /// What its figure counts.
    pub(crate) const fn unit(&self) -> &'static str {
        match self.read {
            Read::Size(_) => "bytes",
            _ => "instructions",
        }
    }

    /// The same, but its figure depends on how far apart threads happened to start, which is another for any other
    /// image: even the length of the commit's name in it changes when they do.
    const fn within(self, slack: u64) -> Self {
        Self { slack, ..self }
    }
}

/// All of them.
pub(crate) const ROWS: &[Row] = &[
    row(
        "yield between two threads, one core",
        1,
        "switch.yield.same_core",
        Read::Each,
        (80, 66),
        "FreeRTOS 115.5 without FP state, 147.5 with, one core only; LK 174; OSv 741",
    ),
    row(
        "yield with nobody else runnable",
        1,
        "switch.yield.alone",
        Read::Each,
        (18, 15),
        "NuttX 41, one core only; OSv 71; LK 96",
    ),
    row(
        "handoff by mutex and condition variable, colocated",
        1,
        "handoff.condvar.colocated",
        Read::Each,
        (195, 170),
        "NuttX 654, one core only, 859 SMP; OSv 1,527; LK, events instead, 483",
    ),
    row(
        "the same, nopin",
        2,
        "handoff.condvar.nopin",
        Read::Each,
        (210, 185),
        "LK, events instead, 572; OSv 1,849",
    ),
    row(
        "the same, apart: both cores together",
        2,
        "handoff.condvar.apart",
        Read::Each,
        (390, 340),
        "LK, events instead, 936.5",
    ),
    row(
        "semaphore handoff, one core",
        1,
        "handoff.semaphore.colocated",
        Read::Each,
        (155, 130),
        "LK 304.5; NuttX 403, one core only",
    ),
    row(
        "mutex lock and unlock, uncontended",
        1,
        "mutex.uncontended",
        Read::Each,
        (12, 10),
        "Linux with glibc 80; LK 88; NuttX 100",
    ),
    row(
        "timer interrupt that switches nobody, vector to `eret`",
        1,
        "irq.timer",
        Read::Each,
        (120, 60),
        "none measured",
    ),
    row(
        "preemption: vector to the `eret` into the other thread",
        1,
        "preempt.cost",
        Read::Least,
        (205, 180),
        "none measured",
    ),
    row(
        "deadline to woken thread, idle core",
        2,
        "timer.latency",
        Read::Mean,
        (400, 300),
        "OSv 1,709",
    ),
    row(
        "spawn and join of an empty thread",
        1,
        "thread.spawn_join",
        Read::Each,
        (600, 420),
        "none measured",
    ),
    row(
        "boot to prompt, four cores, without time in WFI",
        4,
        "boot.to_prompt",
        Read::SinceReset,
        (5_000_000, 2_000_000),
        "OSv, to its application, 13.3 million",
    ),
    image(
        "release image with shell and suites, bytes",
        "image.shell",
        None,
        256,
    ),
    // It ends on a page, of which it has a few dozen.
    image(
        "kernel with an example application, bytes",
        "image.example",
        Some("threads"),
        96,
    )
    .within(4),
    watched(1, "clock.known_loop", Read::Each),
    watched(1, "handoff.channel.colocated", Read::Each),
    watched(1, "handoff.park.colocated", Read::Each),
    watched(2, "handoff.semaphore.apart", Read::Each),
    watched(2, "handoff.park.apart", Read::Each),
    watched(2, "thread.migrate", Read::Each),
    watched(2, "wake.idle_core", Read::Mean),
    watched(1, "irq.to_handler", Read::Mean),
    watched(1, "irq.to_thread", Read::Mean),
    watched(1, "scale.yield.t2", Read::Each),
    watched(1, "scale.yield.t1000", Read::Each).within(15),
    watched(1, "scale.blocked.t10", Read::Each),
    watched(1, "scale.blocked.t10000", Read::Each),
    watched(1, "scale.timer.t2", Read::Each),
    watched(1, "scale.timer.t10000", Read::Each),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_benchmark_stands_once_and_the_lesser_goal_first() {
        let ids: HashSet<&str> = ROWS.iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), ROWS.len());
        for row in ROWS {
            assert!(
                row.goal.is_none_or(|(goal, beyond)| beyond <= goal),
                "{}",
                row.id
            );
            assert_eq!(row.operation.is_empty(), row.goal.is_none(), "{}", row.id);
        }
    }
}
