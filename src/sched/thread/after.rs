//! What has to be done when a thread has been switched away from, besides releasing it.

use core::cell::Cell;

/// For whoever owns the thread. All in one byte, so that a switch which is followed by nothing costs one test.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct AfterSwitch(Cell<u8>);

/// Some of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duties(u8);

impl Duties {
    /// It may not come back to its core: it has ended, or it goes to another one.
    pub(in crate::sched) const LEAVES: Self = Self(1);
    /// The switch is to be recorded.
    pub(in crate::sched) const RECORDED: Self = Self(2);
    /// It has come to the end of its stack with interrupts masked (`fault::overflow`).
    pub(crate) const OVERFLOWED: Self = Self(4);

    /// Whether somebody looks at the thread before it is released.
    pub(in crate::sched) const fn are_before_release(self) -> bool {
        self.0 & (Self::RECORDED.0 | Self::OVERFLOWED.0) != 0
    }

    pub(in crate::sched) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl AfterSwitch {
    /// Nothing.
    pub(super) const fn nothing() -> Self {
        Self(Cell::new(0))
    }

    pub(crate) fn add(&self, duty: Duties) {
        self.0.set(self.0.get() | duty.0);
    }

    pub(crate) fn remove(&self, duty: Duties) {
        self.0.set(self.0.get() & !duty.0);
    }

    pub(in crate::sched) fn take(&self) -> Duties {
        Duties(self.0.take())
    }
}
