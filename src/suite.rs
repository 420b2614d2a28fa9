//! The tests and benchmarks that the shell runs: each a command of its own.
//!
//! The figures and the tolerances follow OSv's tests; where those only print, these give a verdict. What a
//! busy emulator can spoil (an upper bound on a time, a share of a core) is asserted only under `--strict`,
//! which belongs with `-icount`; what cannot depend on the host is asserted always.

#![cfg_attr(
    not(any(test, target_os = "none")),
    expect(
        dead_code,
        reason = "what is pure is tested on the host, and used on the target"
    )
)]

// Pure: no hardware, no clock, no lock. Tested on the host. `conditions`, `cost`, `regs` and `soak` are so in part.
pub(crate) mod conditions;
pub mod cost;
mod doubling;
mod expect;
mod extremes;
mod held;
mod order;
mod parts;
mod random;
pub mod regs;
mod rounding;
mod sines;
mod slices;
pub mod soak;
mod tally;

// What they have in common on the target.
#[cfg(target_os = "none")]
pub(crate) mod aside;
#[cfg(target_os = "none")]
pub(crate) mod foremost;
#[cfg(target_os = "none")]
mod gate;
#[cfg(target_os = "none")]
pub(crate) mod hogs;
#[cfg(target_os = "none")]
mod session;
#[cfg(target_os = "none")]
mod wrong;

/// What `suite` runs, and in which order. A suite more is a line here, and one in the table of commands.
#[cfg(target_os = "none")]
static SUITES: &[&crate::shell::Command] = &[
    &monotonic::COMMAND,
    &timers::COMMAND,
    &sleep::COMMAND,
    &threads::COMMAND,
    &tls::COMMAND,
    &yields::COMMAND,
    &fpu::COMMAND,
    &regs::COMMAND,
    &preempt::COMMAND,
    &timeslice::COMMAND,
    &prio::COMMAND,
    &sched::COMMAND,
    &cputime::COMMAND,
    &affinity::COMMAND,
    &pin::COMMAND,
    &balance::COMMAND,
    &wake::COMMAND,
    &mutex::COMMAND,
    &condvar::COMMAND,
    &sem::COMMAND,
    &rwlock::COMMAND,
    &barrier::COMMAND,
    &channel::COMMAND,
    &once::COMMAND,
    &locks::COMMAND,
    &map::COMMAND,
    &exhaust::COMMAND,
    &ctxsw::COMMAND,
];

// One file per command.
#[cfg(target_os = "none")]
pub mod affinity;
#[cfg(target_os = "none")]
pub mod balance;
#[cfg(target_os = "none")]
pub mod barrier;
#[cfg(target_os = "none")]
pub mod channel;
#[cfg(target_os = "none")]
pub mod condvar;
#[cfg(target_os = "none")]
pub mod cputime;
#[cfg(target_os = "none")]
pub mod crash;
#[cfg(target_os = "none")]
pub mod ctxsw;
#[cfg(target_os = "none")]
pub mod deep;
#[cfg(target_os = "none")]
pub mod exhaust;
#[cfg(target_os = "none")]
pub mod fpu;
#[cfg(target_os = "none")]
pub mod fuzz;
#[cfg(target_os = "none")]
pub mod hang;
#[cfg(target_os = "none")]
pub mod hog;
#[cfg(target_os = "none")]
pub mod locks;
#[cfg(target_os = "none")]
pub mod map;
#[cfg(target_os = "none")]
pub mod monotonic;
#[cfg(target_os = "none")]
pub mod mutex;
#[cfg(target_os = "none")]
pub mod once;
#[cfg(target_os = "none")]
pub mod pin;
#[cfg(target_os = "none")]
pub mod preempt;
#[cfg(target_os = "none")]
pub mod prio;
#[cfg(target_os = "none")]
pub mod rwlock;
#[cfg(target_os = "none")]
pub mod sched;
#[cfg(target_os = "none")]
pub mod sem;
#[cfg(target_os = "none")]
pub mod sleep;
#[cfg(target_os = "none")]
pub mod suites;
#[cfg(target_os = "none")]
pub mod threads;
#[cfg(target_os = "none")]
pub mod timers;
#[cfg(target_os = "none")]
pub mod timeslice;
#[cfg(target_os = "none")]
pub mod tls;
#[cfg(target_os = "none")]
pub mod wake;
#[cfg(target_os = "none")]
pub mod yields;
