//! Plots as SVG: histograms, the price list, scaling. Pure: figures in, text out.

mod axis;
mod histograms;
mod prices;
mod scaling;
mod svg;

pub(super) use histograms::histograms;
pub(super) use prices::prices;
pub(super) use scaling::scaling;
pub(super) use svg::escape;

/// What stands on every plot of figures from an emulator.
pub(super) const EMULATED: &str = "EMULATED: the time of no board";

/// A plot, and what it is called.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    /// The name of its file, without `.svg`.
    pub(super) name: String,
    pub(super) svg: String,
}

/// The colours of lines and bars: those of Okabe and Ito, told apart by the colour-blind too.
const COLOURS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
];

/// Nanoseconds with a unit that suits them and three digits.
pub(super) fn time(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns >= 1e9 => (ns / 1e9, "s"),
        ns if ns >= 1e6 => (ns / 1e6, "ms"),
        ns if ns >= 1e3 => (ns / 1e3, "\u{b5}s"),
        ns => (ns, "ns"),
    };
    let digits = match value {
        value if value >= 99.95 || value.fract() == 0.0 => 0,
        value if value >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_the_unit_that_suits_them() {
        let shown = [0.0, 7.0, 1.234, 56.78, 999.4, 1234.0, 45_678.0, 2.5e6, 3e9].map(time);
        assert_eq!(
            shown,
            [
                "0 ns",
                "7 ns",
                "1.23 ns",
                "56.8 ns",
                "999 ns",
                "1.23 \u{b5}s",
                "45.7 \u{b5}s",
                "2.50 ms",
                "3 s"
            ]
        );
    }
}
