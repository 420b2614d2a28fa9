//! A count with one writer: the core, or the thread, that owns it.

use core::sync::atomic::{AtomicU64, Ordering};

/// Counts events. One owner adds, without a read-modify-write; anybody reads.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Zero.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// One more.
    #[inline]
    pub fn bump(&self) {
        self.add(1);
    }

    /// `amount` more.
    #[inline]
    pub fn add(&self, amount: u64) {
        self.0
            .store(self.0.load(Ordering::Relaxed) + amount, Ordering::Relaxed);
    }

    /// The count; from elsewhere perhaps a little old, never torn.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_adds_up() {
        let counter = Counter::new();
        counter.bump();
        counter.add(41);
        assert_eq!(counter.get(), 42);
    }
}
