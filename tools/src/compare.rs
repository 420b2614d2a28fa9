//! `cargo xtask compare`: what differs between two measurements, and how sure that is.
//!
//! The runs are the samples: operations within a run share its board's temperature, its placement in caches, its luck.

mod welch;

use anyhow::Result;

use crate::cli::CompareOptions;
use crate::failure::{CODE_FAILED, Failure};
use crate::measure;
use crate::measure::doubts::doubts;
use crate::measure::record::Run;
use crate::measure::summary::{Summary, mean, summaries};
use welch::welch;

/// How sure all intervals of a comparison are together.
const CONFIDENCE: f64 = 0.95;

/// Runs it; returns the exit code: 1 where something has become slower.
pub(crate) fn run(options: &CompareOptions) -> Result<u8> {
    let (a, b) = (measure::read(&options.a)?, measure::read(&options.b)?);
    let is_like = check_alike(&a, &b);
    if !options.anyway {
        is_like?;
    }
    for (name, runs) in [("A", &a), ("B", &b)] {
        for doubt in doubts(runs) {
            eprintln!("warning: {name}, {doubt}");
        }
    }
    let (a, b) = (summaries(&a), summaries(&b));
    let rows = rows(&a, &b, options.threshold);
    print!("{}", table(&rows));
    let (only_a, only_b) = (missing(&a, &b), missing(&b, &a));
    for (name, ids) in [("A", only_a), ("B", only_b)] {
        if !ids.is_empty() {
            println!("only in {name}: {}", ids.join(", "));
        }
    }
    println!("{}", summary(&rows, options.threshold));
    let is_slower = rows.iter().any(|row| row.finding == Finding::Slower);
    Ok(if is_slower { CODE_FAILED } else { 0 })
}

/// Refuses what cannot be compared: an emulator with a board, one board with another.
fn check_alike(a: &[Run], b: &[Run]) -> Result<()> {
    let is_emulated = |runs: &[Run]| runs.iter().any(Run::is_emulated);
    let board = |runs: &[Run]| runs.iter().find_map(|run| run.condition("board").cloned());
    let what = if is_emulated(a) != is_emulated(b) {
        "one is of an emulator and one of a board: their times have nothing to do with each other"
    } else if board(a) != board(b) {
        "they are of different boards"
    } else {
        return Ok(());
    };
    Err(Failure::environment(what)
        .help("--anyway, to see the figures beside each other")
        .into())
}

/// What can be said about a benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    /// One of them has a single run: there is nothing to tell a difference from.
    Unknown,
    /// The interval holds 0, or the difference is below what matters.
    Same,
    Faster,
    Slower,
}

/// One benchmark in both.
#[derive(Debug)]
struct Row<'a> {
    id: &'a str,
    /// Mean over the runs in nanoseconds: of A, of B.
    means: [f64; 2],
    /// How many runs each has.
    runs: [usize; 2],
    /// B less A, in hundredths of A: from, to.
    interval: Option<[f64; 2]>,
    finding: Finding,
}

fn rows<'a>(a: &[Summary<'a>], b: &[Summary<'_>], threshold: f64) -> Vec<Row<'a>> {
    let pairs: Vec<(&'a str, Vec<f64>, Vec<f64>)> = a
        .iter()
        .filter_map(|one| {
            let other = b.iter().find(|other| other.id == one.id)?;
            let (ours, theirs) = (one.means(), other.means());
            (!ours.is_empty() && !theirs.is_empty()).then_some((one.id, ours, theirs))
        })
        .collect();
    // With many intervals, each must be surer for all of them to hold (Bonferroni).
    let doubt = (1.0 - CONFIDENCE) / pairs.len().max(1) as f64;
    pairs
        .into_iter()
        .map(|(id, ours, theirs)| row(id, &ours, &theirs, doubt, threshold))
        .collect()
}

fn row<'a>(id: &'a str, ours: &[f64], theirs: &[f64], doubt: f64, threshold: f64) -> Row<'a> {
    let means = [ours, theirs].map(|values| mean(values).unwrap_or_default());
    let percent = |ns: f64| 100.0 * ns / means[0];
    let interval = welch(ours, theirs, doubt).map(|ends| ends.map(percent));
    let change = percent(means[1] - means[0]);
    let finding = match interval {
        None => Finding::Unknown,
        Some([from, _]) if from > 0.0 && change > threshold => Finding::Slower,
        Some([_, to]) if to < 0.0 && change < -threshold => Finding::Faster,
        Some(_) => Finding::Same,
    };
    Row {
        id,
        means,
        runs: [ours.len(), theirs.len()],
        interval,
        finding,
    }
}

fn missing<'a>(from: &[Summary<'a>], other: &[Summary<'_>]) -> Vec<&'a str> {
    let is_missing = |id: &str| !other.iter().any(|summary| summary.id == id);
    from.iter()
        .map(|summary| summary.id)
        .filter(|id| is_missing(id))
        .collect()
}

fn table(rows: &[Row<'_>]) -> String {
    let width = rows
        .iter()
        .map(|row| row.id.len())
        .max()
        .unwrap_or(0)
        .max(4);
    let mut text = format!(
        "{:width$} {:>12} {:>12} {:>9} {:>20} {:>7}\n",
        "ID", "A, ns", "B, ns", "B - A", "interval", "runs"
    );
    for row in rows {
        let [a, b] = row.means;
        let interval = row.interval.map_or_else(
            || "unknown".to_owned(),
            |[from, to]| format!("{from:+.2} to {to:+.2} %"),
        );
        let mark = match row.finding {
            Finding::Slower => "  SLOWER",
            Finding::Faster => "  faster",
            Finding::Same | Finding::Unknown => "",
        };
        let change = format!("{:+.2} %", 100.0 * (b - a) / a);
        let runs = format!("{}, {}", row.runs[0], row.runs[1]);
        text.push_str(&format!(
            "{:width$} {a:>12.2} {b:>12.2} {change:>9} {interval:>20} {runs:>7}{mark}\n",
            row.id
        ));
    }
    text
}

fn summary(rows: &[Row<'_>], threshold: f64) -> String {
    let count = |finding| rows.iter().filter(|row| row.finding == finding).count();
    if rows.is_empty() {
        return "nothing is in both".to_owned();
    }
    if count(Finding::Unknown) == rows.len() {
        return "with a single run on one side, nothing can be said about differences: --runs 5, both times".to_owned();
    }
    format!(
        "{} slower, {} faster, {} the same within {threshold} % or the spread of the runs, {} with too few runs \
         (all intervals together hold with {:.0} %)",
        count(Finding::Slower),
        count(Finding::Faster),
        count(Finding::Same),
        count(Finding::Unknown),
        CONFIDENCE * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::record::Command;

    #[test]
    fn only_a_sure_difference_that_matters_is_one() {
        let finding = |a: &[f64], b: &[f64]| row("x", a, b, 0.05, 2.0).finding;
        let steady = [100.0, 100.1, 99.9, 100.0, 100.05];
        assert_eq!(
            finding(&steady, &steady.map(|ns| ns * 1.05)),
            Finding::Slower
        );
        assert_eq!(
            finding(&steady, &steady.map(|ns| ns * 0.9)),
            Finding::Faster
        );
        assert_eq!(
            finding(&steady, &steady.map(|ns| ns * 1.01)),
            Finding::Same,
            "sure, but small"
        );
        assert_eq!(
            finding(&[90.0, 120.0, 80.0], &[100.0, 130.0, 95.0]),
            Finding::Same,
            "large, but not sure"
        );
        assert_eq!(finding(&[100.0], &[200.0]), Finding::Unknown);
    }

    #[test]
    fn with_many_benchmarks_each_must_be_surer() {
        let named = |id: &str, means: &[f64]| -> Vec<Run> {
            means
                .iter()
                .map(|mean| {
                    let mut command = Command::new("x");
                    command.take(&format!("@{id} ops_ns={mean} ops=1"));
                    measure::record::tests::run(vec![command])
                })
                .collect()
        };
        let (a, b) = (
            named("a.x", &[100.0, 104.0, 96.0]),
            named("a.x", &[112.0, 117.0, 108.0]),
        );
        let (one, other) = (summaries(&a), summaries(&b));
        assert_eq!(rows(&one, &other, 2.0)[0].finding, Finding::Slower);
        let (many, others) = (vec![one[0].clone(); 30], vec![other[0].clone(); 30]);
        assert_eq!(rows(&many, &others, 2.0)[0].finding, Finding::Same);
    }

    #[test]
    fn a_board_is_not_compared_with_an_emulator() {
        let of = |host: &str, board: &str| {
            let mut command = Command::new("x");
            command.take(&format!("@conditions board={board} host={host}"));
            vec![measure::record::tests::run(vec![command])]
        };
        assert!(check_alike(&of("hardware", "rpi4"), &of("hardware", "rpi4")).is_ok());
        let refused = check_alike(&of("hardware", "rpi4"), &of("emulated", "rpi4"));
        assert!(refused.unwrap_err().to_string().contains("emulator"));
        assert!(check_alike(&of("emulated", "virt"), &of("emulated", "rpi4")).is_err());
    }

    #[test]
    fn the_table_says_what_each_means_and_what_is_missing() {
        let row = row("switch.yield", &[100.0, 100.0], &[110.0, 110.0], 0.05, 2.0);
        let text = table(&[row]);
        assert!(
            text.contains("+10.00 %") && text.contains("SLOWER"),
            "{text}"
        );
        assert!(summary(&[], 2.0).contains("nothing is in both"));
    }
}
