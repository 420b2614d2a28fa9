//! What a fault was: why the thread cannot go on, and what the core says of it. Pure.

mod reason;
mod syndrome;

pub use reason::Reason;
pub use syndrome::{Access, Place, Syndrome};
