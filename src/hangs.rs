//! Hangs: what does not end by itself and is no crash. Noticed by a watcher, while one is asked for, and reported.
//!
//! A *look* finds what may be one: a core that has not answered a probe, a thread that is ready, threads that wait for
//! each other. It is one if it stays: `ledger` compares looks, and says each once when it begins and once when it has
//! ended. That, and the circles, is pure and tested on the host. `probe` asks the cores, `look` the threads, `watcher`
//! is the threads that look, `report` the words. `docs/hangs.md` says what is noticed and what is not.

pub(crate) mod circle;
mod ledger;

#[cfg(target_os = "none")]
mod look;
#[cfg(target_os = "none")]
mod probe;
#[cfg(target_os = "none")]
mod report;
#[cfg(target_os = "none")]
pub(crate) mod said;
#[cfg(target_os = "none")]
pub(crate) mod watcher;

use crate::core_id::CoreId;

/// What hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A core takes no interrupts.
    Irq = 0,
    /// A core takes none because it waits for a spin lock.
    Spin = 1,
    /// A thread is ready, and is not let run.
    Starve = 2,
    /// Threads wait for each other's mutexes.
    Deadlock = 3,
}

impl Kind {
    pub(crate) const COUNT: usize = 4;

    /// Its word in reports.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Irq => "irq",
            Self::Spin => "spin",
            Self::Starve => "starve",
            Self::Deadlock => "deadlock",
        }
    }
}

/// What may be a hang.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Suspicion {
    pub(crate) kind: Kind,
    /// The core that hangs, or that the thread is on.
    pub(crate) core: CoreId,
    /// The thread that hangs, or that the core runs; 0: none.
    pub(crate) thread: u32,
    /// Another one as soon as something has moved.
    pub(crate) mark: u64,
    /// Since when it is known to be so, by the clock of whoever looks.
    pub(crate) since: u64,
    /// For how long it may be so.
    pub(crate) patience: u64,
}

impl Suspicion {
    /// What it is about: two of one subject are the same hang, or the second has come after the first.
    fn subject(&self) -> (Kind, u32) {
        let which = match self.kind {
            Kind::Irq | Kind::Spin => self.core.index() as u32,
            Kind::Starve | Kind::Deadlock => self.thread,
        };
        (self.kind, which)
    }
}
