//! Who ran when, as a string of digits: each thread leaves its own whenever it comes by.

use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// The longest order that is kept.
pub(crate) const CAPACITY: usize = 32;

/// What stands where a thread has taken its place and not left its digit yet.
const UNWRITTEN: u8 = b'.';

/// An order as text.
pub(crate) type Text = heapless::String<CAPACITY>;

/// The digits that were left so far. What comes after [`CAPACITY`] of them is not kept.
#[derive(Debug)]
pub(crate) struct Order {
    taken: AtomicUsize,
    digits: [AtomicU8; CAPACITY],
}

impl Order {
    /// Nobody has come by.
    pub(crate) const fn new() -> Self {
        Self {
            taken: AtomicUsize::new(0),
            digits: [const { AtomicU8::new(UNWRITTEN) }; CAPACITY],
        }
    }

    /// Leaves `digit`, 0..=9, after all that were left before.
    pub(crate) fn leave(&self, digit: u8) {
        debug_assert!(digit < 10);
        let place = self.taken.fetch_add(1, Ordering::Relaxed);
        if let Some(slot) = self.digits.get(place) {
            slot.store(b'0' + digit, Ordering::Relaxed);
        }
    }

    /// How often `digit` was left.
    pub(crate) fn count(&self, digit: u8) -> usize {
        let is_it = |slot: &&AtomicU8| slot.load(Ordering::Relaxed) == b'0' + digit;
        self.digits.iter().filter(is_it).count()
    }

    /// All digits in their order.
    pub(crate) fn text(&self) -> Text {
        let taken = self.taken.load(Ordering::Relaxed);
        self.digits
            .iter()
            .take(taken)
            .map(|slot| char::from(slot.load(Ordering::Relaxed)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_read_in_the_order_in_which_they_were_left() {
        let order = Order::new();
        assert_eq!(order.text().as_str(), "");
        for digit in [0, 0, 2, 1] {
            order.leave(digit);
        }
        assert_eq!(order.text().as_str(), "0021");
        assert_eq!([0, 1, 2, 3].map(|digit| order.count(digit)), [2, 1, 1, 0]);
    }

    #[test]
    fn a_full_order_keeps_what_it_has() {
        let order = Order::new();
        for _ in 0..CAPACITY {
            order.leave(1);
        }
        order.leave(2);
        assert_eq!(order.text().as_str(), "1".repeat(CAPACITY));
        assert_eq!(order.count(2), 0);
    }
}
