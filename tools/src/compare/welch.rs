//! How sure a difference between two means is. Pure.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::measure::summary::mean;

/// Figures of one benchmark, one of each run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<'a> {
    pub(super) values: &'a [f64],
    /// How finely they are told. Figures that differ by less are the same, so none is surer than that.
    pub(super) resolution: f64,
}

/// The interval of the difference of the means, B less A, that is wrong with a probability of `doubt`: Welch's, for
/// samples of different spread. `None` where either has fewer than two, or no spread and no resolution.
pub(super) fn welch(a: Sample<'_>, b: Sample<'_>, doubt: f64) -> Option<[f64; 2]> {
    let difference = mean(b.values)? - mean(a.values)?;
    let (error_a, error_b) = (squared_error(a)?, squared_error(b)?);
    let error = error_a + error_b;
    let share = |error: f64, sample: Sample<'_>| error * error / (sample.values.len() - 1) as f64;
    let freedom = error * error / (share(error_a, a) + share(error_b, b));
    let quantile = StudentsT::new(0.0, 1.0, freedom)
        .ok()?
        .inverse_cdf(1.0 - doubt / 2.0);
    let half = quantile * error.sqrt();
    Some([difference - half, difference + half])
}

/// The square of the standard error of the mean.
fn squared_error(Sample { values, resolution }: Sample<'_>) -> Option<f64> {
    let count = values.len() as f64;
    let mean = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let variance = (squares / (count - 1.0)).max(resolution * resolution);
    Some(variance / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(values: &[f64]) -> Sample<'_> {
        let resolution = 0.0;
        Sample { values, resolution }
    }

    #[test]
    fn the_interval_is_welchs() {
        // Two samples with known figures: difference 3, standard error 1, 8 degrees of freedom, t(0.975) 2.306.
        let a = [1.0, 2.0, 3.0, 4.0, 5.0];
        let b = [4.0, 5.0, 6.0, 7.0, 8.0];
        let [from, to] = welch(exact(&a), exact(&b), 0.05).unwrap();
        assert!(
            (from - 0.694).abs() < 1e-3 && (to - 5.306).abs() < 1e-3,
            "{from} {to}"
        );
        // Of unequal spread the wider one has the say: little more than its one degree of freedom is left.
        let freedom = 25.5_f64.powi(2) / (0.25 / 4.0 + 625.0);
        let quantile = StudentsT::new(0.0, 1.0, freedom)
            .unwrap()
            .inverse_cdf(0.975);
        let [from, to] = welch(exact(&a), exact(&[3.0, 13.0]), 0.05).unwrap();
        assert!(((to - from) / 2.0 / quantile - 25.5_f64.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn one_run_says_nothing() {
        assert_eq!(welch(exact(&[1.0]), exact(&[2.0, 3.0]), 0.05), None);
    }

    #[test]
    fn runs_that_are_equal_are_as_unsure_as_their_digits_are() {
        let coarse = |values| Sample {
            values,
            resolution: 1.0,
        };
        // Standard error 1, 2 degrees of freedom, t(0.975) 4.303.
        let [from, to] = welch(coarse(&[10.0, 10.0]), coarse(&[13.0, 13.0]), 0.05).unwrap();
        assert!(
            (from + 1.303).abs() < 1e-3 && (to - 7.303).abs() < 1e-3,
            "{from} {to}"
        );
        assert_eq!(welch(exact(&[1.0, 1.0]), exact(&[2.0, 2.0]), 0.05), None);
        // What spreads wider than its digits is as unsure as it spreads.
        let wide = [5.0, 15.0];
        assert_eq!(
            welch(coarse(&wide), coarse(&wide), 0.05),
            welch(exact(&wide), exact(&wide), 0.05)
        );
    }
}
