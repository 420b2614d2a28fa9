//! What is done next: drawn from a seed, and from the names that the board lists. Pure.

use crate::random::Random;

/// What the board can do, as it says itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) suites: Vec<String>,
    pub(super) benchmarks: Vec<String>,
    pub(super) crashes: Vec<String>,
}

/// Words of `crash list` that are not the crash of one thread, which is counted.
const NOT_COUNTED: [&str; 3] = ["poison", "full", "shell"];

impl Names {
    /// From what `suite list`, `bench list` and `crash list` print.
    pub(super) fn read(suites: &str, benchmarks: &str, crashes: &str) -> Self {
        let mut crashes = first_words(crashes);
        crashes.retain(|name| !NOT_COUNTED.contains(&name.as_str()));
        Self {
            suites: first_words(suites),
            benchmarks: first_words(benchmarks),
            crashes,
        }
    }
}

fn first_words(list: &str) -> Vec<String> {
    let words = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    words.map(str::to_owned).collect()
}

/// Lines that a person may type, right and wrong. None waits for anything.
const LINES: [&str; 24] = [
    "version",
    "ps",
    "cores",
    "irq",
    "mem",
    "mem map",
    "uptime",
    "jobs",
    "uart",
    "help",
    "help soak",
    "crash list",
    "trace status",
    "echo one; echo two",
    "repeat 3 echo again",
    "time version",
    "verison",
    "soak --seed x",
    "suite nothing",
    "peek 0",
    "peek 0xffffffffffffffff",
    "kill 999999",
    "\"an open quote",
    ";;; ;",
];

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    /// A round of the board's own `soak`.
    Soak {
        seed: u64,
        faults: u64,
    },
    /// The same beside threads that never yield, in the background, which are stopped afterwards.
    Beside {
        seed: u64,
        hogs: usize,
    },
    /// A command that judges itself, by what it is.
    Suite(String),
    Bench(String),
    Crash(String),
    /// A command that need not succeed.
    Line(&'static str),
    /// Bytes as fast as they are taken.
    Noise(Vec<u8>),
}

impl Activity {
    /// The names of the kinds, in the order of the table.
    pub(super) const KINDS: [&str; 7] = [
        "soak",
        "soak beside hogs",
        "suite",
        "benchmark",
        "crash",
        "line typed",
        "random bytes",
    ];

    /// Its place among them.
    pub(super) const fn kind(&self) -> usize {
        match self {
            Self::Soak { .. } => 0,
            Self::Beside { .. } => 1,
            Self::Suite(_) => 2,
            Self::Bench(_) => 3,
            Self::Crash(_) => 4,
            Self::Line(_) => 5,
            Self::Noise(_) => 6,
        }
    }

    /// The line that is typed for it.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Soak { seed, faults } => format!("soak --seed {seed} --faults {faults}"),
            Self::Beside { seed, .. } => format!("soak --seed {seed} --faults 100"),
            Self::Suite(name) => format!("suite {name} --brief"),
            Self::Bench(name) => format!("bench {name} --iterations 100"),
            Self::Crash(name) => format!("crash {name} --brief"),
            Self::Line(line) => (*line).to_owned(),
            Self::Noise(bytes) => format!("{} random bytes", bytes.len()),
        }
    }
}

/// The sequence of a seed.
#[derive(Debug)]
pub(super) struct Deal {
    random: Random,
    names: Names,
}

impl Deal {
    pub(super) const fn new(seed: u64, names: Names) -> Self {
        Self {
            random: Random::new(seed),
            names,
        }
    }

    /// What comes next.
    pub(super) fn next(&mut self) -> Activity {
        let Self { random, names } = self;
        let one = |random: &mut Random, of: &[String]| random.one_of(of).cloned();
        let named = match random.below(16) {
            0 | 1 => one(random, &names.suites).map(Activity::Suite),
            2 => one(random, &names.benchmarks).map(Activity::Bench),
            3..6 => one(random, &names.crashes).map(Activity::Crash),
            6..9 => random.one_of(&LINES).map(|line| Activity::Line(line)),
            9 | 10 => Some(Activity::Noise(random.bytes(20_000))),
            11 | 12 => Some(Activity::Beside {
                seed: random.next() >> 32,
                hogs: 1 + random.below(8),
            }),
            _ => None,
        };
        named.unwrap_or_else(|| Activity::Soak {
            seed: random.next() >> 32,
            faults: 100 + random.below(4) as u64 * 100,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names() -> Names {
        Names::read(
            "monotonic time never goes back\nfpu sines\n",
            "switch.yield.alone a yield\n",
            "null write to address 16\npoison end with a mutex\nshell let it panic\npanic panic\n",
        )
    }

    #[test]
    fn the_names_are_the_first_words_and_only_crashes_of_one_thread_are_taken() {
        let names = names();
        assert_eq!(names.suites, ["monotonic", "fpu"]);
        assert_eq!(names.benchmarks, ["switch.yield.alone"]);
        assert_eq!(names.crashes, ["null", "panic"]);
    }

    #[test]
    fn a_seed_gives_the_same_activities_again_and_all_kinds_of_them() {
        let deal = |seed| {
            let mut deal = Deal::new(seed, names());
            (0..500).map(|_| deal.next()).collect::<Vec<_>>()
        };
        assert_eq!(deal(1), deal(1));
        assert_ne!(deal(1), deal(2));
        let kinds: BTreeSet<_> = deal(1).iter().map(Activity::kind).collect();
        assert_eq!(kinds.len(), Activity::KINDS.len());
    }

    #[test]
    fn a_board_that_lists_nothing_is_soaked_all_the_same() {
        let mut deal = Deal::new(1, Names::default());
        let needs_names = |activity: &Activity| {
            matches!(
                activity,
                Activity::Suite(_) | Activity::Bench(_) | Activity::Crash(_)
            )
        };
        assert!(
            !(0..500)
                .map(|_| deal.next())
                .any(|activity| needs_names(&activity))
        );
    }

    #[test]
    fn every_line_fits_on_the_boards_line() {
        let mut deal = Deal::new(1, names());
        assert!((0..500).all(|_| deal.next().line().len() < 70));
    }
}
