//! The least, the greatest and the mean of some figures.

/// What is kept of some figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extremes {
    /// How many they are.
    pub(crate) count: u64,
    /// The least; 0 when there is none.
    pub(crate) least: u64,
    /// The greatest; 0 when there is none.
    pub(crate) most: u64,
    sum: u64,
}

impl Extremes {
    /// Adds a figure.
    pub(crate) fn add(&mut self, figure: u64) {
        self.least = if self.count == 0 {
            figure
        } else {
            self.least.min(figure)
        };
        self.most = self.most.max(figure);
        self.sum = self.sum.saturating_add(figure);
        self.count += 1;
    }

    /// The mean, rounded down; 0 when there is none.
    pub(crate) const fn mean(&self) -> u64 {
        match self.sum.checked_div(self.count) {
            Some(mean) => mean,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extremes_and_the_mean_of_some_figures() {
        let mut extremes = Extremes::default();
        [5, 9, 4].iter().for_each(|figure| extremes.add(*figure));
        assert_eq!((extremes.least, extremes.most), (4, 9));
        assert_eq!((extremes.mean(), extremes.count), (6, 3));
    }

    #[test]
    fn no_figure_has_no_mean_and_a_huge_one_does_not_wrap() {
        assert_eq!(Extremes::default().mean(), 0);
        let mut extremes = Extremes::default();
        extremes.add(u64::MAX);
        extremes.add(u64::MAX);
        assert_eq!(extremes.least, u64::MAX);
    }
}
