//! What `soak` does next: drawn from a seed, and from nothing else.
//!
//! Whether a place has a thread is known from what was drawn before, so the sequence of one seed is the same on every
//! machine with as many cores, however fast its threads are.

use super::super::random::Random;

/// How many threads work at a time.
pub(super) const SLOTS: usize = 12;

/// How many mutexes they share.
pub(super) const LOCKS: usize = 4;

/// What there is to choose from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choices {
    pub(super) cores: u64,
    /// Things that one thread does.
    pub(super) works: u64,
    /// Things that two do with each other.
    pub(super) meetings: u64,
    /// Ways to crash.
    pub(super) faults: u64,
}

/// What a thread is inside of when it crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Nothing,
    Mutex(usize),
    /// This one and the next.
    TwoMutexes(usize),
    /// Of its own read-write lock, to write.
    Write,
    /// To read.
    Read,
}

/// What a new thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Born {
    pub(super) percent: u32,
    /// 0: the normal class.
    pub(super) realtime: u8,
    pub(super) core: Option<u64>,
    pub(super) stack_kib: usize,
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Spawn(Born),
    /// Takes what the thread came to, after `End`, `Crash` and `Poison`.
    Join,
    End,
    Pin(u64),
    Unpin,
    Priority(u32),
    Realtime(u8),
    Unpark,
    Work {
        what: usize,
        argument: u64,
    },
    Meet {
        with: usize,
        what: usize,
        argument: u64,
    },
    Crash {
        fault: usize,
        holds: Holds,
    },
    /// A thread that it starts crashes.
    Child {
        fault: usize,
    },
    /// The same with a mutex, which it takes then.
    Poison,
}

impl Operation {
    pub(super) const NAMES: [&str; 13] = [
        "spawn", "join", "end", "pin", "unpin", "priority", "class", "unpark", "work", "meet",
        "crash", "child", "poison",
    ];

    /// Its place among the names.
    pub(super) const fn number(self) -> usize {
        match self {
            Self::Spawn(_) => 0,
            Self::Join => 1,
            Self::End => 2,
            Self::Pin(_) => 3,
            Self::Unpin => 4,
            Self::Priority(_) => 5,
            Self::Realtime(_) => 6,
            Self::Unpark => 7,
            Self::Work { .. } => 8,
            Self::Meet { .. } => 9,
            Self::Crash { .. } => 10,
            Self::Child { .. } => 11,
            Self::Poison => 12,
        }
    }
}

/// What is known of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Empty,
    Works,
    /// Its thread was told to end, or to crash.
    Ends,
}

/// The sequence of a seed.
#[derive(Debug)]
pub(super) struct Sequence {
    random: Random,
    choices: Choices,
    places: [Place; SLOTS],
    digest: u64,
}

impl Sequence {
    pub(super) const fn new(seed: u64, choices: Choices) -> Self {
        Self {
            random: Random::new(seed),
            choices,
            places: [Place::Empty; SLOTS],
            // FNV-1a, its start and its prime: draft-eastlake-fnv, section 5.
            digest: 0xcbf2_9ce4_8422_2325,
        }
    }

    /// The next operation, and the place whose thread it is for.
    pub(super) fn next(&mut self) -> (usize, Operation) {
        let slot = self.index(SLOTS as u64);
        let operation = match self.places[slot] {
            Place::Empty => Operation::Spawn(self.born()),
            Place::Ends => self.of_ending(),
            Place::Works => self.of_worker(slot),
        };
        self.places[slot] = match operation {
            Operation::Join => Place::Empty,
            Operation::Spawn(_) => Place::Works,
            Operation::End | Operation::Crash { .. } | Operation::Poison => Place::Ends,
            _ => self.places[slot],
        };
        (slot, operation)
    }

    /// One number for all that was drawn up to now.
    pub(super) const fn digest(&self) -> u64 {
        self.digest
    }

    /// A thread that was told to end may do so at any moment, and is there to be changed until it is joined.
    fn of_ending(&mut self) -> Operation {
        match self.below(4) {
            0 => self.change(),
            _ => Operation::Join,
        }
    }

    fn of_worker(&mut self, slot: usize) -> Operation {
        match self.below(32) {
            0..9 => self.change(),
            9 => Operation::End,
            10..14 => self.meet(slot),
            14..23 => self.work(),
            23..29 => Operation::Crash {
                fault: self.index(self.choices.faults),
                holds: self.holds(),
            },
            29 | 30 => Operation::Child {
                fault: self.index(self.choices.faults),
            },
            _ => Operation::Poison,
        }
    }

    /// What somebody else does to a thread.
    fn change(&mut self) -> Operation {
        match self.below(8) {
            0..3 => Operation::Pin(self.below(self.choices.cores)),
            3 => Operation::Unpin,
            4 => Operation::Priority(self.percent()),
            5 => Operation::Realtime(self.class()),
            _ => Operation::Unpark,
        }
    }

    fn work(&mut self) -> Operation {
        Operation::Work {
            what: self.index(self.choices.works),
            argument: self.number(),
        }
    }

    /// With another thread that works; alone, if there is none.
    fn meet(&mut self, slot: usize) -> Operation {
        let first = self.index(SLOTS as u64);
        let mut others = (0..SLOTS).map(|step| (first + step) % SLOTS);
        let Some(with) = others.find(|&at| at != slot && self.places[at] == Place::Works) else {
            return self.work();
        };
        Operation::Meet {
            with,
            what: self.index(self.choices.meetings),
            argument: self.number(),
        }
    }

    fn holds(&mut self) -> Holds {
        let lock = self.index(LOCKS as u64 - 1);
        match self.below(8) {
            0 | 1 => Holds::Mutex(lock + usize::from(self.below(2) == 1)),
            2 => Holds::TwoMutexes(lock),
            3 => Holds::Write,
            4 => Holds::Read,
            _ => Holds::Nothing,
        }
    }

    fn born(&mut self) -> Born {
        Born {
            percent: self.percent(),
            realtime: self.class(),
            core: (self.below(2) == 0).then(|| self.below(self.choices.cores)),
            stack_kib: 16 << self.below(3),
        }
    }

    fn percent(&mut self) -> u32 {
        25 << self.below(5)
    }

    /// Mostly the normal one.
    fn class(&mut self) -> u8 {
        match self.below(4) {
            0 => 1 + self.below(9) as u8,
            _ => 0,
        }
    }

    fn index(&mut self, bound: u64) -> usize {
        self.below(bound) as usize
    }

    fn below(&mut self, bound: u64) -> u64 {
        let drawn = self.random.below(bound);
        self.take_down(drawn);
        drawn
    }

    fn number(&mut self) -> u64 {
        let drawn = self.random.next();
        self.take_down(drawn);
        drawn
    }

    const fn take_down(&mut self, drawn: u64) {
        self.digest = (self.digest ^ drawn).wrapping_mul(0x100_0000_01b3);
    }
}

#[cfg(test)]
mod tests;
