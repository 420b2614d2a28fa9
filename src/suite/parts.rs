//! How well something was divided in given parts.

/// How far the share that is worst off its part is from it, in tenths of a percent of that part. Parts
/// without shares, or shares that are all 0, are off by all there is.
pub(crate) fn deviation_permille(shares: &[u64], parts: &[u64]) -> u64 {
    let sum = |figures: &[u64]| {
        figures
            .iter()
            .map(|figure| u128::from(*figure))
            .sum::<u128>()
    };
    let (all_shares, all_parts) = (sum(shares), sum(parts));
    if shares.len() != parts.len() || all_shares == 0 {
        return 1_000;
    }
    let deviation = |(share, part): (&u64, &u64)| {
        let (is, ought) = (
            u128::from(*share) * all_parts,
            u128::from(*part) * all_shares,
        );
        (is.abs_diff(ought) * 1_000)
            .checked_div(ought)
            .unwrap_or(1_000)
    };
    let worst = shares.iter().zip(parts).map(deviation).max();
    worst.map_or(1_000, |permille| {
        u64::try_from(permille).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_in_proportion_are_not_off() {
        assert_eq!(deviation_permille(&[800, 200], &[4, 1]), 0);
        assert_eq!(
            deviation_permille(&[20, 20, 40, 10], &[200, 200, 400, 100]),
            0
        );
    }

    #[test]
    fn the_worst_share_counts_in_terms_of_its_own_part() {
        assert_eq!(deviation_permille(&[790, 210], &[4, 1]), 50);
        assert_eq!(deviation_permille(&[500, 500], &[4, 1]), 1_500);
    }

    #[test]
    fn nothing_divided_is_not_well_divided() {
        assert_eq!(deviation_permille(&[], &[]), 1_000);
        assert_eq!(deviation_permille(&[0, 0], &[4, 1]), 1_000);
        assert_eq!(deviation_permille(&[5], &[4, 1]), 1_000);
    }
}
