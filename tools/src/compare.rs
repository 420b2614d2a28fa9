//! `cargo xtask compare`: what differs between two measurements, and how sure that is.
//!
//! The runs are the samples: operations within a run share its board's temperature, its placement in caches, its luck.

mod like;
mod welch;

use anyhow::Result;

use crate::cli::CompareOptions;
use crate::failure::{CODE_FAILED, Failure};
use crate::measure;
use crate::measure::doubts::doubts;
use crate::measure::record::Run;
use crate::measure::summary::{Summary, mean, summaries};
use welch::{Sample, welch};

/// How sure all intervals of a comparison are together.
const CONFIDENCE: f64 = 0.95;

/// Runs it; returns the exit code: 1 where something has become slower, or cannot be told any more.
pub(crate) fn run(options: &CompareOptions) -> Result<u8> {
    let (a, b) = (measure::read(&options.a)?, measure::read(&options.b)?);
    let differences = like::differences(&a, &b);
    if !differences.is_empty() && !options.anyway {
        return Err(Failure::environment(differences.join("\n"))
            .help("--anyway, to see the figures beside each other")
            .into());
    }
    for what in differences {
        eprintln!("warning: {what}");
    }
    for (name, runs) in [("A", &a), ("B", &b)] {
        for doubt in doubts(runs) {
            eprintln!("warning: {name}, {doubt}");
        }
    }
    let (text, is_good) = judged(&a, &b, options.threshold);
    print!("{text}");
    Ok(if is_good { 0 } else { CODE_FAILED })
}

/// What is printed, and whether nothing is slower, nothing is missing in B, and all that was measured there has passed.
fn judged(a: &[Run], b: &[Run], threshold: f64) -> (String, bool) {
    let failed = failed(b);
    let (a, b) = (summaries(a), summaries(b));
    let rows = rows(&a, &b, threshold);
    let (only_a, only_b) = (missing(&a, &b), missing(&b, &a));
    let is_good = !rows.is_empty()
        && !rows.iter().any(|row| row.finding == Finding::Slower)
        && only_a.is_empty()
        && failed.is_empty();
    let mut text = table(&rows);
    for (what, ids) in [("only in A", only_a), ("only in B", only_b)] {
        if !ids.is_empty() {
            text.push_str(&format!("{what}: {}\n", ids.join(", ")));
        }
    }
    if !failed.is_empty() {
        text.push_str(&format!("not passed in B: {}\n", failed.join(", ")));
    }
    text.push_str(&summary(&rows, threshold));
    text.push('\n');
    (text, is_good)
}

/// The commands that did not pass in every run.
fn failed(runs: &[Run]) -> Vec<&str> {
    let mut lines: Vec<&str> = runs
        .iter()
        .flat_map(|run| &run.commands)
        .filter(|command| command.verdict.as_deref() != Some("passed"))
        .map(|command| command.line.as_str())
        .collect();
    lines.sort_unstable();
    lines.dedup();
    lines
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
    let pairs: Vec<(&'a str, Means, Means)> = a
        .iter()
        .filter_map(|one| {
            let other = b.iter().find(|other| other.id == one.id)?;
            Some((one.id, Means::of(one)?, Means::of(other)?))
        })
        .collect();
    // With many intervals, each must be surer for all of them to hold (Bonferroni).
    let doubt = (1.0 - CONFIDENCE) / pairs.len().max(1) as f64;
    pairs
        .into_iter()
        .map(|(id, ours, theirs)| row(id, ours.sample(), theirs.sample(), doubt, threshold))
        .collect()
}

/// The mean of each run, and how finely it is told.
struct Means {
    values: Vec<f64>,
    resolution: f64,
}

impl Means {
    fn of(summary: &Summary<'_>) -> Option<Self> {
        let (values, resolution) = (summary.means(), summary.resolution_ns());
        (!values.is_empty()).then_some(Self { values, resolution })
    }

    fn sample(&self) -> Sample<'_> {
        Sample {
            values: &self.values,
            resolution: self.resolution,
        }
    }
}

fn row<'a>(
    id: &'a str,
    ours: Sample<'_>,
    theirs: Sample<'_>,
    doubt: f64,
    threshold: f64,
) -> Row<'a> {
    let means = [ours, theirs].map(|sample| mean(sample.values).unwrap_or_default());
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
        runs: [ours, theirs].map(|sample| sample.values.len()),
        interval,
        finding,
    }
}

fn missing<'a>(from: &[Summary<'a>], other: &[Summary<'_>]) -> Vec<&'a str> {
    let has_mean = |summary: &&Summary<'_>| summary.mean().is_some();
    let is_there = |id: &str| {
        other
            .iter()
            .filter(has_mean)
            .any(|summary| summary.id == id)
    };
    from.iter()
        .filter(has_mean)
        .map(|summary| summary.id)
        .filter(|id| !is_there(id))
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
mod tests;
