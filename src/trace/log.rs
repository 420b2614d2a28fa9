//! What one core records: its events, what the kernel counted meanwhile, and the names of threads that ended.

use alloc::vec::Vec;

use super::{Event, Kind, Ring};

/// Names of ended threads that are kept for a core; of more, the oldest go. Those that live are named at the dump.
const NAMES: usize = 256;

/// What the kernel counts of a core, by its own counters, without any event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Switches away from a thread that gave up its core.
    pub voluntary: u64,
    /// Switches away from a thread that would have run on.
    pub preempted: u64,
    /// Threads that came from another core.
    pub migrations: u64,
}

/// The name of a thread that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// Its number.
    pub thread: u32,
    bytes: [u8; 16],
}

impl Name {
    /// That `thread` is called `name`, of which 16 bytes are kept.
    #[must_use]
    pub fn new(thread: u32, name: &str) -> Self {
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(name.bytes()) {
            *to = from;
        }
        Self { thread, bytes }
    }

    /// The name, as far as it is one.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let len = self.bytes.iter().position(|&byte| byte == 0);
        let bytes = &self.bytes[..len.unwrap_or(self.bytes.len())];
        bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid())
    }
}

/// What one core records.
#[derive(Debug)]
pub struct Log {
    ring: Ring,
    names: Vec<Name>,
    names_pushed: usize,
    /// What the counter showed when recording was turned on.
    start_ticks: u64,
    last_ticks: u64,
    /// The kernel's counts when the core began to record, and at the last event that they count; `None`: it has not
    /// begun.
    counted: Option<(Counts, Counts)>,
    /// How many events of each kind were overwritten.
    overwritten: [u64; Kind::ALL.len()],
}

impl Log {
    /// That of a core which records nothing.
    pub const EMPTY: Self = Self {
        ring: Ring::EMPTY,
        names: Vec::new(),
        names_pushed: 0,
        start_ticks: 0,
        last_ticks: 0,
        counted: None,
        overwritten: [0; Kind::ALL.len()],
    };

    /// Room for `events` from `start_ticks` on; `None` if there is no memory for it.
    #[must_use]
    pub fn new(events: usize, start_ticks: u64) -> Option<Self> {
        let mut names = Vec::new();
        names.try_reserve_exact(NAMES).ok()?;
        // All places are there from the beginning: whoever writes one may not take memory.
        names.resize(NAMES, Name::new(0, ""));
        Some(Self {
            ring: Ring::new(events)?,
            names,
            start_ticks,
            ..Self::EMPTY
        })
    }

    /// The core begins, if it has not: from here on, each change of `counts` has its event. `running` runs.
    pub fn begin(&mut self, now_ticks: u64, running: u32, counts: Counts) {
        if self.counted.is_none() {
            self.counted = Some((counts, counts));
            self.push(now_ticks, Kind::Start, 0, 0, running);
        }
    }

    /// Whether the core has begun: before that, an event is not recorded.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.counted.is_some()
    }

    /// Records what no counter counts.
    pub fn note(&mut self, now_ticks: u64, kind: Kind, detail: u8, thread: u32, other: u32) {
        if self.has_begun() {
            self.push(now_ticks, kind, detail, thread, other);
        }
    }

    /// Records the switch that `counts` has just counted, and by it which kind it was.
    pub fn switch(&mut self, now_ticks: u64, cause: u8, old: u32, new: u32, counts: Counts) {
        let Some((_, last)) = &mut self.counted else {
            return;
        };
        let kind = if counts.preempted == last.preempted {
            Kind::Switch
        } else {
            Kind::Preempt
        };
        last.voluntary = counts.voluntary;
        last.preempted = counts.preempted;
        self.push(now_ticks, kind, cause, old, new);
    }

    /// Records that `thread`, which `counts` has just counted, has come from another core.
    pub fn migrate(&mut self, now_ticks: u64, thread: u32, counts: Counts) {
        if let Some((_, last)) = &mut self.counted {
            last.migrations = counts.migrations;
            self.push(now_ticks, Kind::Migrate, 0, thread, 0);
        }
    }

    /// Keeps the name of a thread that has ended.
    pub fn name(&mut self, name: Name) {
        if let Some(place) = self.names.get_mut(self.names_pushed % NAMES) {
            *place = name;
        }
        self.names_pushed += 1;
    }

    fn push(&mut self, now_ticks: u64, kind: Kind, detail: u8, thread: u32, other: u32) {
        // A counter may be read early, but time never goes back in a trace.
        self.last_ticks = now_ticks
            .saturating_sub(self.start_ticks)
            .max(self.last_ticks);
        let event = Event {
            ticks: self.last_ticks,
            kind,
            detail,
            thread,
            other,
        };
        if let Some(gone) = self.ring.push(event) {
            self.overwritten[gone.kind as usize] += 1;
        }
    }

    /// The events.
    #[must_use]
    pub const fn ring(&self) -> &Ring {
        &self.ring
    }

    /// The names of threads that have ended.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names[..self.names_pushed.min(self.names.len())]
    }

    /// What the kernel counted from the first event to the last.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (first, last) = self.counted.unwrap_or_default();
        Counts {
            voluntary: last.voluntary - first.voluntary,
            preempted: last.preempted - first.preempted,
            migrations: last.migrations - first.migrations,
        }
    }

    /// How many events of a kind were overwritten.
    #[must_use]
    pub const fn overwritten(&self, kind: Kind) -> u64 {
        self.overwritten[kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(voluntary: u64, preempted: u64, migrations: u64) -> Counts {
        Counts {
            voluntary,
            preempted,
            migrations,
        }
    }

    fn kinds(log: &Log) -> Vec<(Kind, u64)> {
        log.ring()
            .iter()
            .map(|event| (event.kind, event.ticks))
            .collect()
    }

    #[test]
    fn nothing_is_recorded_before_the_core_has_begun() {
        let mut log = Log::new(8, 100).expect("there is memory");
        log.note(110, Kind::Timer, 0, 1, 0);
        log.switch(120, 1, 1, 2, counts(5, 0, 0));
        log.migrate(130, 2, counts(5, 0, 1));
        assert!(kinds(&log).is_empty() && log.counts() == Counts::default());
        log.begin(140, 2, counts(5, 0, 1));
        log.begin(150, 3, counts(9, 9, 9));
        assert_eq!(kinds(&log), [(Kind::Start, 40)]);
        assert_eq!(log.counts(), Counts::default());
    }

    #[test]
    fn a_switch_is_what_the_kernel_has_counted_it_as() {
        let mut log = Log::new(8, 0).expect("there is memory");
        log.begin(1, 1, counts(5, 7, 1));
        log.switch(2, 2, 1, 2, counts(6, 7, 1));
        log.switch(3, 5, 2, 1, counts(6, 8, 1));
        log.migrate(4, 9, counts(6, 8, 2));
        let expected = [Kind::Start, Kind::Switch, Kind::Preempt, Kind::Migrate];
        assert!(kinds(&log).iter().map(|(kind, _)| *kind).eq(expected));
        assert_eq!(log.counts(), counts(1, 1, 1));
    }

    #[test]
    fn what_is_overwritten_is_counted_by_its_kind() {
        let mut log = Log::new(2, 0).expect("there is memory");
        log.begin(0, 1, counts(0, 0, 0));
        for turn in 1..=4 {
            log.switch(turn, 1, 1, 2, counts(turn, 0, 0));
        }
        assert_eq!((log.ring().lost(), log.counts().voluntary), (3, 4));
        assert_eq!(log.overwritten(Kind::Start), 1);
        assert_eq!(log.overwritten(Kind::Switch), 2);
    }

    #[test]
    fn time_never_goes_back() {
        let mut log = Log::new(8, 1_000).expect("there is memory");
        log.begin(900, 1, Counts::default());
        log.note(1_010, Kind::Timer, 0, 1, 0);
        log.note(1_009, Kind::Ipi, 0, 1, 0);
        let moments: Vec<_> = log.ring().iter().map(|event| event.ticks).collect();
        assert_eq!(moments, [0, 10, 10]);
    }

    #[test]
    fn the_last_names_are_kept_without_taking_memory() {
        let mut log = Log::new(1, 0).expect("there is memory");
        let room = log.names.as_ptr();
        assert!(log.names().is_empty());
        for thread in 0..2 * NAMES as u32 + 1 {
            log.name(Name::new(thread, "somebody with a long name"));
        }
        assert_eq!(log.names.as_ptr(), room);
        assert_eq!(log.names().len(), NAMES);
        assert_eq!(log.names()[0].thread, 2 * NAMES as u32);
        assert_eq!(log.names()[1].thread, NAMES as u32 + 1);
        assert_eq!(log.names()[1].as_str(), "somebody with a ");
        assert_eq!(
            Name::new(1, "sevenseven-seve\u{e9}").as_str(),
            "sevenseven-seve"
        );
    }
}
