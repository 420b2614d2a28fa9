//! Whether a figure agrees with itself. Pure.
//!
//! A serial line has no checksum. A digit that is lost leaves a line that reads well, so everything that a line says
//! twice is compared: count, sum and percentiles with the buckets, quotients with what they are made of. All of it is
//! rounded here as the image rounds it (`pivot::stats`, `src/bench/outcome.rs`).

use pivot::stats::{bucket, most};
use serde_json::Value;

use super::figure::Figure;
use super::histogram::Histogram;

/// The percentiles of a line, in thousandths.
const PERCENTILES: [(&str, u64); 4] = [
    ("p50_ns", 500),
    ("p90_ns", 900),
    ("p99_ns", 990),
    ("p999_ns", 999),
];

/// Keys of the price list: of a set, and of what it has more than the one before.
const PRICES: [(&str, &str); 3] = [
    ("mean_ns_x1000", "delta_ns_x1000"),
    ("cycles_x1000", "delta_cycles_x1000"),
    ("instructions_x1000", "delta_instructions_x1000"),
];

/// The figure of the price list that is in all others, and taken from them.
const LOOP: &str = "cost.loop";

/// What in a figure cannot be as it came; `before` is the one before it in the same report.
pub(super) fn contradiction(figure: &Figure, before: Option<&Figure>) -> Option<String> {
    quotients(figure)
        .or_else(|| samples(figure))
        .or_else(|| before.and_then(|before| price(figure, before)))
}

fn number(figure: &Figure, key: &str) -> Option<u64> {
    figure.fields.get(key).and_then(Value::as_u64)
}

/// `a / b`, rounded to the nearest; 0 where `b` is.
fn rounded(a: u128, b: u64) -> u128 {
    let b = u128::from(b);
    (a + b / 2).checked_div(b).unwrap_or_default()
}

/// Figures that are others divided.
fn quotients(figure: &Figure) -> Option<String> {
    let get = |key: &str| number(figure, key).map(u128::from);
    let count = |key: &str| number(figure, key);
    let mean = |total: &str, by: &str| Some(rounded(get(total)?, count(by)?));
    let each = || Some(rounded(get("ops_ns")? * 100, count("ops")?.max(1)));
    let floor = || get("elapsed_ns")?.checked_div(get("handoffs")?);
    let whole = |key: &str| Some(rounded(get(key)?, 100));
    [
        ("mean_ns", mean("total_ns", "count"), "total_ns / count"),
        ("ops_ns_x100", each(), "100 ops_ns / ops"),
        ("ns", floor(), "elapsed_ns / handoffs"),
        (
            "mean_cycles",
            whole("ops_cycles_x100"),
            "ops_cycles_x100 / 100",
        ),
        (
            "mean_instructions",
            whole("ops_instructions_x100"),
            "ops_instructions_x100 / 100",
        ),
    ]
    .into_iter()
    .find_map(|(key, expected, what)| {
        let (said, expected) = (get(key)?, expected?);
        (said != expected).then(|| format!("{key} is {said}, and {what} is {expected}"))
    })
}

/// What is said about samples, and their buckets.
fn samples(figure: &Figure) -> Option<String> {
    let count = number(figure, "count")?;
    let histogram = figure.histogram.as_ref();
    let counted = histogram.map_or(Some(0), Histogram::count);
    if counted != Some(count) {
        let counted = counted.map_or("too many".to_owned(), |counted| counted.to_string());
        return Some(format!("count is {count}, and its buckets have {counted}"));
    }
    let (histogram, min, max) = (
        histogram?,
        number(figure, "min_ns")?,
        number(figure, "max_ns")?,
    );
    let percentiles = PERCENTILES
        .iter()
        .map(|&(key, permille)| (key, histogram.permille(permille).map(most)));
    for (key, expected) in percentiles {
        let (Some(said), Some(expected)) = (number(figure, key), expected) else {
            continue;
        };
        let expected = expected.min(max);
        if said != expected {
            return Some(format!("{key} is {said}, and by its buckets {expected}"));
        }
    }
    let ends = [
        ("min_ns", min, histogram.buckets.first()),
        ("max_ns", max, histogram.buckets.last()),
    ];
    ends.into_iter().find_map(|(key, value, end)| {
        let (index, _) = *end?;
        (bucket(value) != index as usize)
            .then(|| format!("{key} is {value}, which is not in the bucket at that end"))
    })
}

/// What a set of registers costs more than the one before.
fn price(figure: &Figure, before: &Figure) -> Option<String> {
    let signed = |figure: &Figure, key: &str| figure.fields.get(key).and_then(Value::as_i64);
    PRICES.into_iter().find_map(|(whole, more)| {
        let said = signed(figure, more)?;
        let part = if before.id == LOOP {
            0
        } else {
            signed(before, whole)?
        };
        let expected = signed(figure, whole)?.checked_sub(part);
        (Some(said) != expected).then(|| {
            format!(
                "{more} is {said}, which is not {whole} less that of {}",
                before.id
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::measure::record::Command;

    const LINE: &str = "@switch.yield.alone count=4 total_ns=1002 min_ns=200 p50_ns=255 p90_ns=300 p99_ns=300 \
        p999_ns=300 max_ns=300 mean_ns=251 clock_ns=99 batch=1 mean_cycles=376 mean_instructions=75 ops=4 ops_ns=1001 \
        ops_ns_x100=25025 ops_cycles_x100=37550 ops_instructions_x100=7502";
    const COUNTS: &str =
        "@hist id=switch.yield.alone unit=ns bits=4 first=73 counts=1,0,0,0,0,0,2,0,0,1";
    const PRICES: &str = "\
        @cost.loop switches=100000 mean_ns_x1000=19593 cycles_x1000=19574\n\
        @cost.callee_saved mean_ns_x1000=21993 cycles_x1000=22060 delta_ns_x1000=21993 delta_cycles_x1000=22060\n\
        @cost.fp mean_ns_x1000=48551 cycles_x1000=22000 delta_ns_x1000=26558 delta_cycles_x1000=-60\n\
        @cost.fpcr mean_ns_x1000=50000 delta_ns_x1000=1449";

    fn taken(text: &str) -> Command {
        let mut command = Command::new("bench all");
        for line in text.lines().chain(["@done command=bench verdict=passed"]) {
            command.take(line);
        }
        command
    }

    #[test]
    fn what_the_image_writes_agrees_with_itself() {
        let command = taken(&format!("{LINE}\n{COUNTS}"));
        assert_eq!(command.damaged, Vec::<String>::new());
        assert_eq!(command.results.len(), 1);
        let classic = taken("@ctxsw.apart ns=26815 handoffs=40000 elapsed_ns=1072614816");
        assert_eq!((classic.damaged.len(), classic.results.len()), (0, 1));
        let prices = taken(PRICES);
        assert_eq!((prices.damaged.len(), prices.results.len()), (0, 4));
    }

    #[test]
    fn a_digit_that_is_lost_or_changed_makes_a_damaged_figure_and_no_other_one() {
        // What nothing else on the line says.
        let alone = ["clock_ns", "batch"];
        let keys = LINE
            .split_whitespace()
            .filter_map(|word| Some(word.split_once('=')?.0))
            .filter(|key| !alone.contains(key));
        let text = format!("{LINE}\n{COUNTS}");
        for key in keys {
            let at = text.find(&format!(" {key}=")).unwrap() + key.len() + 2;
            let mut lost = text.clone();
            let digit = lost.remove(at);
            // A figure of one digit has none left: that breaks the grammar.
            let mut other = lost.clone();
            other.insert(
                at,
                if digit == '9' {
                    '8'
                } else {
                    char::from(digit as u8 + 1)
                },
            );
            for broken in [lost, other] {
                let command = taken(&broken);
                assert_eq!(command.results.len(), 0, "{key}: {broken}");
                assert!(!command.damaged.is_empty(), "{key}");
            }
        }
        for counts in [
            "1,0,0,0,0,0,2,0,0",
            "1,0,0,0,0,0,2,0,0,2",
            "1,0,0,0,0,2,0,0,0,1",
        ] {
            let command = taken(&text.replace("1,0,0,0,0,0,2,0,0,1", counts));
            assert_eq!(
                (command.results.len(), command.damaged.len()),
                (0, 1),
                "{counts}"
            );
        }
    }

    #[test]
    fn a_histogram_that_never_came_is_missed_and_the_line_is_kept_with_the_reason() {
        let command = taken(LINE);
        assert!(command.results.is_empty());
        let said = &command.damaged[0];
        assert!(said.starts_with("@switch.yield.alone "), "{said}");
        assert!(said.contains(" ops_ns=1001 "), "{said}");
        assert!(
            said.ends_with("count is 4, and its buckets have 0"),
            "{said}"
        );
    }

    #[test]
    fn a_price_that_does_not_add_up_is_damaged_and_the_ones_after_it_are_not_blamed() {
        for (right, wrong) in [
            ("delta_ns_x1000=26558", "delta_ns_x1000=2558"),
            ("delta_cycles_x1000=-60", "delta_cycles_x1000=60"),
            ("mean_ns_x1000=48551", "mean_ns_x1000=4851"),
        ] {
            let command = taken(&PRICES.replacen(right, wrong, 1));
            assert_eq!(
                (command.results.len(), command.damaged.len()),
                (3, 1),
                "{wrong}"
            );
            assert!(command.damaged[0].starts_with("@cost.fp "), "{command:?}");
        }
        let command = taken("@ctxsw.apart ns=26815 handoffs=40000 elapsed_ns=107264816");
        assert_eq!((command.results.len(), command.damaged.len()), (0, 1));
    }

    #[test]
    fn a_line_whose_seal_does_not_fit_is_damaged_and_a_seal_is_no_figure() {
        let sealed = "@x n=123 crc=0xc7ded56e";
        assert_eq!(taken(sealed).results[0].fields.len(), 1);
        let command = taken(&sealed.replace("123", "124"));
        assert_eq!((command.results.len(), command.damaged.len()), (0, 1));
    }
}
