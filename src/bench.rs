//! `bench`: what single operations cost, as distributions; and `latency`.
//!
//! A benchmark is a line in `bench/table.rs` and a file. Most have two rounds: one without a reading of the clock in it,
//! whose whole time by the number of operations is the mean; and one in which each operation is timed, whose samples make
//! the distribution. What reading the clock costs is measured first and subtracted from each sample.
//!
//! Beside the time there are cycles and instructions, where the core counts them (`arch::pmu`), of the first round.

#![cfg_attr(
    not(any(test, target_os = "none")),
    expect(
        dead_code,
        reason = "what is pure is tested on the host, and used on the target"
    )
)]

// Pure. Tested on the host.
mod figure;
mod outcome;
mod scale;

#[cfg(target_os = "none")]
pub(crate) mod boot;
#[cfg(target_os = "none")]
mod clock;
#[cfg(target_os = "none")]
mod command;
#[cfg(target_os = "none")]
mod contended;
#[cfg(target_os = "none")]
mod crew;
#[cfg(target_os = "none")]
mod cyclic;
#[cfg(target_os = "none")]
mod handoffs;
#[cfg(target_os = "none")]
mod interrupts;
#[cfg(target_os = "none")]
mod known_loop;
#[cfg(target_os = "none")]
pub mod latency;
#[cfg(target_os = "none")]
mod migrate;
#[cfg(target_os = "none")]
mod pair;
#[cfg(target_os = "none")]
mod preemption;
#[cfg(target_os = "none")]
mod run;
#[cfg(target_os = "none")]
mod scaling;
#[cfg(target_os = "none")]
mod solo;
#[cfg(target_os = "none")]
mod spawn_join;
#[cfg(target_os = "none")]
mod table;
#[cfg(target_os = "none")]
mod timer_interrupt;
#[cfg(target_os = "none")]
mod uncontended;
#[cfg(target_os = "none")]
mod wakes;
#[cfg(target_os = "none")]
mod yield_alone;

#[cfg(target_os = "none")]
pub use command::COMMAND;
#[cfg(target_os = "none")]
use table::{BENCHMARKS, Benchmark};
#[cfg(target_os = "none")]
pub(crate) use {
    clock::Clock,
    command::{CSV, HIST, JSON, Turn, finish, form, measure, wants_samples},
    figure::heading,
    outcome::{Outcome, Plain},
    pair::condvar_samples,
    run::NoFigure,
};
