//! A record of what the scheduler did: events, the ring that keeps a core's last ones, and the lines by which they
//! come over the serial line. Pure; the image writes, the host tool reads, and both are tested against each other.
//!
//! `sched::tracer` is where the events come from, `docs/tracing.md` is the page about all of it.

mod block;
mod event;
mod log;
mod ring;

pub use block::{Block, BlockError, LINE_MAX, Text, encode};
pub use event::{CAUSES, Event, Kind, NO_MOMENT};
pub use log::{Counts, Log, Name};
pub use ring::Ring;

/// The line that begins a dump: which machine, and from when to when was recorded.
pub const START: &str = "trace.start";
/// A thread's name.
pub const THREAD: &str = "trace.thread";
/// What one core has counted.
pub const CORE: &str = "trace.core";
/// A block of events.
pub const BLOCK: &str = "trace";
/// The line that ends a dump: how many lines came before it.
pub const END: &str = "trace.end";
