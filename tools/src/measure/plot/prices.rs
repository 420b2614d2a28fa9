//! The price list as bars: what a switch costs with one register group more each time.

use super::axis::Axis;
use super::svg::{Anchor, LETTER, Svg};
use super::{COLOURS, Plot, time};
use crate::measure::summary::Summary;

const WIDTH: f64 = 960.0;
const ROW: f64 = 44.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 48.0;
/// Right of the bars: the figures.
const RIGHT: f64 = 300.0;

const PREFIX: &str = "cost.";

/// What is around a switch when it is measured; the image has subtracted it from the others.
const LOOP: &str = "loop";

/// The plot, if the price list was measured.
pub(in crate::measure) fn prices(all: &[Summary<'_>], stamp: Option<&str>) -> Option<Plot> {
    let prices: Vec<Price<'_>> = all.iter().filter_map(Price::of).collect();
    let greatest = prices.iter().map(|price| price.ns).reduce(f64::max)?;
    let longest = prices
        .iter()
        .map(|price| price.name.len())
        .max()
        .unwrap_or(0);
    let left = 32.0 + LETTER * longest as f64;
    let bottom = TOP + ROW * prices.len() as f64;
    let title = "cost: one switch, with one register group more each time";
    let mut svg = Svg::new(WIDTH, bottom + BOTTOM, title, stamp);
    svg.legend(
        16.0,
        46.0,
        &[
            (COLOURS[0], "the set before"),
            (COLOURS[1], "what this group adds"),
        ],
    );
    let axis = Axis::linear(greatest, left, WIDTH - RIGHT);
    for mark in axis.marks() {
        let x = axis.at(mark);
        svg.line((x, TOP), (x, bottom), "#dddddd", 1.0);
        svg.note(x, bottom + 17.0, &time(mark), Anchor::Middle);
    }
    let middle = f64::midpoint(left, WIDTH - RIGHT);
    svg.note(middle, bottom + 38.0, "time of one switch", Anchor::Middle);
    let mut before = 0.0;
    for (number, price) in (0_u32..).zip(&prices) {
        let y = TOP + ROW * f64::from(number) + 8.0;
        let shared = if number == 0 {
            price.ns
        } else {
            price.ns.min(before)
        };
        let (end, split) = (axis.at(price.ns), axis.at(shared));
        svg.rect((left, y), (split - left, ROW - 16.0), COLOURS[0]);
        svg.rect((split, y), (end - split, ROW - 16.0), COLOURS[1]);
        svg.text(left - 12.0, y + 18.0, price.name, Anchor::End);
        let x = WIDTH - RIGHT + 12.0;
        svg.text(
            x,
            y + 12.0,
            &price.figures(number > 0, before),
            Anchor::Start,
        );
        svg.note(x, y + 28.0, &price.counts(), Anchor::Start);
        before = price.ns;
    }
    svg.line((left, TOP), (left, bottom), "#888888", 1.0);
    Some(Plot {
        name: "cost".to_owned(),
        svg: svg.finish(),
    })
}

/// What one set costs.
struct Price<'a> {
    name: &'a str,
    ns: f64,
    cycles: Option<f64>,
    instructions: Option<f64>,
}

impl<'a> Price<'a> {
    fn of(summary: &'a Summary<'_>) -> Option<Self> {
        let thousandths = |key| summary.median_of(key).map(|value| value / 1000.0);
        Some(Self {
            name: summary
                .id
                .strip_prefix(PREFIX)
                .filter(|&name| name != LOOP)?,
            ns: summary.mean()?,
            cycles: thousandths("cycles_x1000"),
            instructions: thousandths("instructions_x1000"),
        })
    }

    /// The time, and its difference from the set before.
    fn figures(&self, has_before: bool, before: f64) -> String {
        let difference = self.ns - before;
        let sign = if difference < 0.0 { "\u{2212}" } else { "+" };
        if has_before {
            format!("{} ({sign}{})", time(self.ns), time(difference.abs()))
        } else {
            time(self.ns)
        }
    }

    fn counts(&self) -> String {
        let shown = |count: Option<f64>, what| count.map(|count| format!("{count:.1} {what}"));
        let both = [
            shown(self.cycles, "cycles"),
            shown(self.instructions, "instructions"),
        ];
        both.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::record::Command;
    use crate::measure::record::tests::run;
    use crate::measure::summary::summaries;

    #[test]
    fn each_set_has_a_bar_and_its_difference_from_the_one_before() {
        let mut command = Command::new("cost");
        command.take("@cost.loop mean_ns_x1000=900");
        command.take(
            "@cost.callee_saved mean_ns_x1000=20000 cycles_x1000=30000 instructions_x1000=29000",
        );
        command.take("@cost.fp mean_ns_x1000=25500 delta_ns_x1000=5500");
        command.take("@cost.fpcr mean_ns_x1000=25250");
        let runs = [run(vec![command])];
        let svg = prices(&summaries(&runs), None).unwrap().svg;
        for text in [
            "callee_saved",
            "20 ns",
            "30.0 cycles, 29.0 instructions",
            "25.5 ns (+5.50 ns)",
            "25.2 ns (\u{2212}0.25 ns)",
        ] {
            assert!(svg.contains(&format!(">{text}<")), "{text}: {svg}");
        }
        assert!(!svg.contains(">loop<"));
    }

    #[test]
    fn without_the_price_list_there_is_no_plot() {
        assert!(prices(&[], None).is_none());
    }
}
