//! What `top` shows: who had which share of a core since the last look. Pure.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

use super::pad;

/// What has been counted of something since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Time on a core, or of a core with threads.
    pub busy: Duration,
    /// Switches that it asked for.
    pub voluntary: u64,
    /// Switches that it did not ask for.
    pub preempted: u64,
    /// Moves to another core.
    pub migrations: u64,
}

/// A thread, or a core, at a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its number.
    pub id: u32,
    /// What is shown of it besides figures.
    pub label: String,
    /// What was counted until this look.
    pub counted: Counted,
}

/// What one thread, or core, did between two looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub id: u32,
    label: String,
    /// The share of one core, in thousandths.
    pub share: u64,
    total: Duration,
    voluntary: u64,
    preempted: u64,
    migrations: u64,
}

/// What each did in `time` between two looks, of which the earlier one is sorted by the numbers. Who was not there then
/// counts from its birth. What the counters show is per second; shares do not exceed 1, though a late look may make
/// them seem to.
#[must_use]
pub fn rows(before: &[Sample], now: &[Sample], time: Duration) -> Vec<Row> {
    now.iter()
        .map(|sample| {
            let old = before.binary_search_by_key(&sample.id, |old| old.id);
            let old = old.map_or_else(|_| Counted::default(), |at| before[at].counted);
            let new = sample.counted;
            Row {
                id: sample.id,
                label: sample.label.clone(),
                share: ratio(new.busy.saturating_sub(old.busy), 1_000, time).min(1_000),
                total: new.busy,
                voluntary: per_second(new.voluntary.saturating_sub(old.voluntary), time),
                preempted: per_second(new.preempted.saturating_sub(old.preempted), time),
                migrations: per_second(new.migrations.saturating_sub(old.migrations), time),
            }
        })
        .collect()
}

/// Sorts by the numbers. The newest stand behind the older ones already, or nearly so: then it costs a look at each.
pub fn sort_by_number(samples: &mut [Sample]) {
    for end in 1..samples.len() {
        let mut at = end;
        while at > 0 && samples[at - 1].id > samples[at].id {
            samples.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// The `count` busiest, the busiest first; equals in the order of their numbers. A few among many: sorting all of them
/// would take more code and more time.
#[must_use]
pub fn busiest(rows: &mut [Row], count: usize) -> &[Row] {
    let count = count.min(rows.len());
    for place in 0..count {
        let mut best = place;
        for at in place + 1..rows.len() {
            let (row, so_far) = (&rows[at], &rows[best]);
            if row.share > so_far.share || row.share == so_far.share && row.id < so_far.id {
                best = at;
            }
        }
        rows.swap(place, best);
    }
    &rows[..count]
}

fn ratio(part: Duration, of: u128, whole: Duration) -> u64 {
    let (part, whole) = (part.as_nanos(), whole.as_nanos().max(1));
    u64::try_from((part * of + whole / 2) / whole).unwrap_or(u64::MAX)
}

fn per_second(count: u64, time: Duration) -> u64 {
    let whole = time.as_nanos().max(1);
    u64::try_from((u128::from(count) * 1_000_000_000 + whole / 2) / whole).unwrap_or(u64::MAX)
}

/// The heads of a row's columns, behind those of its label.
pub const FIGURES: &str = "   CPU%     CPU/s   VOL/s   PRE/s  MIGR/s";

/// A row without its label.
impl uDisplay for Row {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        uwrite!(
            f,
            "{}{}{}{}{}{}",
            self.label.as_str(),
            pad::right(pad::fixed(self.share, 1), 7),
            pad::right(pad::seconds(self.total), 10),
            pad::right(self.voluntary, 8),
            pad::right(self.preempted, 8),
            pad::right(self.migrations, 8)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::args::tests::shown;

    fn sample(id: u32, busy_ms: u64, voluntary: u64) -> Sample {
        Sample {
            id,
            label: "x".into(),
            counted: Counted {
                busy: Duration::from_millis(busy_ms),
                voluntary,
                ..Counted::default()
            },
        }
    }

    #[test]
    fn a_share_is_what_was_used_since_the_last_look() {
        let before = [sample(1, 5_000, 100), sample(2, 0, 0)];
        let now = [sample(1, 5_500, 300), sample(2, 2_000, 0)];
        let rows = rows(&before, &now, Duration::from_secs(2));
        assert_eq!((rows[0].share, rows[0].voluntary), (250, 100));
        assert_eq!((rows[1].share, rows[1].voluntary), (1_000, 0));
    }

    #[test]
    fn a_newcomer_counts_from_its_birth_and_who_has_ended_is_not_shown() {
        let rows = rows(
            &[sample(1, 9_000, 9)],
            &[sample(2, 100, 5)],
            Duration::from_secs(1),
        );
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].id, rows[0].share, rows[0].voluntary), (2, 100, 5));
    }

    #[test]
    fn a_share_is_no_more_than_all_of_a_core_and_no_time_breaks_nothing() {
        let late = rows(&[], &[sample(1, 1_500, 1)], Duration::from_secs(1));
        assert_eq!(late[0].share, 1_000);
        assert_eq!(rows(&[], &[sample(1, 0, 0)], Duration::ZERO)[0].share, 0);
    }

    fn numbers(rows: &[Row]) -> Vec<u32> {
        rows.iter().map(|row| row.id).collect()
    }

    #[test]
    fn the_busiest_stand_first_and_equals_by_their_numbers() {
        let now = [
            sample(3, 1, 0),
            sample(2, 500, 0),
            sample(4, 0, 0),
            sample(1, 1, 0),
        ];
        let mut rows = rows(&[], &now, Duration::from_secs(1));
        assert_eq!(numbers(busiest(&mut rows, 3)), [2, 1, 3]);
        assert_eq!(numbers(busiest(&mut rows, 9)), [2, 1, 3, 4]);
        assert!(busiest(&mut rows, 0).is_empty() && busiest(&mut [], 5).is_empty());
    }

    #[test]
    fn samples_are_sorted_by_their_numbers() {
        let mut samples = [2, 1, 3, 7, 6, 5].map(|id| sample(id, 0, 0));
        sort_by_number(&mut samples);
        assert!(
            samples
                .iter()
                .map(|sample| sample.id)
                .eq([1, 2, 3, 5, 6, 7])
        );
        sort_by_number(&mut []);
    }

    #[test]
    fn figures_stand_under_their_heads() {
        let row = rows(&[], &[sample(1, 345, 70)], Duration::from_secs(1)).remove(0);
        let text = shown(&row);
        assert_eq!(text, "x   34.5     0.345      70       0       0");
        assert_eq!(text.len(), 1 + FIGURES.len());
    }
}
