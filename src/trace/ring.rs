//! The last events of one core: a ring in which the newest overwrite the oldest.

use alloc::vec::Vec;

use super::Event;

/// A ring of events. Its memory is taken once, when it is made.
#[derive(Debug)]
pub struct Ring {
    /// As many slots as the ring has room for: a power of two, or none.
    slots: Vec<[u64; 2]>,
    pushed: u64,
}

impl Ring {
    /// A ring without room: it loses everything.
    pub const EMPTY: Self = Self {
        slots: Vec::new(),
        pushed: 0,
    };

    /// Room for `events`, rounded up to a power of two; `None` if there is no memory for it.
    #[must_use]
    pub fn new(events: usize) -> Option<Self> {
        let room = events.checked_next_power_of_two()?;
        let mut slots = Vec::new();
        slots.try_reserve_exact(room).ok()?;
        // Within what was reserved: touched here, so that no push is the first to do it.
        slots.resize(room, [0; 2]);
        Some(Self { slots, pushed: 0 })
    }

    /// Keeps `event`; returns the one that had to go for it.
    pub fn push(&mut self, event: Event) -> Option<Event> {
        let slot = Self::slot(self.slots.len(), self.pushed);
        let is_full = self.pushed >= self.slots.len() as u64;
        self.pushed += 1;
        let old = core::mem::replace(self.slots.get_mut(slot)?, event.to_words());
        is_full.then(|| Event::from_words(old)).flatten()
    }

    /// The events that it has, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Event> {
        self.last(self.slots.len())
    }

    /// The last `count` of them, or all if there are fewer, the oldest first.
    pub fn last(&self, count: usize) -> impl Iterator<Item = Event> {
        let count = self.pushed.min(count.min(self.slots.len()) as u64);
        (self.pushed - count..self.pushed)
            .filter_map(|number| self.slots.get(Self::slot(self.slots.len(), number)))
            .filter_map(|words| Event::from_words(*words))
    }

    /// How many events were ever put in.
    #[must_use]
    pub const fn pushed(&self) -> u64 {
        self.pushed
    }

    /// How many of them are gone.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.pushed.saturating_sub(self.slots.len() as u64)
    }

    /// How many it has room for.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.slots.len()
    }

    const fn slot(room: usize, number: u64) -> usize {
        number as usize & room.wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::{collection::vec, prelude::proptest};

    use super::super::event::tests::events;
    use super::*;

    proptest! {
        #[test]
        fn a_ring_has_the_last_events_and_counts_the_others(
            room in 1_usize..40,
            pushed in vec(events(), 0..100),
            last in 0_usize..50,
        ) {
            let mut ring = Ring::new(room).expect("there is memory");
            assert_eq!(ring.room(), room.next_power_of_two());
            let mut model = VecDeque::new();
            for &event in &pushed {
                model.push_back(event);
                let gone = (model.len() > ring.room()).then(|| model.pop_front()).flatten();
                assert_eq!(ring.push(event), gone);
            }
            assert_eq!(ring.iter().collect::<VecDeque<_>>(), model);
            assert_eq!(ring.pushed(), pushed.len() as u64);
            assert_eq!(ring.lost() as usize, pushed.len() - model.len());
            let few: Vec<_> = ring.last(last).collect();
            assert_eq!(few, model.iter().copied().skip(model.len().saturating_sub(last)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_ring_without_room_loses_everything_and_breaks_nothing() {
        let mut ring = Ring::EMPTY;
        let event = Event::from_words([0, 0]).expect("a start");
        assert_eq!(ring.push(event), None);
        assert_eq!((ring.iter().count(), ring.pushed(), ring.lost()), (0, 1, 1));
    }

    #[test]
    fn more_than_there_can_be_is_refused() {
        assert!(Ring::new(usize::MAX).is_none());
        assert!(Ring::new(usize::MAX / 2 + 1).is_none());
    }
}
