//! What one look after the other has found: which of it has stayed for too long. Pure.

use alloc::collections::TryReserveError;
use alloc::vec::Vec;

use super::Suspicion;

/// A suspicion that fewer looks in a row have found is none: between two looks the whole machine may have stood still
/// (an emulator whose host has stopped it), and then nothing moved because nothing could.
pub(super) const LOOKS: u32 = 4;

/// What there is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It has stayed so for longer than it may.
    Begins,
    /// What was said to hang has moved.
    Ends,
}

/// What the looks so far have found.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// By subject.
    entries: Vec<Entry>,
    /// Those of the look before, for their room.
    before: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    suspicion: Suspicion,
    looks: u32,
    is_said: bool,
}

impl Ledger {
    /// With room for `suspicions` in a look, without asking for memory.
    ///
    /// # Errors
    ///
    /// There is no memory.
    pub(super) fn with_room(suspicions: usize) -> Result<Self, TryReserveError> {
        let mut ledger = Self::default();
        ledger.entries.try_reserve(suspicions)?;
        ledger.before.try_reserve(suspicions)?;
        Ok(ledger)
    }

    /// Takes what a look at `now` has found, in any order and each subject once. Says what begins and what ends, and
    /// how long it has been so.
    ///
    /// # Errors
    ///
    /// There is no memory. Then the look counts as not made.
    pub(super) fn look(
        &mut self,
        found: &[Suspicion],
        now: u64,
        mut say: impl FnMut(Event, &Suspicion, u64),
    ) -> Result<(), TryReserveError> {
        let mut entries = core::mem::take(&mut self.before);
        entries.clear();
        if let Err(error) = entries.try_reserve(found.len()) {
            self.before = entries;
            return Err(error);
        }
        for &suspicion in found {
            let before = self.same_as(&suspicion);
            entries.push(Entry {
                suspicion: Suspicion {
                    since: before.map_or(suspicion.since, |before| {
                        before.suspicion.since.min(suspicion.since)
                    }),
                    ..suspicion
                },
                looks: before.map_or(1, |before| before.looks.saturating_add(1)),
                is_said: before.is_some_and(|before| before.is_said),
            });
        }
        entries.sort_unstable_by_key(|entry| entry.suspicion.subject());
        self.before = core::mem::replace(&mut self.entries, entries);
        for Entry { suspicion, .. } in self.before.iter().filter(|entry| entry.is_said) {
            if self.same_as(suspicion).is_none() {
                say(Event::Ends, suspicion, now.saturating_sub(suspicion.since));
            }
        }
        for entry in &mut self.entries {
            let stands = now.saturating_sub(entry.suspicion.since);
            if !entry.is_said && entry.looks >= LOOKS && stands >= entry.suspicion.patience {
                entry.is_said = true;
                say(Event::Begins, &entry.suspicion, stands);
            }
        }
        Ok(())
    }

    /// What is known of `suspicion`, if nothing has moved since.
    fn same_as(&self, suspicion: &Suspicion) -> Option<Entry> {
        let at = self
            .entries
            .binary_search_by_key(&suspicion.subject(), |entry| entry.suspicion.subject());
        let entry = self.entries[at.ok()?];
        (entry.suspicion.mark == suspicion.mark).then_some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use crate::core_id::CoreId;

    const PATIENCE: u64 = 1_000;

    /// A thread that is ready, with what it had run when it was looked at.
    fn ready(thread: u32, mark: u64, since: u64) -> Suspicion {
        Suspicion {
            kind: Kind::Starve,
            core: CoreId::BOOT,
            thread,
            mark,
            since,
            patience: PATIENCE,
        }
    }

    /// What is said when these looks are made.
    fn said(looks: &[(u64, &[Suspicion])]) -> Vec<(Event, u32, u64)> {
        let (mut ledger, mut said) = (Ledger::default(), Vec::new());
        for &(now, found) in looks {
            let say = |event, s: &Suspicion, stands| said.push((event, s.thread, stands));
            ledger.look(found, now, say).unwrap();
        }
        said
    }

    /// Looks at 0, 300, 600 and so on, each with the same found.
    fn looks(count: u64, thread: u32, mark: u64) -> Vec<(u64, [Suspicion; 1])> {
        let times = (0..count).map(|i| i * 300);
        times.map(|now| (now, [ready(thread, mark, now)])).collect()
    }

    fn by_ref(looks: &[(u64, [Suspicion; 1])]) -> Vec<(u64, &[Suspicion])> {
        looks
            .iter()
            .map(|(now, found)| (*now, found.as_slice()))
            .collect()
    }

    #[test]
    fn what_stays_for_too_long_is_said_once() {
        let looks = looks(20, 7, 5);
        assert_eq!(said(&by_ref(&looks)), [(Event::Begins, 7, 1_200)]);
    }

    #[test]
    fn what_ends_in_time_is_not_said() {
        let mut looks = looks(4, 7, 5);
        looks.extend([(1_200, [ready(7, 6, 1_200)])]);
        assert_eq!(said(&by_ref(&looks)), []);
    }

    #[test]
    fn what_has_moved_between_two_looks_begins_anew() {
        let looks: Vec<_> = (0..20).map(|i| (i * 300, [ready(7, i, i * 300)])).collect();
        assert_eq!(said(&by_ref(&looks)), []);
    }

    #[test]
    fn the_end_of_what_was_said_is_said_once_whether_it_is_gone_or_has_moved() {
        let hangs = looks(5, 7, 5);
        let both = [(Event::Begins, 7, 1_200), (Event::Ends, 7, 1_500)];
        let (moved, gone) = ([ready(7, 6, 1_500)], []);
        for after in [moved.as_slice(), &gone] {
            let mut looks = by_ref(&hangs);
            looks.extend([(1_500, after), (1_800, gone.as_slice())]);
            assert_eq!(said(&looks), both);
        }
    }

    #[test]
    fn what_hangs_again_is_said_again() {
        let mut looks = looks(10, 7, 5);
        looks.extend((10..20).map(|i| (i * 300, [ready(7, 6, i * 300)])));
        let expected = [
            (Event::Begins, 7, 1_200),
            (Event::Ends, 7, 3_000),
            (Event::Begins, 7, 1_200),
        ];
        assert_eq!(said(&by_ref(&looks)), expected);
    }

    #[test]
    fn while_the_whole_machine_stood_still_nothing_hung() {
        let looks = [0, 300, 900_000].map(|now| (now, [ready(7, 5, now)]));
        assert_eq!(said(&by_ref(&looks)), []);
    }

    #[test]
    fn what_was_so_before_the_first_look_counts() {
        let looks = [5_000, 5_300, 5_600, 5_900].map(|now| (now, [ready(7, 5, 4_000)]));
        assert_eq!(said(&by_ref(&looks)), [(Event::Begins, 7, 1_900)]);
    }

    #[test]
    fn several_are_kept_apart_in_whatever_order_they_are_found() {
        let (a, b) = (ready(7, 5, 0), ready(8, 5, 0));
        let on_core = Suspicion {
            kind: Kind::Irq,
            thread: 7,
            ..a
        };
        let orders = [
            [a, b, on_core],
            [on_core, b, a],
            [b, a, on_core],
            [a, on_core, b],
        ];
        let looks: Vec<(u64, &[Suspicion])> = orders
            .iter()
            .zip(0..)
            .map(|(found, i)| (i * 400, found.as_slice()))
            .collect();
        let begin = |thread| (Event::Begins, thread, 1_200);
        assert_eq!(said(&looks), [begin(7), begin(7), begin(8)]);
    }
}
