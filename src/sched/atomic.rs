//! The atomics of the scheduler's lock-free parts, so that a model checker can put its own in their
//! place.
//!
//! Under `--cfg loom` they are loom's, and the code that is checked is the code that ships.

#[cfg(loom)]
mod model;

#[cfg(all(not(loom), target_os = "none"))]
pub(crate) use core::sync::atomic::AtomicUsize;
#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, Ordering};
#[cfg(loom)]
pub(crate) use model::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering};

/// Declares a function that is `const` wherever an atomic can be made at compile time; loom's cannot.
macro_rules! const_unless_checked {
    ($(#[$attribute:meta])* $visibility:vis fn $($rest:tt)*) => {
        #[cfg(not(loom))]
        $(#[$attribute])* $visibility const fn $($rest)*
        #[cfg(loom)]
        $(#[$attribute])* $visibility fn $($rest)*
    };
}
pub(crate) use const_unless_checked;
