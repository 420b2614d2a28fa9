//! An axis: values to pixels, and where its marks are.

/// Less than anything that is measured, and more than nothing.
const LEAST: f64 = 1e-9;

/// Beyond this no axis goes, whatever stands in a file: the image counts to 2^64.
const GREATEST: f64 = 1e30;

/// Values from `from` to `to` on pixels from `start` to `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    is_log: bool,
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Axis {
    /// Equal steps for equal differences, from 0 to a round value that is not below `greatest`.
    pub(super) fn linear(greatest: f64, start: f64, end: f64) -> Self {
        let greatest = bounded(greatest, LEAST);
        let step = round_step(greatest / 5.0);
        Self {
            is_log: false,
            from: 0.0,
            to: (greatest / step).ceil().max(1.0) * step,
            start,
            end,
        }
    }

    /// Equal steps for equal quotients, over all of `least` to `greatest`, and one power of ten at the least.
    pub(super) fn log(least: f64, greatest: f64, start: f64, end: f64) -> Self {
        let least = bounded(least, 1.0);
        let greatest = bounded(greatest, least);
        let (mut from, mut to) = (least / 1.1, greatest * 1.1);
        if to / from < 10.0 {
            let middle = (from * to).sqrt();
            (from, to) = (middle / 10_f64.sqrt(), middle * 10_f64.sqrt());
        }
        Self {
            is_log: true,
            from,
            to,
            start,
            end,
        }
    }

    /// The place of a value; what lies outside is put at the edge.
    pub(super) fn at(self, value: f64) -> f64 {
        let value = value.clamp(self.from, self.to);
        let share = if self.is_log {
            (value / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        self.start + share * (self.end - self.start)
    }

    /// The values at which there is a mark: never so many that their labels touch.
    pub(super) fn marks(self) -> Vec<f64> {
        if !self.is_log {
            let step = round_step((self.to - self.from) / 5.0);
            let count = ((self.to - self.from) / step).round() as u32;
            return (0..=count)
                .map(|i| self.from + f64::from(i) * step)
                .collect();
        }
        let decades = (self.to / self.from).log10();
        let multiples: &[f64] = match decades {
            decades if decades <= 2.0 => &[1.0, 2.0, 5.0],
            decades if decades <= 4.0 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let (first, last) = (
            self.from.log10().floor() as i32,
            self.to.log10().ceil() as i32,
        );
        (first..=last)
            .flat_map(|power| multiples.iter().map(move |m| m * 10_f64.powi(power)))
            .filter(|mark| (self.from..=self.to).contains(mark))
            .collect()
    }
}

/// A value that an axis can end at; what is no number is the least.
fn bounded(value: f64, least: f64) -> f64 {
    if value.is_nan() {
        least
    } else {
        value.clamp(least, GREATEST)
    }
}

/// The least of 1, 2, 5, 10, 20, … that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let step = [1.0, 2.0, 5.0]
        .into_iter()
        .map(|m| m * power)
        .find(|&s| s >= step * 0.999);
    step.unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_ends_at_a_round_value_and_has_few_marks() {
        let axis = Axis::linear(683.0, 100.0, 500.0);
        assert_eq!(axis.marks(), [0.0, 200.0, 400.0, 600.0, 800.0]);
        assert_eq!(
            (axis.at(0.0), axis.at(400.0), axis.at(800.0)),
            (100.0, 300.0, 500.0)
        );
        assert_eq!(Axis::linear(0.0, 0.0, 1.0).at(0.0), 0.0);
    }

    #[test]
    fn a_log_axis_gives_each_power_of_ten_the_same_room() {
        let axis = Axis::log(1.1, 1000.0 / 1.1, 0.0, 300.0);
        assert!((axis.at(10.0) - 100.0).abs() < 1e-9);
        assert_eq!(axis.at(1e9), 300.0);
        assert_eq!(axis.marks(), [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0]);
    }

    #[test]
    fn an_axis_has_few_marks_whatever_it_is_made_of() {
        for value in [f64::INFINITY, f64::MAX, f64::NAN, -1.0, 0.0] {
            for axis in [
                Axis::log(1.0, value, 0.0, 9.0),
                Axis::log(value, value, 0.0, 9.0),
            ] {
                assert!(axis.marks().len() < 40, "{axis:?}");
                assert!(axis.at(value.max(1.0)).is_finite(), "{axis:?}");
            }
            assert!(Axis::linear(value, 0.0, 9.0).marks().len() < 40, "{value}");
        }
    }

    #[test]
    fn even_one_value_has_an_axis_with_marks_on_it() {
        let axis = Axis::log(250.0, 250.0, 0.0, 100.0);
        assert!((axis.at(250.0) - 50.0).abs() < 1e-9);
        assert_eq!(axis.marks(), [100.0, 200.0, 500.0]);
    }
}
