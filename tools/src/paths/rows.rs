//! Which paths are followed: what benchmark takes each, and from where to where it goes. Data.

/// Where a round is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// Before the instruction so far behind a symbol.
    Symbol(&'static str, u64),
    /// After a return from an exception.
    Return,
    /// After a core has been woken that waited.
    Wait,
    /// After the clock has been read in this file, or in a function whose name begins so.
    Clock(&'static str),
    /// After IRQs have been masked in this file, by what is inlined there.
    Mask(&'static str),
    /// After this routine has written the thread pointer.
    ThreadPointer(&'static str),
}

/// What the benchmark's figure is by the rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// The mean of all: what of the benchmark itself is in a round is in the figure too.
    Mean,
    /// The least sample: the most frequent round, without one reading of the clock. A mean of samples has
    /// those in it that something else came into.
    LessClock,
    /// The least sample: the most frequent round, and at most so much besides.
    More(u64),
}

/// A path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    /// What is done, in words.
    pub(super) what: &'static str,
    /// The benchmark.
    pub(super) id: &'static str,
    /// Operations of the run that is traced: every instruction of it is written down, so it is short.
    pub(super) operations: u64,
    /// The machine has so many, and the last of them is followed.
    pub(super) cores: usize,
    pub(super) begin: Anchor,
    pub(super) end: Anchor,
    /// Each of these, a file or a function, is come through in the round or just before: others' rounds are not meant.
    pub(super) through: &'static [&'static str],
    /// An instruction that the round executes: who comes through the same functions without it is not meant.
    pub(super) executes: Option<Anchor>,
    pub(super) figure: Figure,
    /// What comes from this file is not traced: a loop that goes on for as long as a thread may.
    pub(super) untraced: Option<&'static str>,
}

/// The slot of an interrupt that comes from a thread (`asm/vectors.s`).
const VECTOR: Anchor = Anchor::Symbol("vectors", 0x80);
const SWITCH: Anchor = Anchor::Symbol("reschedule", 0);
const INTERRUPT: Anchor = Anchor::Symbol("pivot::irq::dispatch", 0);

/// A round from an anchor to the same.
const fn around(
    what: &'static str,
    id: &'static str,
    cores: usize,
    anchor: Anchor,
    through: &'static [&'static str],
) -> Path {
    Path {
        what,
        id,
        operations: 1_000,
        cores,
        begin: anchor,
        end: anchor,
        through,
        executes: None,
        figure: Figure::Mean,
        untraced: None,
    }
}

/// All of them.
pub(super) const PATHS: &[Path] = &[
    Path {
        // Some of the first take the long way, each another one.
        operations: 4_000,
        ..around(
            "yield between two threads",
            "switch.yield.same_core",
            1,
            SWITCH,
            &["src/bench/handoffs/yields.rs"],
        )
    },
    around(
        "yield with nobody else runnable",
        "switch.yield.alone",
        1,
        // It does not come as far as the switch.
        Anchor::Mask("src/bench/solo.rs"),
        &["src/bench/solo.rs"],
    ),
    around(
        "handoff by mutex and condition variable, colocated",
        "handoff.condvar.colocated",
        1,
        SWITCH,
        &["src/bench/handoffs/condvar.rs"],
    ),
    around(
        "handoff by mutex and condition variable, apart",
        "handoff.condvar.apart",
        2,
        INTERRUPT,
        &["src/bench/handoffs/condvar.rs"],
    ),
    around(
        "handoff by semaphores, colocated",
        "handoff.semaphore.colocated",
        1,
        SWITCH,
        &["src/bench/handoffs/semaphore.rs"],
    ),
    around(
        "handoff by semaphores, apart",
        "handoff.semaphore.apart",
        2,
        INTERRUPT,
        &["src/bench/handoffs/semaphore.rs"],
    ),
    Path {
        what: "timer interrupt that switches nobody",
        id: "irq.timer",
        operations: 1_000,
        cores: 1,
        begin: VECTOR,
        end: Anchor::Return,
        through: &["src/bench/timer_interrupt.rs"],
        executes: None,
        figure: Figure::Mean,
        untraced: None,
    },
    Path {
        what: "preemption",
        id: "preempt.cost",
        operations: 20,
        cores: 1,
        begin: VECTOR,
        end: Anchor::Return,
        through: &["irq_from_thread"],
        // Most interrupts come to the decision that the thread stays.
        executes: Some(Anchor::ThreadPointer("reschedule")),
        // Two turns of its loop.
        figure: Figure::More(24),
        untraced: Some("src/bench/preemption.rs"),
    },
    Path {
        what: "interrupt to a thread that it wakes",
        id: "irq.to_thread",
        operations: 1_000,
        cores: 1,
        begin: Anchor::Clock("pivot::bench::interrupts::to_thread"),
        end: Anchor::Clock("pivot::bench::interrupts::to_thread"),
        through: &["irq_from_thread", "src/sync/semaphore"],
        executes: None,
        figure: Figure::LessClock,
        untraced: None,
    },
    Path {
        what: "deadline to woken thread, idle core",
        id: "timer.latency",
        operations: 100,
        cores: 2,
        begin: Anchor::Wait,
        end: Anchor::Clock("src/bench/cyclic.rs"),
        through: &["src/bench/cyclic.rs"],
        executes: None,
        figure: Figure::Mean,
        untraced: None,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::bench::rows::ROWS;

    #[test]
    fn each_path_stands_once_and_is_a_benchmarks_on_as_many_cores() {
        let ids: HashSet<&str> = PATHS.iter().map(|path| path.id).collect();
        assert_eq!(ids.len(), PATHS.len());
        for path in PATHS {
            let is_measured =
                |row: &crate::bench::rows::Row| (row.id, row.cores) == (path.id, path.cores);
            assert!(ROWS.iter().any(is_measured), "{}", path.id);
        }
    }
}
