//! What becomes of a thread that was claimed, or that wishes to park.

use crate::core_id::CoreId;

/// Where a claimed thread goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Into the run queue of the core that asks, where it was before.
    Home,
    /// Into the run queue of the core that asks, to which it comes from another one.
    Queue,
    /// Into the inbox of this core, which may be the one that asks.
    Inbox(CoreId),
}

/// What has become of a thread's wish to park.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parking {
    /// It has to give up its core now.
    Blocks,
    /// It had a token, and has not been parked at all.
    HasToken,
    /// A token came at the last moment. It was parked for a moment, and whoever uttered a wish then has told
    /// nobody: its core has to look at it again.
    Undone,
}

/// What was wished of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Another priority or class, its own or inherited.
    pub urgency: bool,
    /// It may stay on the core that asks.
    pub may_stay: bool,
}
