//! What is known of one value: whether it is of this core, and from when.

/// What a register or a stack slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing that matters here.
    Other,
    /// The stack pointer at entry of the function, and so many bytes.
    Frame(i64),
    /// The core's pointer as read at an address, or something computed from it.
    Core(u64),
    /// The same, from before a call that can switch.
    Stale(u64),
}

impl Value {
    pub(super) fn join(self, other: Self) -> Self {
        match (self, other) {
            _ if self == other => self,
            // Of two reads, the first in the image: so that a join comes to an end.
            (Self::Stale(one), Self::Stale(two)) => Self::Stale(one.min(two)),
            (Self::Stale(read), _) | (_, Self::Stale(read)) => Self::Stale(read),
            (Self::Core(one), Self::Core(two)) => Self::Core(one.min(two)),
            (Self::Core(read), _) | (_, Self::Core(read)) => Self::Core(read),
            _ => Self::Other,
        }
    }

    pub(super) fn follows_core(self) -> bool {
        matches!(self, Self::Core(_) | Self::Stale(_))
    }

    /// Where it was read, if it is stale.
    pub(super) fn stale(self) -> Option<u64> {
        match self {
            Self::Stale(read) => Some(read),
            _ => None,
        }
    }

    /// The same after a switch.
    pub(super) fn age(&mut self) {
        if let Self::Core(read) = *self {
            *self = Self::Stale(read);
        }
    }

    /// What is computed from it.
    pub(super) fn derived(self) -> Self {
        if self.follows_core() {
            self
        } else {
            Self::Other
        }
    }
}
