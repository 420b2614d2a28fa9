//! Memory: pages, heap, page tables and stacks.
//!
//! ```text
//!   alloc::*          Stack::new
//!      │                  │
//!   heap (talc)        stacks ── window: where a stack lies
//!      │                  │
//!      │               tables ── plan: what the linear map maps
//!      └───────┬──────────┘
//!            buddy: pages of all RAM ── ranges: which those are
//! ```
//!
//! `ranges`, `plan`, `window` and `buddy` know no hardware and are tested on the host. So do `walk`, `access` and
//! `places`, by which `map` says what became of it all, and `probe` makes accesses that somebody typed.
//!
//! Locks: the heap's or the tables' lock is taken before the page allocator's, and none of them
//! while another is held. Nothing here uses the heap but the heap.

pub mod access;
pub mod buddy;
#[cfg_attr(
    not(any(test, target_os = "none")),
    expect(dead_code, reason = "used by what runs on the target")
)]
pub mod fallible;
pub mod places;
pub mod plan;
pub mod ranges;
pub mod walk;
pub mod window;

#[cfg(target_os = "none")]
mod heap;
#[cfg(target_os = "none")]
pub(crate) mod lend;
#[cfg(target_os = "none")]
pub mod map;
#[cfg(target_os = "none")]
pub mod probe;
#[cfg(target_os = "none")]
pub mod stacks;
#[cfg(target_os = "none")]
mod table_pages;
#[cfg(target_os = "none")]
pub mod tables;

#[cfg(target_os = "none")]
mod init;
#[cfg(target_os = "none")]
use init::PAGES;
#[cfg(target_os = "none")]
pub use init::{InitError, MemStats, init, stats};
