//! The atomics of the scheduler's lock-free parts, so that a model checker can put its own in their
//! place.
//!
//! Under `--cfg loom` they are loom's, and the code that is checked is the code that ships.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicPtr, Ordering};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicPtr, Ordering};
