//! The last act of a thread that has faulted: it says why, and ends by the ordinary path.
//!
//! It runs as the thread, on its own stack from the top, with interrupts on: so it waits for the console as every
//! thread does, a report stays in one piece, and nobody else is held up. Of what it had locked it owns nothing any
//! more.

#![expect(unsafe_code, reason = "the report lies on the thread's stack")]

use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use core::time::Duration;

use crate::console;
use crate::sched::{lifecycle, thread};
use crate::sync::SpinLock;
use crate::thread::ThreadId;

/// What is called when a thread crashes, by the thread itself, or hangs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hooks {
    /// Prints the report.
    pub(crate) print: fn(&str),
    /// As `print`, but past whoever has the console for longer than that.
    pub(crate) print_past: fn(&str, Duration),
    /// It was this one. Whoever waits for what it has not done yet is to be told.
    pub(crate) crashed: fn(ThreadId),
}

static HOOKS: SpinLock<Hooks> = SpinLock::new(Hooks {
    print: |text| console::write(text.as_bytes()),
    print_past: |text, _| console::write(text.as_bytes()),
    crashed: |_| (),
});

static CRASHED: AtomicU64 = AtomicU64::new(0);
static DETAIL: AtomicU8 = AtomicU8::new(Detail::Full as u8);

/// How much a report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Detail {
    /// Nothing.
    None = 0,
    /// Two lines.
    Brief = 1,
    /// All there is.
    Full = 2,
}

/// How many threads have crashed.
pub(crate) fn crashed() -> u64 {
    CRASHED.load(Ordering::Relaxed)
}

/// Reports say so much from now on.
pub(crate) fn set_detail(detail: Detail) {
    DETAIL.store(detail as u8, Ordering::Relaxed);
}

/// Whether reports say so much.
pub(super) fn is_said(detail: Detail) -> bool {
    DETAIL.load(Ordering::Relaxed) >= detail as u8
}

/// Calls these from now on.
pub(crate) fn set_hooks(hooks: Hooks) {
    *HOOKS.lock() = hooks;
}

/// Prints above the line that is being typed, once there is a shell, what has to be said even if whoever has the console
/// hangs: after `patience`.
pub(crate) fn print_past(text: &str, patience: Duration) {
    let hooks = *HOOKS.lock();
    (hooks.print_past)(text, patience);
}

/// `vectors.s` goes here when `fault` has returned: as the thread, with its stack ending where the report begins.
pub(crate) extern "C" fn last_act(report: usize, bytes: usize) -> ! {
    // SAFETY: `contain` has put it there, above what this uses of the stack.
    let text = unsafe { core::slice::from_raw_parts(report as *const u8, bytes) };
    let current = thread::current();
    CRASHED.fetch_add(1, Ordering::Relaxed);
    let hooks = *HOOKS.lock();
    if !text.is_empty() {
        (hooks.print)(core::str::from_utf8(text).unwrap_or("a report that is no text\n"));
    }
    current.abandon_argument();
    (hooks.crashed)(ThreadId(current.id()));
    lifecycle::end()
}
