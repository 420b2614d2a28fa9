//! The scheduler: who runs next, and the one path by which a core changes threads.
//!
//! `policy`, `run_queue`, `timer_queue`, `inbox`, `claim` and `moments` know no hardware and are tested on the host.
//! The rest is mechanism: each core's queue is touched by that core only, with IRQs masked, and what comes from
//! other cores goes through its inbox. There is no scheduler lock.

pub(crate) mod atomic;
pub mod claim;
pub mod counter;
#[cfg_attr(
    not(any(test, target_os = "none")),
    expect(dead_code, reason = "used by what runs on the target")
)]
mod cpu_time;
pub mod inbox;
#[cfg(any(target_os = "none", all(test, loom)))]
mod joiner;
#[cfg(all(test, loom))]
mod model;
pub mod moments;
pub mod policy;
pub mod run_queue;
pub mod timer_queue;
#[cfg(any(target_os = "none", all(test, loom)))]
mod value_state;

#[cfg(target_os = "none")]
mod balance;
#[cfg(target_os = "none")]
pub mod blocks;
#[cfg(target_os = "none")]
pub mod context;
#[cfg(target_os = "none")]
pub(crate) mod dying;
#[cfg(target_os = "none")]
mod finish;
#[cfg(target_os = "none")]
pub mod forced;
#[cfg(target_os = "none")]
pub mod idle;
#[cfg(target_os = "none")]
pub mod lifecycle;
#[cfg(target_os = "none")]
pub mod per_core;
#[cfg(target_os = "none")]
pub(crate) mod quick;
#[cfg(target_os = "none")]
pub mod registry;
#[cfg(target_os = "none")]
pub mod switch;
#[cfg(target_os = "none")]
pub mod thread;
#[cfg(target_os = "none")]
pub mod timers;
#[cfg(target_os = "none")]
pub mod tracer;
#[cfg(target_os = "none")]
mod traffic;
#[cfg(any(target_os = "none", all(test, loom)))]
pub mod wait_list;
#[cfg(target_os = "none")]
pub mod wake;
