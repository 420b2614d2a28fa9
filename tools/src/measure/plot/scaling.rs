//! Scaling as lines: the time of an operation over the number of threads.

use super::axis::Axis;
use super::svg::{Anchor, Svg};
use super::{COLOURS, Plot, time};
use crate::measure::summary::Summary;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 96.0;
const RIGHT: f64 = WIDTH - 48.0;
const TOP: f64 = 72.0;
const BOTTOM: f64 = HEIGHT - 56.0;

/// A line: its name, and its points by the number of threads.
type Series<'a> = (&'a str, Vec<(f64, f64)>);

/// The plot, if anything was measured with several numbers of threads.
pub(in crate::measure) fn scaling(all: &[Summary<'_>], stamp: Option<&str>) -> Option<Plot> {
    let lines = series(all);
    let points = || lines.iter().flat_map(|(_, points)| points);
    let (x, y) = (
        axis(points().map(|point| point.0), LEFT, RIGHT)?,
        axis(points().map(|point| point.1), BOTTOM, TOP)?,
    );
    let title = "scaling: one operation, by the number of threads";
    let mut svg = Svg::new(WIDTH, HEIGHT, title, stamp);
    for mark in y.marks() {
        svg.line((LEFT, y.at(mark)), (RIGHT, y.at(mark)), "#dddddd", 1.0);
        svg.note(LEFT - 8.0, y.at(mark) + 4.0, &time(mark), Anchor::End);
    }
    for mark in x.marks() {
        svg.line((x.at(mark), TOP), (x.at(mark), BOTTOM), "#eeeeee", 1.0);
        svg.note(
            x.at(mark),
            BOTTOM + 18.0,
            &format!("{mark}"),
            Anchor::Middle,
        );
    }
    let middle = f64::midpoint(LEFT, RIGHT);
    svg.note(
        middle,
        BOTTOM + 40.0,
        "threads (logarithmic)",
        Anchor::Middle,
    );
    svg.upright(
        24.0,
        f64::midpoint(TOP, BOTTOM),
        "mean time of one operation (logarithmic)",
    );
    let colours = || COLOURS.iter().copied().cycle();
    let legend: Vec<(&str, &str)> = colours().zip(lines.iter().map(|line| line.0)).collect();
    svg.legend(16.0, 48.0, &legend);
    for (colour, (_, points)) in colours().zip(&lines) {
        let points: Vec<(f64, f64)> = points.iter().map(|&(a, b)| (x.at(a), y.at(b))).collect();
        svg.path(&points, colour);
        for &point in &points {
            svg.dot(point, colour);
        }
    }
    Some(Plot {
        name: "scaling".to_owned(),
        svg: svg.finish(),
    })
}

/// IDs that differ in their last word only, `tN`, are one line.
fn series<'a>(all: &'a [Summary<'_>]) -> Vec<Series<'a>> {
    let mut lines: Vec<Series<'a>> = Vec::new();
    for summary in all {
        let Some((name, last)) = summary.id.rsplit_once('.') else {
            continue;
        };
        let threads = last.strip_prefix('t').and_then(|n| n.parse::<u32>().ok());
        let (Some(threads), Some(mean)) = (threads, summary.mean()) else {
            continue;
        };
        let point = (f64::from(threads), mean);
        match lines.iter_mut().find(|line| line.0 == name) {
            Some(line) => line.1.push(point),
            None => lines.push((name, vec![point])),
        }
    }
    for (_, points) in &mut lines {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    lines
}

/// An axis for values; none for none.
fn axis(values: impl Iterator<Item = f64> + Clone, start: f64, end: f64) -> Option<Axis> {
    let least = values.clone().reduce(f64::min)?;
    let greatest = values.reduce(f64::max)?;
    Some(Axis::log(least, greatest, start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::record::Command;
    use crate::measure::record::tests::run;
    use crate::measure::summary::summaries;

    #[test]
    fn ids_that_differ_in_the_number_of_threads_are_one_line() {
        let mut command = Command::new("bench");
        for (id, mean) in [("yield.t10", 3), ("yield.t2", 2), ("timer.t2", 9)] {
            command.take(&format!("@scale.{id} mean_ns={mean}"));
        }
        command.take("@switch.yield mean_ns=7");
        let runs = [run(vec![command])];
        let all = summaries(&runs);
        let expected: [Series<'_>; 2] = [
            ("scale.yield", vec![(2.0, 2.0), (10.0, 3.0)]),
            ("scale.timer", vec![(2.0, 9.0)]),
        ];
        assert_eq!(series(&all), expected);
        let svg = scaling(&all, None).unwrap().svg;
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(scaling(&all[3..], None).is_none());
    }
}
