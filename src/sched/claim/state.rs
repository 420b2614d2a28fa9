//! What a thread is doing: the word that decides who owns it.

/// What a thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// It runs on a core. As seen from outside: what is stored is `Ready`.
    Running = 0,
    /// It could run: it is in a run queue, in an inbox, or on its way there.
    Ready = 1,
    /// It waits in a list, perhaps also for a time.
    Waiting = 2,
    /// It waits for `unpark`, perhaps also for a time.
    Parked = 3,
    /// It waits for a time only.
    Sleeping = 4,
    /// It has ended.
    Exited = 5,
}

impl State {
    /// Its word in tables and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Parked => "parked",
            Self::Sleeping => "sleeping",
            Self::Exited => "exited",
        }
    }

    pub(super) const fn from_u8(value: u8) -> Self {
        match value {
            0 => Self::Running,
            1 => Self::Ready,
            2 => Self::Waiting,
            3 => Self::Parked,
            4 => Self::Sleeping,
            _ => Self::Exited,
        }
    }
}
