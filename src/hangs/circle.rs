//! Circles of those who wait for each other. Pure.

/// How many are in the circle to which `first` belongs, if following `next` from it comes back to it within `most`
/// steps. Whoever waits for somebody in a circle is not in it.
pub(crate) fn circle<T: Copy + PartialEq>(
    first: T,
    most: usize,
    mut next: impl FnMut(T) -> Option<T>,
) -> Option<usize> {
    let mut at = first;
    for steps in 1..=most {
        at = next(at)?;
        if at == first {
            return Some(steps);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who waits for whom, by place.
    fn of(first: usize, waits_for: &[Option<usize>]) -> Option<usize> {
        circle(first, 64, |at| waits_for[at])
    }

    #[test]
    fn two_that_wait_for_each_other_are_a_circle() {
        let waits_for = [Some(1), Some(0)];
        assert_eq!(of(0, &waits_for), Some(2));
        assert_eq!(of(1, &waits_for), Some(2));
    }

    #[test]
    fn who_waits_for_itself_is_one() {
        assert_eq!(of(0, &[Some(0)]), Some(1));
    }

    #[test]
    fn a_chain_is_none() {
        assert_eq!(of(0, &[Some(1), Some(2), None]), None);
    }

    #[test]
    fn who_waits_for_somebody_in_a_circle_is_not_in_it() {
        let waits_for = [Some(1), Some(2), Some(3), Some(1)];
        assert_eq!(of(0, &waits_for), None);
        assert_eq!(of(2, &waits_for), Some(3));
    }

    #[test]
    fn the_search_ends_in_the_longest_circle_that_is_looked_for() {
        let next = |len: usize| move |at: usize| Some((at + 1) % len);
        assert_eq!(circle(0, 64, next(64)), Some(64));
        assert_eq!(circle(0, 64, next(65)), None);
    }
}
