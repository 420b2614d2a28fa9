//! What was probably meant: the nearest of the names that exist.

/// Longer names are not compared; a command has no such name.
const LONGEST: usize = 32;

/// The one of `names` that is nearest to `typed`, if it is near enough to be what was meant.
///
/// Near enough: at most a third of the letters, rounded up, are inserted, deleted, replaced or swapped
/// with their neighbour. Of names that are equally near the first counts.
pub fn nearest<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let limit = typed.len().div_ceil(3);
    names
        .into_iter()
        .filter_map(|name| Some((distance(typed.as_bytes(), name.as_bytes())?, name)))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The optimal string alignment distance, or `None` for names that are too long.
fn distance(a: &[u8], b: &[u8]) -> Option<usize> {
    if a.len() > LONGEST || b.len() > LONGEST {
        return None;
    }
    // Three rows of the table: the one before the last, the last, and the one being filled.
    let mut rows = [[0_u8; LONGEST + 1]; 3];
    for (j, cell) in (0..).zip(&mut rows[1]) {
        *cell = j;
    }
    for (i, row) in (1..=a.len()).zip(1..) {
        rows[2][0] = row;
        for j in 1..=b.len() {
            let is_other = u8::from(!a[i - 1].eq_ignore_ascii_case(&b[j - 1]));
            let mut best = (rows[1][j] + 1)
                .min(rows[2][j - 1] + 1)
                .min(rows[1][j - 1] + is_other);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[0][j - 2] + 1);
            }
            rows[2][j] = best;
        }
        rows.rotate_left(1);
    }
    Some(usize::from(rows[1][b.len()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 6] = ["cores", "ctxsw", "fpu", "help", "ps", "version"];

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        for (typed, meant) in [
            ("ctxws", "ctxsw"),
            ("ctsw", "ctxsw"),
            ("verison", "version"),
            ("hlep", "help"),
            ("core", "cores"),
            ("FPU", "fpu"),
            ("pss", "ps"),
        ] {
            assert_eq!(nearest(typed, NAMES), Some(meant), "{typed}");
        }
    }

    #[test]
    fn what_is_like_nothing_suggests_nothing() {
        for typed in ["", "xyzzy", "reboot", &"c".repeat(100)] {
            assert_eq!(nearest(typed, NAMES), None, "{typed}");
        }
    }

    #[test]
    fn the_distance_counts_each_kind_of_slip_once() {
        let of = |a: &str, b: &str| distance(a.as_bytes(), b.as_bytes());
        assert_eq!(of("abc", "abc"), Some(0));
        assert_eq!(of("abc", "acb"), Some(1));
        assert_eq!(of("abc", "abcd"), Some(1));
        assert_eq!(of("abc", "bc"), Some(1));
        assert_eq!(of("abc", "axc"), Some(1));
        assert_eq!(of("abcd", "badc"), Some(2));
        assert_eq!(of("", "abc"), Some(3));
    }
}
