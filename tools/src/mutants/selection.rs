//! Chooses among the mutants by name and number. Pure.

/// Which mutants are run.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    /// Those whose name contains one of these; by no names, all.
    pub(super) names: Vec<String>,
    /// Of those, so many, evenly spread.
    pub(super) sample: Option<usize>,
}

impl Selection {
    /// What is chosen of `all`, in its order.
    pub(super) fn of<T>(&self, mut all: Vec<T>, name: impl Fn(&T) -> &str) -> Vec<T> {
        all.retain(|one| {
            self.names.is_empty()
                || self
                    .names
                    .iter()
                    .any(|part| name(one).contains(part.as_str()))
        });
        let count = all.len();
        let wanted = self.sample.unwrap_or(count).min(count);
        // So many of the remainders, one for each index, are below `wanted`, and evenly spread.
        all.into_iter()
            .enumerate()
            .filter(|(index, _)| index * wanted % count < wanted)
            .map(|(_, one)| one)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(names: &[&str], sample: Option<usize>) -> Vec<usize> {
        let selection = Selection {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            sample,
        };
        let all: Vec<(usize, String)> = (0..10).map(|n| (n, format!("m{n}"))).collect();
        let chosen = selection.of(all, |(_, name)| name);
        chosen.into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn a_sample_is_spread_evenly_over_what_the_names_leave() {
        assert_eq!(select(&[], None), (0..10).collect::<Vec<_>>());
        assert_eq!(select(&[], Some(5)), [0, 2, 4, 6, 8]);
        assert_eq!(select(&[], Some(3)).len(), 3);
        assert_eq!(select(&[], Some(30)).len(), 10);
        assert_eq!(select(&["m3", "m4"], Some(1)), [3]);
        assert_eq!(select(&["none"], Some(3)), [0; 0]);
    }
}
