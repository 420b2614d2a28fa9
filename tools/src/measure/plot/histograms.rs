//! Histograms side by side: one row for each benchmark of a family, over one common axis of time.

use super::axis::Axis;
use super::svg::{Anchor, LETTER, Svg};
use super::{COLOURS, Plot, time};
use crate::measure::histogram::Histogram;
use crate::measure::summary::Summary;

const WIDTH: f64 = 960.0;
const ROW: f64 = 64.0;
const TOP: f64 = 64.0;
/// Below the rows: the labels of the axis and its title.
const BOTTOM: f64 = 48.0;
/// Fewer samples than this have no distribution.
const SAMPLES: u64 = 20;
/// Right of the rows: percentiles in figures.
const RIGHT: f64 = 200.0;

const MEDIAN: &str = "#000000";
const P99: &str = "#d55e00";

/// A plot for each family of benchmarks that has histograms: those whose IDs begin with the same word.
pub(in crate::measure) fn histograms(all: &[Summary<'_>], stamp: Option<&str>) -> Vec<Plot> {
    let mut plots: Vec<Plot> = Vec::new();
    let mut families: Vec<&str> = Vec::new();
    for family in all.iter().map(|summary| family(summary.id)) {
        if !families.contains(&family) {
            families.push(family);
        }
    }
    for name in families {
        let rows: Vec<Row<'_>> = all
            .iter()
            .filter(|summary| family(summary.id) == name)
            .filter_map(Row::of)
            .collect();
        if !rows.is_empty() {
            plots.push(Plot {
                name: format!("histogram-{name}"),
                svg: plot(name, &rows, stamp),
            });
        }
    }
    plots
}

fn family(id: &str) -> &str {
    id.split('.').next().unwrap_or(id)
}

/// A benchmark and its samples.
struct Row<'a> {
    id: &'a str,
    histogram: &'a Histogram,
    count: u64,
    max: Option<f64>,
    /// The image's own, as the table has them; it says none of the far end where there are few samples.
    p50: Option<f64>,
    p99: Option<f64>,
    /// Operations of which a sample is the mean.
    batch: f64,
}

impl<'a> Row<'a> {
    fn of(summary: &'a Summary<'_>) -> Option<Self> {
        let histogram = summary.histogram.as_ref()?;
        let count = histogram.count()?;
        (count >= SAMPLES && histogram.unit == "ns").then(|| Self {
            id: summary.id,
            histogram,
            count,
            max: summary.greatest("max_ns"),
            p50: summary.median_of("p50_ns"),
            p99: summary.median_of("p99_ns"),
            batch: summary.greatest("batch").unwrap_or(1.0),
        })
    }

    /// How many samples, and of what.
    fn samples(&self) -> String {
        if self.batch > 1.0 {
            format!("{} samples, each of {}", self.count, self.batch)
        } else {
            format!("{} samples", self.count)
        }
    }

    /// Where a bucket begins and where the next one does.
    fn edges(&self, index: u32) -> (f64, f64) {
        (self.histogram.least(index), self.histogram.least(index + 1))
    }
}

fn plot(family: &str, rows: &[Row<'_>], stamp: Option<&str>) -> String {
    let longest = rows
        .iter()
        .map(|row| row.id.len().max(row.samples().len()))
        .max()
        .unwrap_or(0);
    let left = 32.0 + LETTER * longest as f64;
    let bottom = TOP + ROW * rows.len() as f64;
    let title = format!("{family}: distribution of the samples");
    let mut svg = Svg::new(WIDTH, bottom + BOTTOM, &title, stamp);
    svg.legend(
        16.0,
        46.0,
        &[
            (
                COLOURS[0],
                "share of the samples in a bucket, scaled to the row",
            ),
            (MEDIAN, "p50"),
            (P99, "p99"),
        ],
    );
    let axis = axis(rows, left, WIDTH - RIGHT);
    for mark in axis.marks() {
        let x = axis.at(mark);
        svg.line((x, TOP), (x, bottom), "#dddddd", 1.0);
        svg.note(x, bottom + 17.0, &time(mark), Anchor::Middle);
    }
    svg.note(
        f64::midpoint(left, WIDTH - RIGHT),
        bottom + 38.0,
        "time of one operation (logarithmic)",
        Anchor::Middle,
    );
    for (number, row) in (1_u32..).zip(rows) {
        let base = TOP + ROW * f64::from(number);
        draw(&mut svg, row, axis, base, left);
    }
    svg.finish()
}

/// An axis on which every row has its place.
fn axis(rows: &[Row<'_>], start: f64, end: f64) -> Axis {
    let ends = rows.iter().filter_map(|row| {
        let (first, last) = (
            row.histogram.buckets.first()?,
            row.histogram.buckets.last()?,
        );
        Some((row.edges(first.0).0, row.edges(last.0).1))
    });
    let (least, greatest) = ends.fold((f64::MAX, 1.0_f64), |(a, b), (x, y)| (a.min(x), b.max(y)));
    Axis::log(least, greatest, start, end)
}

fn draw(svg: &mut Svg, row: &Row<'_>, axis: Axis, base: f64, left: f64) {
    let highest = row.histogram.buckets.iter().map(|&(_, count)| count).max();
    let highest = highest.unwrap_or(1) as f64;
    for &(index, count) in &row.histogram.buckets {
        let (least, next) = row.edges(index);
        let (from, to) = (axis.at(least.max(1.0)), axis.at(next.max(1.0)));
        // A bucket with one sample among millions is still to be seen.
        let height = ((ROW - 14.0) * count as f64 / highest).max(1.0);
        svg.rect(
            (from, base - height),
            ((to - from).max(1.0), height),
            COLOURS[0],
        );
    }
    svg.line((left, base), (WIDTH - RIGHT, base), "#888888", 1.0);
    let (p50, p99) = (row.p50, row.p99);
    for (value, colour) in [(p50, MEDIAN), (p99, P99)] {
        let Some(value) = value else { continue };
        let x = axis.at(value);
        svg.line((x, base - ROW + 10.0), (x, base), colour, 1.5);
    }
    svg.text(left - 12.0, base - 18.0, row.id, Anchor::End);
    svg.note(left - 12.0, base - 3.0, &row.samples(), Anchor::End);
    let x = WIDTH - RIGHT + 12.0;
    for (name, value, above) in [("p50", p50, 32.0), ("p99", p99, 17.0)] {
        if let Some(value) = value {
            let text = format!("{name} {}", time(value));
            svg.text(x, base - above, &text, Anchor::Start);
        }
    }
    if let Some(max) = row.max {
        svg.note(x, base - 2.0, &format!("max {}", time(max)), Anchor::Start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::record::Command;
    use crate::measure::record::tests::run;
    use crate::measure::summary::summaries;

    fn row(buckets: Vec<(u32, u64)>) -> Histogram {
        Histogram {
            unit: "ns".to_owned(),
            bits: 4,
            buckets,
        }
    }

    #[test]
    fn a_row_has_the_percentiles_of_the_table_and_says_what_its_samples_are_of() {
        let mut command = Command::new("bench");
        command.take("@scale.yield.t2 p50_ns=71 p99_ns=111 max_ns=112 batch=2");
        command
            .take("@hist id=scale.yield.t2 unit=ns bits=4 first=50 counts=98,0,0,0,0,0,0,0,0,0,2");
        let runs = [run(vec![command])];
        let all = summaries(&runs);
        let row = Row::of(&all[0]).unwrap();
        assert_eq!((row.p50, row.p99), (Some(71.0), Some(111.0)));
        assert_eq!(row.samples(), "100 samples, each of 2");
    }

    #[test]
    fn each_family_has_a_plot_of_those_with_samples_enough() {
        let summary = |id, buckets| Summary {
            id,
            figures: Vec::new(),
            histogram: Some(row(buckets)),
            tick_ns: 1.0,
        };
        let all = [
            summary("switch.yield", vec![(50, 98), (60, 2)]),
            summary("mutex.free", vec![(5, 100)]),
            summary("switch.alone", vec![(7, 20)]),
            summary("boot.once", vec![(7, 19)]),
        ];
        let rows: Vec<Row<'_>> = all.iter().filter_map(Row::of).collect();
        assert_eq!(rows.len(), 3);
        assert_eq!((rows[0].p50, rows[0].p99), (None, None), "nobody says");
        let plots = histograms(&all, Some("EMULATED"));
        let names: Vec<&str> = plots.iter().map(|plot| plot.name.as_str()).collect();
        assert_eq!(names, ["histogram-switch", "histogram-mutex"]);
        assert!(plots.iter().all(|plot| plot.svg.contains(">EMULATED<")));
        assert!(plots[0].svg.contains(">switch.yield<") && plots[0].svg.contains(">switch.alone<"));
    }
}
