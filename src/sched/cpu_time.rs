//! How long a thread has run, in one word: so that whoever reads it, from wherever, sees one moment.
//!
//! A sum and the moment at which the present run began, in two words, cannot be read together: between the two
//! loads the thread may leave its core, or the scheduler may have written the one and not yet the other.

use core::sync::atomic::{AtomicU64, Ordering};

/// The time of one thread, in ticks. One owner writes, without a read-modify-write: the core that runs the
/// thread. Anybody reads.
///
/// A core that switches reads the counter first and writes after; meanwhile a reader still counts on. So what was
/// read is kept too, by the readers, and the time is never less than that.
#[derive(Debug, Default)]
pub(crate) struct CpuTime {
    word: Word,
    seen_ticks: AtomicU64,
}

/// While the thread does not run: the sum. While it runs: the sum, less what the counter showed when it began to.
/// That is negative, because nobody has run for longer than the counter counts; so the sign says which it is.
#[derive(Debug, Default)]
struct Word(AtomicU64);

impl CpuTime {
    /// Zero, and it does not run.
    pub(crate) const fn new() -> Self {
        Self {
            word: Word(AtomicU64::new(0)),
            seen_ticks: AtomicU64::new(0),
        }
    }

    /// It runs from `now_ticks` on, which is not 0.
    #[inline]
    pub(super) fn start(&self, now_ticks: u64) {
        let sum = self.word.load();
        debug_assert!(!runs(sum) && runs(sum.wrapping_sub(now_ticks)));
        self.word.store(sum.wrapping_sub(now_ticks));
    }

    /// It has run until `now_ticks`.
    #[inline]
    pub(super) fn stop(&self, now_ticks: u64) {
        let word = self.word.load();
        debug_assert!(runs(word));
        self.word.store(word.wrapping_add(now_ticks));
    }

    /// The time until now; never less than somebody was told before. `now_ticks` reads the counter, after the
    /// load before it and before the load after it.
    pub(crate) fn get(&self, now_ticks: impl Fn() -> u64) -> u64 {
        let ticks = self.word.read(now_ticks);
        let seen = self.seen_ticks.fetch_max(ticks, Ordering::Relaxed);
        ticks.max(seen)
    }
}

impl Word {
    #[inline]
    fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    fn store(&self, word: u64) {
        self.0.store(word, Ordering::Relaxed);
    }

    /// If the word is the same before and after, the thread has run all the while.
    fn read(&self, now_ticks: impl Fn() -> u64) -> u64 {
        let mut word = self.load();
        while runs(word) {
            let now = now_ticks();
            let again = self.load();
            if again == word {
                return word.wrapping_add(now);
            }
            word = again;
        }
        word
    }
}

const fn runs(word: u64) -> bool {
    word.cast_signed() < 0
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::AtomicBool;
    use std::{cell::Cell, thread, time::Instant};

    use super::*;

    #[test]
    fn time_passes_while_it_runs_and_stands_still_while_not() {
        let time = CpuTime::new();
        assert_eq!(time.get(|| 1_000), 0);
        time.start(1_000);
        assert_eq!(time.get(|| 1_000), 0);
        assert_eq!(time.get(|| 1_250), 250);
        time.stop(1_300);
        assert_eq!(time.get(|| 9_999), 300);
        time.start(10_000);
        assert_eq!(time.get(|| 10_001), 301);
    }

    #[test]
    fn one_that_runs_from_the_first_tick_on_is_seen_to_run() {
        let time = CpuTime::new();
        time.start(1);
        assert_eq!(time.get(|| 1 << 62), (1 << 62) - 1);
        time.stop(1 << 62);
        assert_eq!(time.get(|| 0), (1 << 62) - 1);
    }

    #[test]
    fn a_switch_between_the_two_loads_is_noticed() {
        let time = CpuTime::new();
        time.start(100);
        // It leaves its core at 150; the reader's clock shows 200 before it looks again.
        let is_first = Cell::new(true);
        let seen = time.get(|| {
            if is_first.take() {
                time.stop(150);
            }
            200
        });
        assert_eq!(seen, 50);
    }

    #[test]
    fn what_was_seen_stands_although_the_core_had_read_the_counter_before() {
        let time = CpuTime::new();
        time.start(100);
        assert_eq!(time.get(|| 200), 100);
        // The core that switches had read 190.
        time.stop(190);
        assert_eq!(time.get(|| 300), 100);
        time.start(190);
        assert_eq!(time.get(|| 195), 100);
        assert_eq!(time.get(|| 201), 101);
    }

    #[test]
    fn from_another_thread_it_is_never_seen_to_go_back() {
        let (start, time, is_over) = (Instant::now(), CpuTime::new(), AtomicBool::new(false));
        let now = || start.elapsed().as_nanos() as u64 + 1;
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..100_000 {
                    time.start(now());
                    time.stop(now());
                }
                is_over.store(true, Ordering::Relaxed);
            });
            let mut last = 0;
            while !is_over.load(Ordering::Relaxed) {
                let (seen, read) = (time.get(now), time.word.read(now));
                assert!(seen >= last, "{seen} after {last}");
                assert!(read <= now(), "a word that was torn");
                last = seen;
            }
        });
    }
}
