//! What was reported since the watcher was started: for `watchdog`, and for whoever hangs on purpose, with interrupts
//! masked, until it is noticed.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::{Kind, Suspicion};

static COUNTS: [AtomicU64; Kind::COUNT] = [const { AtomicU64::new(0) }; Kind::COUNT];
/// The last one of each kind: core and thread.
static LAST: [AtomicU64; Kind::COUNT] = [const { AtomicU64::new(0) }; Kind::COUNT];
/// After how many ms that one was reported.
static LAST_MS: [AtomicU64; Kind::COUNT] = [const { AtomicU64::new(0) }; Kind::COUNT];
static OPEN: AtomicU32 = AtomicU32::new(0);

/// How many were reported.
pub(crate) fn total() -> u64 {
    COUNTS
        .iter()
        .map(|count| count.load(Ordering::Relaxed))
        .sum()
}

/// How many of this kind were reported.
pub(crate) fn count(kind: Kind) -> u64 {
    COUNTS[kind as usize].load(Ordering::Acquire)
}

/// Core and thread of the last one of this kind.
pub(crate) fn last(kind: Kind) -> (u32, u32) {
    let last = LAST[kind as usize].load(Ordering::Relaxed);
    ((last >> 32) as u32, last as u32)
}

/// After how many milliseconds the last one of this kind was reported.
pub(crate) fn last_ms(kind: Kind) -> u64 {
    LAST_MS[kind as usize].load(Ordering::Relaxed)
}

/// How many have not ended.
pub(crate) fn open() -> u32 {
    OPEN.load(Ordering::Acquire)
}

/// None was reported.
pub(super) fn forget() {
    OPEN.store(0, Ordering::Relaxed);
    for count in &COUNTS {
        count.store(0, Ordering::Relaxed);
    }
}

pub(super) fn begins(hang: &Suspicion, ms: u64) {
    OPEN.fetch_add(1, Ordering::Relaxed);
    let last = (hang.core.index() as u64) << 32 | u64::from(hang.thread);
    LAST[hang.kind as usize].store(last, Ordering::Relaxed);
    LAST_MS[hang.kind as usize].store(ms, Ordering::Relaxed);
    // Release: who sees the count sees which it was.
    COUNTS[hang.kind as usize].fetch_add(1, Ordering::Release);
}

pub(super) fn ends() {
    OPEN.fetch_sub(1, Ordering::Release);
}
