//! A histogram on a terminal of 80 columns, and as a list of counts for a report line.

use ufmt::{uWrite, uwrite, uwriteln};

use super::{BUCKETS, Histogram, least};
use crate::shell::pad;

/// Rows at most; neighbours share one until that is enough.
const ROWS: usize = 20;

/// Characters of the longest bar. With two numbers of 13 and 12 places that makes 79.
const BAR: u64 = 50;

/// Counts in one line for machines: with 20 digits each, a line stays below 900 characters; so does one of a JSON file.
const COUNTS_IN_A_LINE: usize = 40;

/// Draws `histogram`: a row for each range of values, with the least of them, a bar, and how many there are.
///
/// # Errors
///
/// The first error of the sink.
pub fn draw<W: uWrite>(out: &mut W, histogram: &Histogram) -> Result<(), W::Error> {
    let (Some((first, _)), Some((last, _))) =
        (histogram.counts().next(), histogram.counts().last())
    else {
        return uwriteln!(out, "(nothing was recorded)");
    };
    let mut width = 1;
    // Rows begin at multiples of their width, so that they begin at round values.
    while last / width - first / width >= ROWS {
        width *= 2;
    }
    let rows = first / width..=last / width;
    let count = |row: usize| {
        let begin = row * width;
        histogram.between(begin..(begin + width).min(BUCKETS))
    };
    let highest = rows.clone().map(count).max().unwrap_or(1);
    for row in rows {
        let count = count(row);
        uwrite!(out, "{} ", pad::right(least(row * width), 13))?;
        // Whatever is there is seen.
        let bar = (u128::from(count) * u128::from(BAR)).div_ceil(u128::from(highest));
        (0..bar).try_for_each(|_| out.write_char('#'))?;
        let gap = 13 + (BAR - bar as u64) as usize;
        uwriteln!(out, "{}", pad::right(count, gap))?;
    }
    Ok(())
}

/// Hands the counts over in runs of neighbours: for each the index of its first bucket, and what writes the counts with
/// commas between them. Buckets that were not met stand in a run only between two that were.
///
/// # Errors
///
/// The first error of `line`.
pub fn write_counts<E>(
    histogram: &Histogram,
    mut line: impl FnMut(usize, &[u64]) -> Result<(), E>,
) -> Result<(), E> {
    let mut run = heapless::Vec::<u64, COUNTS_IN_A_LINE>::new();
    let mut first = 0;
    for (index, count) in histogram.counts() {
        let gap = index - (first + run.len());
        let is_full = run.len() + gap >= COUNTS_IN_A_LINE;
        if !run.is_empty() && (is_full || gap > 3) {
            line(first, &run)?;
            run.clear();
        }
        if run.is_empty() {
            first = index;
        }
        while first + run.len() < index && run.push(0).is_ok() {}
        // There is room: a full run was handed over above.
        let _ = run.push(count);
    }
    if run.is_empty() {
        Ok(())
    } else {
        line(first, &run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drawn(values: &[u64]) -> String {
        let mut histogram = Histogram::new();
        values.iter().for_each(|value| histogram.record(*value));
        let mut text = heapless::String::<4096>::new();
        draw(&mut text, &histogram).unwrap();
        text.as_str().to_owned()
    }

    #[test]
    fn a_row_has_the_least_value_a_bar_and_the_count() {
        let text = drawn(&[7, 7, 8]);
        let rows: Vec<&str> = text.lines().collect();
        let [long, short] = ["#".repeat(50), "#".repeat(25)];
        assert_eq!(rows[0], format!("{:>13} {long}{:>13}", 7, 2));
        assert_eq!(rows[1], format!("{:>13} {short}{:>38}", 8, 1));
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn nothing_is_said_to_be_nothing() {
        assert_eq!(drawn(&[]), "(nothing was recorded)\n");
    }

    #[test]
    fn one_value_among_very_many_is_still_seen() {
        let mut values = vec![5; 10_000];
        values.push(6);
        assert_eq!(
            drawn(&values).lines().last().unwrap().matches('#').count(),
            1
        );
    }

    proptest! {
        #[test]
        fn it_fits_into_80_columns_and_20_rows_and_counts_all(
            values in prop::collection::vec((any::<u64>(), 0_u32..64), 1..500)
        ) {
            let values: Vec<u64> = values.into_iter().map(|(value, shift)| value >> shift).collect();
            let text = drawn(&values);
            prop_assert!(text.lines().count() <= ROWS);
            let mut sum = 0;
            for row in text.lines() {
                // The least value of a row may have 20 digits; times that long are not measured.
                prop_assert!(row.len() <= 80 || values.iter().any(|value| *value > 10_u64.pow(13)));
                sum += row.split(' ').next_back().unwrap().parse::<usize>().unwrap();
            }
            prop_assert_eq!(sum, values.len());
        }

        #[test]
        fn the_runs_say_what_the_histogram_has(
            values in prop::collection::vec((any::<u64>(), 0_u32..64), 0..500)
        ) {
            let mut histogram = Histogram::new();
            values.into_iter().for_each(|(value, shift)| histogram.record(value >> shift));
            let mut seen = Vec::new();
            write_counts(&histogram, |first, counts| {
                assert!(!counts.is_empty() && counts.len() <= COUNTS_IN_A_LINE);
                seen.extend((first..).zip(counts.iter().copied()).filter(|(_, n)| *n > 0));
                Ok::<(), ()>(())
            }).unwrap();
            prop_assert_eq!(seen, histogram.counts().collect::<Vec<_>>());
        }
    }
}
