//! The page: conditions, plots and every figure of some runs, in one file that needs no other.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::conditions::{self, CORE_HZ, MAILBOX_HZ};
use super::doubts::doubts;
use super::plot::{self, EMULATED, Plot, escape, time};
use super::record::Run;
use super::summary::{Summary, summaries};

/// The conditions worth a line, and how they are called.
const CONDITIONS: [(&[&str], &str); 13] = [
    (&["board"], "Board"),
    (&["revision"], "Revision"),
    (&["host"], "Host"),
    (&["cores"], "Cores"),
    (&["el"], "Exception level"),
    (&["counter_hz"], "Counter, Hz"),
    (&CORE_HZ, "Core clock, Hz"),
    (&["clock_source"], "Core clock according to"),
    (&MAILBOX_HZ, "Core clock by the mailbox, Hz"),
    (
        &["temperature_mc"],
        "Temperature, thousandths of a degree Celsius",
    ),
    (&["throttled"], "Throttled"),
    (&["profile"], "Profile"),
    (&["build"], "Build"),
];

/// Writes the page and each plot as a file of its own; returns their paths.
pub(crate) fn write(directory: &Path, runs: &[Run]) -> Result<Vec<PathBuf>> {
    let stamp = runs.iter().any(Run::is_emulated).then_some(EMULATED);
    let all = summaries(runs);
    let plots = plots(&all, stamp);
    let page = ("index.html".to_owned(), page(runs, &all, &plots, stamp));
    let svgs = plots
        .iter()
        .map(|plot| (format!("{}.svg", plot.name), plot.svg.clone()));
    std::iter::once(page)
        .chain(svgs)
        .map(|(name, text)| {
            let path = directory.join(name);
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
            Ok(path)
        })
        .collect()
}

fn plots(all: &[Summary<'_>], stamp: Option<&str>) -> Vec<Plot> {
    let mut plots: Vec<Plot> = plot::prices(all, stamp).into_iter().collect();
    plots.extend(plot::scaling(all, stamp));
    plots.extend(plot::histograms(all, stamp));
    plots
}

/// The page as text.
fn page(runs: &[Run], all: &[Summary<'_>], plots: &[Plot], stamp: Option<&str>) -> String {
    let mut body = String::from("<h1>Pivot: what was measured</h1>\n");
    if let Some(stamp) = stamp {
        let what = "An emulator's clock says nothing about a board; read these figures as a trial of the method.";
        body.push_str(&format!(
            "<p class=\"stamp\">{stamp}. <span>{what}</span></p>\n"
        ));
    }
    for run in runs.iter().filter(|run| !run.complete) {
        let why = run.error.as_deref().unwrap_or("it did not end");
        let why = escape(why.lines().next().unwrap_or(why));
        body.push_str(&format!(
            "<p class=\"stamp\">Run {} is not complete: {why}</p>\n",
            run.run
        ));
    }
    body.push_str(&conditions_table(runs));
    body.push_str(&warnings(runs));
    if !plots.is_empty() {
        body.push_str("<h2>Plots</h2>\n");
    }
    for plot in plots {
        body.push_str(&format!(
            "<figure id=\"{}\">\n{}</figure>\n",
            plot.name, plot.svg
        ));
    }
    body.push_str(&table(all));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Pivot: what was measured</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

const STYLE: &str = "\
body{font:15px/1.45 sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:1em 0}\
td,th{padding:3px 10px;text-align:right;border-bottom:1px solid #ddd;white-space:nowrap}\
td:first-child,th:first-child,.plain td{text-align:left}\
figure{margin:1.5em 0}figure svg{max-width:100%;height:auto;border:1px solid #ddd}\
.stamp{font-weight:bold;color:#c00000}.stamp span{font-weight:normal;color:#222}\
.scroll{overflow-x:auto}";

/// Under which conditions: those of all commands.
fn conditions_table(runs: &[Run]) -> String {
    let mut rows = String::new();
    let mut row = |name: &str, value: &str| {
        let value = escape(value);
        let _ = writeln!(rows, "<tr><td>{name}</td><td>{value}</td></tr>");
    };
    if let Some(first) = runs.first() {
        row("Runs", &runs.len().to_string());
        row("Begun", &first.started);
        row("Measured over", &first.wire);
        for (keys, name) in CONDITIONS {
            if let Some(said) = conditions::summary(runs, keys) {
                row(name, &said);
            }
        }
    }
    format!("<h2>Conditions</h2>\n<table class=\"plain\">\n{rows}</table>\n")
}

fn warnings(runs: &[Run]) -> String {
    let doubts = doubts(runs);
    if doubts.is_empty() {
        return String::new();
    }
    let items: String = doubts
        .iter()
        .map(|doubt| format!("<li>{}</li>\n", escape(doubt)))
        .collect();
    format!("<h2>Doubts</h2>\n<ul>\n{items}</ul>\n")
}

/// Every figure.
fn table(all: &[Summary<'_>]) -> String {
    let mut rows = String::new();
    for summary in all.iter().filter(|summary| summary.mean().is_some()) {
        let ns = |value: Option<f64>| value.map_or_else(|| "\u{2013}".to_owned(), time);
        let count = |key: &str, scaled: &str| {
            let exact = summary.median_of(scaled).map(|value| value / scale(scaled));
            let value = exact.or_else(|| summary.median_of(key));
            value.map_or_else(|| "\u{2013}".to_owned(), |value| format!("{value:.1}"))
        };
        let cells = [
            summary.figures.len().to_string(),
            ns(summary.mean()),
            ns(summary.least("min_ns")),
            ns(summary.median_of("p50_ns")),
            ns(summary.median_of("p90_ns")),
            ns(summary.median_of("p99_ns")),
            ns(summary.median_of("p999_ns")),
            ns(summary.greatest("max_ns")),
            count(
                "mean_cycles",
                if summary.id.starts_with("cost.") {
                    "cycles_x1000"
                } else {
                    "ops_cycles_x100"
                },
            ),
            count(
                "mean_instructions",
                if summary.id.starts_with("cost.") {
                    "instructions_x1000"
                } else {
                    "ops_instructions_x100"
                },
            ),
        ];
        let cells: String = cells
            .iter()
            .map(|cell| format!("<td>{cell}</td>"))
            .collect();
        let _ = writeln!(rows, "<tr><td>{}</td>{cells}</tr>", escape(summary.id));
    }
    let heads: String = [
        "ID",
        "runs",
        "mean",
        "min",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "max",
        "cycles",
        "instructions",
    ]
    .iter()
    .map(|head| format!("<th>{head}</th>"))
    .collect();
    format!(
        "<h2>Figures</h2>\n<p>Mean: over all operations, then over the runs. Percentiles, cycles and instructions: the \
         median of the runs. Least and greatest: of all runs. {SAMPLES}</p>\n<div class=\"scroll\"><table>\n<tr>{heads}</tr>\n{rows}</table></div>\n"
    )
}

/// What a sample is. `docs/benchmarks.md` says how each is taken.
const SAMPLES: &str = "The mean is of the round without a clock where there is one, otherwise, and in \
    <code>*.samples</code>, of the samples. A sample is the time of one operation, less the cost of reading the clock. \
    But operations shorter than some ticks of the counter are timed in batches, and a sample is the mean of one \
    (<code>batch</code>); in <code>scale.yield.tN</code> it is the mean of the switches between two turns of one thread. \
    <code>timer.latency</code> and <code>latency</code> count from a deadline, <code>boot.to_prompt</code> from reset, and \
    nothing is subtracted there; nor is it in <code>preempt.cost</code>, which has up to two turns of the threads' loop \
    in it.";

/// What a key that ends in `_xN` is multiplied by.
fn scale(key: &str) -> f64 {
    let factor = key
        .rsplit_once("_x")
        .and_then(|(_, factor)| factor.parse().ok());
    factor.unwrap_or(1.0)
}

#[cfg(test)]
pub(super) mod tests {
    use std::slice;

    use super::*;
    use crate::measure::record::Command;
    use crate::measure::record::tests::run;

    pub(in crate::measure) fn measured(lines: &[&str]) -> Run {
        let mut command = Command::new("bench all");
        for line in lines {
            command.take(line);
        }
        run(vec![command])
    }

    fn text(runs: &[Run]) -> String {
        let stamp = runs.iter().any(Run::is_emulated).then_some(EMULATED);
        let all = summaries(runs);
        page(runs, &all, &plots(&all, stamp), stamp)
    }

    const FIGURE: &str = "@a.b count=2 total_ns=14 min_ns=6 p50_ns=6 max_ns=8 ops_cycles_x100=1050";
    const COUNTS: &str = "@hist id=a.b unit=ns bits=4 first=6 counts=1,0,1";
    const GOOD: &str = "@done command=bench verdict=passed";

    #[test]
    fn figures_of_an_emulator_are_stamped_and_those_of_a_board_are_not() {
        let emulated = measured(&["@conditions board=virt host=emulated", FIGURE, COUNTS, GOOD]);
        let board = measured(&["@conditions board=rpi4 host=hardware", FIGURE, COUNTS, GOOD]);
        assert!(text(slice::from_ref(&emulated)).contains(EMULATED));
        assert!(!text(slice::from_ref(&board)).contains("EMULATED"));
        assert!(text(&[board, emulated]).contains(EMULATED));
        assert!(
            text(&[measured(&[FIGURE])]).contains(EMULATED),
            "nobody said that it is a board"
        );
    }

    #[test]
    fn a_row_has_the_figures_with_their_units() {
        let page = text(&[measured(&[FIGURE, COUNTS, GOOD])]);
        let row = page
            .lines()
            .find(|line| line.contains("<td>a.b</td>"))
            .unwrap();
        assert!(
            row.contains("<td>7 ns</td><td>6 ns</td><td>6 ns</td>"),
            "{row}"
        );
        assert!(row.contains("<td>10.5</td>"), "{row}");
    }

    #[test]
    fn the_page_shows_the_conditions_of_every_command_and_what_a_sample_is() {
        let clock = |hz: u32| format!("@conditions board=rpi4 host=hardware core_hz_before={hz}");
        let page = text(&[
            measured(&[&clock(1500), GOOD]),
            measured(&[&clock(600), GOOD]),
        ]);
        assert!(
            page.contains("<td>Core clock, Hz</td><td>600 to 1500</td>"),
            "{page}"
        );
        assert!(
            page.contains("<code>scale.yield.tN</code> it is the mean"),
            "{page}"
        );
    }
}
