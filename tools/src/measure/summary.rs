//! The same figure from several runs, taken together. Pure.

use super::figure::Figure;
use super::histogram::Histogram;
use super::record::Run;

/// One benchmark over all runs.
#[derive(Clone, Debug)]
pub(crate) struct Summary<'a> {
    pub(crate) id: &'a str,
    /// Its figure in each run that has one.
    pub(crate) figures: Vec<&'a Figure>,
    /// The samples of all runs.
    pub(crate) histogram: Option<Histogram>,
    /// The longest tick of the counter that told the time.
    pub(crate) tick_ns: f64,
}

/// All benchmarks, in the order in which they were measured.
pub(crate) fn summaries(runs: &[Run]) -> Vec<Summary<'_>> {
    let mut all: Vec<Summary<'_>> = Vec::new();
    for run in runs {
        let tick_ns = run.tick_ns();
        for figure in run.figures() {
            match all.iter_mut().find(|summary| summary.id == figure.id) {
                Some(summary) => summary.add(figure, tick_ns),
                None => all.push(Summary {
                    id: &figure.id,
                    figures: vec![figure],
                    histogram: figure.histogram.clone(),
                    tick_ns,
                }),
            }
        }
    }
    all
}

impl<'a> Summary<'a> {
    fn add(&mut self, figure: &'a Figure, tick_ns: f64) {
        self.figures.push(figure);
        self.tick_ns = self.tick_ns.max(tick_ns);
        if let (Some(all), Some(one)) = (&mut self.histogram, &figure.histogram) {
            // A histogram of another form is of another image: the figures stand, the picture shows the first.
            let _ = all.add(one);
        }
    }

    /// The mean of each run, in nanoseconds.
    pub(crate) fn means(&self) -> Vec<f64> {
        self.figures
            .iter()
            .filter_map(|figure| figure.mean_ns())
            .collect()
    }

    /// How finely the means are told: the coarsest of them, in nanoseconds; 0 if there is none.
    pub(crate) fn resolution_ns(&self) -> f64 {
        self.figures
            .iter()
            .filter_map(|figure| Some(figure.mean(self.tick_ns)?.resolution_ns))
            .fold(0.0, f64::max)
    }

    /// The mean over the runs.
    pub(crate) fn mean(&self) -> Option<f64> {
        mean(&self.means())
    }

    /// The median over the runs of a field.
    pub(crate) fn median_of(&self, key: &str) -> Option<f64> {
        median(
            self.figures
                .iter()
                .filter_map(|figure| figure.number(key))
                .collect(),
        )
    }

    /// The least value of a field.
    pub(crate) fn least(&self, key: &str) -> Option<f64> {
        self.figures
            .iter()
            .filter_map(|figure| figure.number(key))
            .reduce(f64::min)
    }

    /// The greatest value of a field.
    pub(crate) fn greatest(&self, key: &str) -> Option<f64> {
        self.figures
            .iter()
            .filter_map(|figure| figure.number(key))
            .reduce(f64::max)
    }
}

/// The mean; of nothing, none.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::record::Command;
    use crate::measure::record::tests::run;

    #[test]
    fn runs_are_taken_together_by_id_and_their_samples_added() {
        let one = |mean: u64, bucket: u32| {
            let mut command = Command::new("bench");
            command.take(&format!("@a.b count=1 total_ns={mean} p50_ns={mean}"));
            command.take(&format!(
                "@hist id=a.b unit=ns bits=4 first={bucket} counts=1"
            ));
            run(vec![command])
        };
        let runs = [one(10, 10), one(30, 28), one(20, 28)];
        let all = summaries(&runs);
        assert_eq!((all.len(), all[0].id), (1, "a.b"));
        assert_eq!(all[0].means(), [10.0, 30.0, 20.0]);
        assert_eq!(
            (all[0].mean(), all[0].median_of("p50_ns")),
            (Some(20.0), Some(20.0))
        );
        assert_eq!(
            all[0].histogram.as_ref().unwrap().buckets,
            [(10, 1), (28, 2)]
        );
        assert_eq!(
            (all[0].least("p50_ns"), all[0].greatest("p50_ns")),
            (Some(10.0), Some(30.0))
        );
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn the_coarsest_counter_of_all_runs_says_how_finely_means_are_told() {
        let one = |hz: u32| {
            let mut command = Command::new("bench");
            command.take(&format!("@conditions counter_hz={hz}"));
            command.take("@a.b ops=10 ops_ns=1000");
            run(vec![command])
        };
        let runs = [one(1_000_000_000), one(50_000_000)];
        assert_eq!(summaries(&runs)[0].resolution_ns(), 2.0);
    }
}
