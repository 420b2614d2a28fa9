//! Pivot: preemptive threads on the bare Raspberry Pi 4, and a context switch to measure.
//!
//! One image, one address space, no user mode: a kernel that is a library, a board that is data, and
//! an application that is a function. The application that comes with it is a shell on the serial
//! line.
//!
//! # The idea
//!
//! A core changes threads in one place, `asm/reschedule.s`, however it got there: by a yield, by
//! waiting, by an interrupt. To the compiler that place is a function call, so it saves what a call
//! preserves; an interrupt has saved the rest before. There is no second path that could save
//! something else, and nothing that the compiler may inline, reorder or forget.
//!
//! # What follows from it
//!
//! * *Decide first, save after.* `sched::switch` asks who is to run; if that is who runs already,
//!   nothing but two registers has been stored.
//! * *Decisions are values.* The policy ([`sched::policy`]) says who and until when. It has no clock,
//!   no lock and no register, so the host drives it through simulated hours.
//! * *A core's things are its own.* Its run queue and what its timer is set to are touched by that
//!   core only, with IRQs masked; what comes from other cores goes through an inbox
//!   ([`sched::inbox`]). There is no scheduler lock.
//! * *One waker.* Who wakes a thread wins it by one compare-and-exchange (`sched::wake`); with that
//!   come the duty and the sole right to queue it.
//! * *A thread may go on elsewhere.* What was read from a core before a switch is not used after it:
//!   the core's pointer can be had only with a proof that IRQs are masked (`arch::cpu::IrqGuard`).
//! * *A thread's stack is the thread's.* Handlers and decisions run on the core's own stack, so an
//!   overflow has a good stack to be reported from.
//!
//! The twelve invariants, and where each is kept, are in `ARCHITECTURE.md`; `docs/` has a page per
//! mechanism.
//!
//! # How to read it
//!
//! The files of assembly, each owned by the module that supplies its numbers:
//!
//! | file | owner | what |
//! |---|---|---|
//! | `asm/boot.s` | `arch::boot` | from the firmware to Rust, with MMU and caches on |
//! | `asm/refusals.s` | `arch::refusals` | how a core stops that cannot go on |
//! | `asm/led.s` | `arch::led` | the LED, where there is nothing else yet or any more |
//! | `asm/vectors.s` | `arch::exceptions` | the interrupt frame, and the way back |
//! | `asm/reschedule.s` | `sched::switch` | the switch, and a thread's first steps |
//! | `asm/cost.s` | `suite::cost` | the subjects of the command `cost` |
//! | `asm/regs.s` | `suite::regs` | the subjects of the command `regs` |
//!
//! Then, from the bottom up:
//!
//! 1. `arch`: entry, exceptions, translation, caches, timer, the two pointers of a core.
//! 2. [`board`] and [`machine`]: what a board says of itself, and what the device tree adds. `kernel`
//!    goes from the first Rust instruction to the first thread.
//! 3. [`mem`]: pages, heap, page tables, stacks.
//! 4. [`drivers`], `irq`, `console`: interrupt controllers, PL011, PSCI, spin table.
//! 5. [`sched`]: policy, queues, wake-ups, the switch. `thread`, `sync` and `time` are what an
//!    application uses.
//! 6. [`report`], [`shell`], [`suite`]: what a person and the host tool see.
//!
//! # Rules of the house
//!
//! * What decides is apart from what touches hardware, and is tested on the host. What needs the
//!   target is gated on `target_os = "none"`.
//! * `unsafe_code` is denied. A module that needs it says why in its first lines, and each block has
//!   its proof.
//! * Layouts reach assembly as `const` operands, with assertions beside the structure.
//! * Hardware facts cite document and section. Units stand in names (`deadline_ticks`,
//!   `counter_hz`).
//! * Output is by `ufmt`; `core::fmt` is for panics.
//! * No floating point in the scheduler; threads may use all of it.
#![cfg_attr(target_os = "none", no_std)]

extern crate alloc;

/// For the macros that print, so that who uses them need not depend on it.
#[cfg(target_os = "none")]
#[doc(hidden)]
pub use ufmt as __ufmt;

/// The commit that the image was built from, or `unknown`; `+` marks uncommitted changes.
pub const BUILD_HASH: &str = match option_env!("PIVOT_BUILD_HASH") {
    Some(hash) => hash,
    None => "unknown",
};

/// The cargo profile that the image was built with, if it was built by `cargo xtask`.
pub const PROFILE: Option<&str> = option_env!("PIVOT_PROFILE");

// Pure: no hardware, no clock, no lock. Tested on the host.
pub mod fault;
#[cfg_attr(
    not(any(test, target_os = "none")),
    expect(dead_code, reason = "used by what runs on the target")
)]
mod frames;
// In part; the rest needs threads.
#[cfg_attr(
    not(target_os = "none"),
    expect(dead_code, reason = "used by what runs on the target")
)]
mod hangs;
pub mod report;
pub mod stats;
pub mod trace;

// The machine as data, and what it was found to be.
pub mod board;
pub mod core_id;
pub mod machine;

// What needs the hardware.
#[cfg(target_os = "none")]
pub mod arch;
#[cfg(target_os = "none")]
pub mod console;
#[cfg(target_os = "none")]
pub mod core_clock;
#[cfg(target_os = "none")]
pub mod cores;
pub mod drivers;
#[cfg(target_os = "none")]
pub mod irq;
#[cfg(target_os = "none")]
pub mod kernel;
pub mod mem;

// Threads.
pub mod sched;
#[cfg(any(target_os = "none", all(test, loom)))]
pub mod sync;
#[cfg(target_os = "none")]
pub mod thread;
#[cfg(target_os = "none")]
pub mod time;
#[cfg(target_os = "none")]
pub mod watchdog;

// What a person sees.
pub mod bench;
pub mod shell;
pub mod suite;
