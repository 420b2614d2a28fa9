//! How sure a difference between two means is. Pure.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::measure::summary::mean;

/// The interval of the difference of the means, B less A, that is wrong with a probability of `doubt`: Welch's, for
/// samples of different spread. `None` where either has fewer than two.
pub(super) fn welch(a: &[f64], b: &[f64], doubt: f64) -> Option<[f64; 2]> {
    let difference = mean(b)? - mean(a)?;
    let (error_a, error_b) = (squared_error(a)?, squared_error(b)?);
    let error = error_a + error_b;
    if error == 0.0 {
        return Some([difference; 2]);
    }
    let share = |error: f64, values: &[f64]| error * error / (values.len() - 1) as f64;
    let freedom = error * error / (share(error_a, a) + share(error_b, b));
    let quantile = StudentsT::new(0.0, 1.0, freedom)
        .ok()?
        .inverse_cdf(1.0 - doubt / 2.0);
    let half = quantile * error.sqrt();
    Some([difference - half, difference + half])
}

/// The square of the standard error of the mean.
fn squared_error(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    let mean = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some(squares / (count - 1.0) / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_welchs() {
        // Two samples with known figures: difference 3, standard error 1, 8 degrees of freedom, t(0.975) 2.306.
        let a = [1.0, 2.0, 3.0, 4.0, 5.0];
        let b = [4.0, 5.0, 6.0, 7.0, 8.0];
        let [from, to] = welch(&a, &b, 0.05).unwrap();
        assert!(
            (from - 0.694).abs() < 1e-3 && (to - 5.306).abs() < 1e-3,
            "{from} {to}"
        );
        // Of unequal spread the wider one has the say: little more than its one degree of freedom is left.
        let freedom = 25.5_f64.powi(2) / (0.25 / 4.0 + 625.0);
        let quantile = StudentsT::new(0.0, 1.0, freedom)
            .unwrap()
            .inverse_cdf(0.975);
        let [from, to] = welch(&a, &[3.0, 13.0], 0.05).unwrap();
        assert!(((to - from) / 2.0 / quantile - 25.5_f64.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn one_run_says_nothing_and_many_alike_say_everything() {
        assert_eq!(welch(&[1.0], &[2.0, 3.0], 0.05), None);
        assert_eq!(welch(&[1.0, 1.0], &[2.0, 2.0], 0.05), Some([1.0, 1.0]));
    }
}
