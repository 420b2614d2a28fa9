//! One event, and the two words that it is kept in.

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// The core began to record; `other` runs.
    Start = 0,
    /// `thread` gave up the core, to `other`. The detail is the cause (`sched::switch::Cause`).
    Switch = 1,
    /// `thread` would have run on, and lost the core to `other`. The detail is the cause.
    Preempt = 2,
    /// `thread` lets others go first; if there are any, a switch follows.
    Yield = 3,
    /// `thread` is woken, or born, by `other`; 0: by an interrupt or by a thread's end. The detail is the core that it
    /// is to run on.
    Wake = 4,
    /// `thread` came out of the inbox into the queue.
    Queue = 5,
    /// `thread` has come from another core.
    Migrate = 6,
    /// `thread` was interrupted by the timer.
    Timer = 7,
    /// `thread` was interrupted by another core, which asks for a decision.
    Ipi = 8,
    /// `thread` was interrupted by a device, whose INTID is `other`.
    Interrupt = 9,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Start,
        Self::Switch,
        Self::Preempt,
        Self::Yield,
        Self::Wake,
        Self::Queue,
        Self::Migrate,
        Self::Timer,
        Self::Ipi,
        Self::Interrupt,
    ];

    /// The kind of that number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its word in traces and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Switch => "switch",
            Self::Preempt => "preempt",
            Self::Yield => "yield",
            Self::Wake => "wake",
            Self::Queue => "queue",
            Self::Migrate => "migrate",
            Self::Timer => "timer",
            Self::Ipi => "ipi",
            Self::Interrupt => "interrupt",
        }
    }

    /// Whether another thread runs after it.
    #[must_use]
    pub const fn is_switch(self) -> bool {
        matches!(self, Self::Switch | Self::Preempt)
    }
}

/// The words for the causes of a switch (`sched::switch::Cause`), by their numbers.
pub const CAUSES: [&str; 9] = [
    "nothing",
    "yield",
    "block",
    "exit",
    "wake",
    "timer",
    "ipi",
    "interrupt",
    "migrate",
];

/// The latest moment that an event can have, in ticks from the start of the recording: 78 hours at 1 GHz, 60 days at
/// 54 MHz. Whatever happens later is given this one.
pub const NO_MOMENT: u64 = (1 << 48) - 1;

/// One event of one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, in ticks from the start of the recording; at most [`NO_MOMENT`].
    pub ticks: u64,
    /// What.
    pub kind: Kind,
    /// A cause or a core, below 16; 0 where the kind has none.
    pub detail: u8,
    /// The thread that it happened to. 0: the idle thread.
    pub thread: u32,
    /// Another thread, or an INTID; 0 where the kind has none.
    pub other: u32,
}

impl Event {
    /// As it is kept: 16 bytes.
    #[must_use]
    pub fn to_words(self) -> [u64; 2] {
        let head = u64::from(self.kind as u8) << 4 | u64::from(self.detail & 15);
        [
            self.ticks.min(NO_MOMENT) << 16 | head,
            u64::from(self.other) << 32 | u64::from(self.thread),
        ]
    }

    /// Out of what [`to_words`](Self::to_words) made; `None` for words that it never makes.
    #[must_use]
    pub fn from_words([head, threads]: [u64; 2]) -> Option<Self> {
        Some(Self {
            ticks: head >> 16,
            kind: Kind::from_number((head >> 4) as u8)?,
            detail: head as u8 & 15,
            thread: threads as u32,
            other: (threads >> 32) as u32,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::{Strategy, any, proptest};

    use super::*;

    /// Any event.
    pub(in crate::trace) fn events() -> impl Strategy<Value = Event> {
        (
            0..=NO_MOMENT,
            0..Kind::ALL.len(),
            0..16_u8,
            any::<u32>(),
            any::<u32>(),
        )
            .prop_map(|(ticks, kind, detail, thread, other)| Event {
                ticks,
                kind: Kind::ALL[kind],
                detail,
                thread,
                other,
            })
    }

    proptest! {
        #[test]
        fn an_event_comes_out_of_its_words_as_it_went_in(event in events()) {
            assert_eq!(Event::from_words(event.to_words()), Some(event));
        }
    }

    #[test]
    fn a_kind_has_its_number_and_no_other_number_has_one() {
        for (number, kind) in (0_u8..).zip(Kind::ALL) {
            assert_eq!(kind as u8, number);
            assert_eq!(Kind::from_number(number), Some(kind));
        }
        assert_eq!(Kind::from_number(10), None);
        assert_eq!(Event::from_words([0xf0, 0]), None);
    }

    #[test]
    fn what_happens_too_late_has_the_latest_moment() {
        let event = Event {
            ticks: u64::MAX,
            kind: Kind::Timer,
            detail: 0,
            thread: 1,
            other: 0,
        };
        let kept = Event::from_words(event.to_words());
        assert_eq!(kept.map(|event| event.ticks), Some(NO_MOMENT));
    }
}
