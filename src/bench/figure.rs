//! What a benchmark came to, as numbers with names, and how they are written: a row for people, a line of the report, a
//! JSON object, a row of a table. Pure.

use core::convert::Infallible;

use ufmt::{Formatter, uDisplay, uWrite, uwrite, uwriteln};

use crate::report::Line;
use crate::shell::pad;
use crate::stats::{BITS, Histogram, draw, least, most, write_counts};

/// A round without a reading of the clock in it: so many operations, and what all of them took together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) ops: u64,
    pub(crate) ns: u64,
    /// Of the core, or of all cores that took part; `None` where nobody counts them.
    pub(crate) cycles: Option<u64>,
    pub(crate) instructions: Option<u64>,
}

impl Plain {
    /// Adds a further round.
    pub(crate) fn merge(&mut self, other: Self) {
        let sum = |a: Option<u64>, b: Option<u64>| Some(a? + b?);
        self.ops += other.ops;
        self.ns += other.ns;
        self.cycles = sum(self.cycles, other.cycles);
        self.instructions = sum(self.instructions, other.instructions);
    }

    /// `of` all operations as hundredths for one, rounded to the nearest.
    pub(crate) fn hundredths(self, of: u64) -> u64 {
        let ops = u128::from(self.ops.max(1));
        ((u128::from(of) * 100 + ops / 2) / ops) as u64
    }
}

/// What a benchmark came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) plain: Option<Plain>,
    /// One for each operation, or for each batch of them; in nanoseconds.
    pub(crate) samples: Histogram,
    /// How many samples there must be.
    pub(crate) expected: u64,
    /// Operations of which one sample is the mean.
    pub(crate) batch: u64,
    /// The cost of reading the clock, subtracted from each sample; 0 where no reading lies in it.
    pub(crate) clock_ns: u64,
    /// How many threads there were, for a benchmark that is about that.
    pub(crate) threads: Option<u64>,
    /// What the counter showed when it began, for one that begins with the machine.
    pub(crate) before_ns: Option<u64>,
}

impl Outcome {
    /// What came of samples of single operations, of which there must be so many.
    pub(crate) const fn of_samples(samples: Histogram, expected: u64, clock_ns: u64) -> Self {
        Self {
            plain: None,
            samples,
            expected,
            batch: 1,
            clock_ns,
            threads: None,
            before_ns: None,
        }
    }

    /// Adds a further round of the same benchmark.
    pub(crate) fn merge(&mut self, other: &Self) {
        if let (Some(mine), Some(theirs)) = (&mut self.plain, other.plain) {
            mine.merge(theirs);
        }
        self.samples.merge(&other.samples);
        self.expected += other.expected;
        self.batch = self.batch.max(other.batch);
    }

    /// The same, less what `other` has for the same number of operations in its round without a clock. The samples stay.
    pub(crate) fn without(mut self, other: &Self) -> Self {
        let less = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_sub(b?));
        if let (Some(mine), Some(theirs)) = (&mut self.plain, other.plain) {
            mine.ns = mine.ns.saturating_sub(theirs.ns);
            mine.cycles = less(mine.cycles, theirs.cycles);
            mine.instructions = less(mine.instructions, theirs.instructions);
        }
        self
    }

    /// The figures in the order of [`KEYS`].
    fn values(&self) -> [Option<u64>; KEYS.len()] {
        let Self { samples, plain, .. } = self;
        let each = |of: fn(&Plain) -> Option<u64>| {
            let plain = plain.as_ref()?;
            Some(plain.hundredths(of(plain)?))
        };
        let cycles = each(|plain| plain.cycles);
        let instructions = each(|plain| plain.instructions);
        let whole = |hundredths: Option<u64>| hundredths.map(|value| (value + 50) / 100);
        [
            Some(samples.count()),
            Some(samples.total()),
            Some(samples.min()),
            Some(samples.permille(500)),
            Some(samples.permille(900)),
            Some(samples.permille(990)),
            Some(samples.permille(999)),
            Some(samples.max()),
            Some(samples.mean()),
            Some(self.clock_ns),
            Some(self.batch),
            whole(cycles),
            whole(instructions),
            plain.map(|plain| plain.ops),
            plain.map(|plain| plain.ns),
            each(|plain| Some(plain.ns)),
            cycles,
            instructions,
            self.threads,
            self.before_ns,
        ]
    }
}

/// The names of the figures: those of the samples first, then those of the round without a clock.
const KEYS: [&str; 20] = [
    "count",
    "total_ns",
    "min_ns",
    "p50_ns",
    "p90_ns",
    "p99_ns",
    "p999_ns",
    "max_ns",
    "mean_ns",
    "clock_ns",
    "batch",
    "mean_cycles",
    "mean_instructions",
    "ops",
    "ops_ns",
    "ops_ns_x100",
    "ops_cycles_x100",
    "ops_instructions_x100",
    "threads",
    "before_ns",
];

/// How the results of a command are written, besides the lines for the host tool, which always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A row for people.
    Text,
    /// A JSON object a line.
    Json,
    /// Comma-separated values.
    Csv,
}

/// Characters of a column, besides the first of 27: that makes 75.
const COLUMN: usize = 8;

/// What stands above all results.
pub(crate) fn heading<W: uWrite<Error = Infallible>>(out: &mut W, form: Form) {
    let Ok(()) = match form {
        Form::Text => {
            let Ok(()) = uwrite!(out, "{}", pad::left("ns", 27));
            for name in ["mean", "instr.", "min", "p50", "p99", "max"] {
                let Ok(()) = uwrite!(out, "{}", pad::right(name, COLUMN));
            }
            out.write_str("\n")
        }
        Form::Json => Ok(()),
        Form::Csv => {
            let Ok(()) = out.write_str("id");
            for key in KEYS {
                let Ok(()) = uwrite!(out, ",{}", key);
            }
            out.write_str("\n")
        }
    };
}

/// Writes one result for people or programs.
pub(crate) fn show<W: uWrite<Error = Infallible>>(
    out: &mut W,
    form: Form,
    id: &str,
    outcome: &Outcome,
) {
    let Ok(()) = match form {
        Form::Text => text(out, id, outcome),
        Form::Json => json(out, id, outcome),
        Form::Csv => {
            let Ok(()) = out.write_str(id);
            for value in outcome.values() {
                let Ok(()) = match value {
                    Some(value) => uwrite!(out, ",{}", value),
                    None => out.write_str(","),
                };
            }
            out.write_str("\n")
        }
    };
}

/// Hundredths in seven characters: with their places while there is room, then whole, then thousands and millions.
struct Short(Option<u64>);

impl uDisplay for Short {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        let Some(hundredths) = self.0 else {
            return f.write_char('-');
        };
        let (value, unit) = match hundredths / 100 {
            ..10_000 if !hundredths.is_multiple_of(100) => {
                return uwrite!(f, "{}", pad::fixed(hundredths, 2));
            }
            value @ ..10_000_000 => (value, ""),
            value @ ..1_000_000_000 => (value / 1_000, "k"),
            value => (value / 1_000_000, "M"),
        };
        uwrite!(f, "{}{}", value, unit)
    }
}

/// The mean is that of the round without a clock where there is one.
fn text<W: uWrite>(out: &mut W, id: &str, outcome: &Outcome) -> Result<(), W::Error> {
    let samples = &outcome.samples;
    let whole = |value: u64| Some(value.saturating_mul(100));
    let (mean, instructions) = match &outcome.plain {
        Some(plain) => {
            let each = plain.instructions.map(|count| plain.hundredths(count));
            (Some(plain.hundredths(plain.ns)), each)
        }
        None => (whole(samples.mean()), None),
    };
    let columns = [
        mean,
        instructions,
        whole(samples.min()),
        whole(samples.permille(500)),
        whole(samples.permille(990)),
        whole(samples.max()),
    ];
    uwrite!(out, "{}", pad::left(id, 27))?;
    for value in columns {
        uwrite!(out, "{}", pad::right(Short(value), COLUMN))?;
    }
    uwriteln!(out, "")
}

#[expect(
    clippy::large_stack_frames,
    reason = "what is formatted, piece by piece; a command has a stack of 32 KiB"
)]
fn json<W: uWrite>(out: &mut W, id: &str, outcome: &Outcome) -> Result<(), W::Error> {
    uwrite!(out, "{{\"id\":\"{}\"", id)?;
    for (key, value) in KEYS.into_iter().zip(outcome.values()) {
        if let Some(value) = value {
            uwrite!(out, ",\"{}\":{}", key, value)?;
        }
    }
    uwrite!(out, ",\"histogram_ns\":[")?;
    for (i, (index, count)) in outcome.samples.counts().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        uwrite!(out, "{}[{},{},{}]", comma, least(index), most(index), count)?;
    }
    uwriteln!(out, "]}}")
}

/// Draws the samples.
pub(crate) fn draw_samples<W: uWrite<Error = Infallible>>(
    out: &mut W,
    id: &str,
    outcome: &Outcome,
) {
    let Ok(()) = uwriteln!(
        out,
        "{}: {} samples in ns, less {} for reading the clock",
        id,
        outcome.samples.count(),
        outcome.clock_ns
    );
    let Ok(()) = draw(out, &outcome.samples);
}

/// Writes the lines for the host tool: the figures, and the samples.
#[expect(
    clippy::large_stack_frames,
    reason = "what is formatted, piece by piece; a command has a stack of 32 KiB"
)]
pub(crate) fn report<W: uWrite<Error = Infallible>>(out: &mut W, id: &str, outcome: &Outcome) {
    let mut line = Line::begin(out, id);
    for (key, value) in KEYS.into_iter().zip(outcome.values()) {
        if let Some(value) = value {
            line = line.with(key, value);
        }
    }
    let Ok(()) = line.end();
    let Ok(()) = write_counts(&outcome.samples, |first, counts| {
        let Ok(()) = uwrite!(
            out,
            "@hist id={} unit=ns bits={} first={} counts=",
            id,
            BITS,
            first
        );
        for (i, count) in counts.iter().enumerate() {
            let Ok(()) = uwrite!(out, "{}{}", if i == 0 { "" } else { "," }, count);
        }
        uwriteln!(out, "")
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Record;

    /// A sink that cannot fail, as the console.
    #[derive(Default)]
    struct Text(String);

    impl uWrite for Text {
        type Error = Infallible;

        fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
            self.0.push_str(text);
            Ok(())
        }
    }

    fn outcome(samples: &[u64]) -> Outcome {
        let mut histogram = Histogram::new();
        samples.iter().for_each(|sample| histogram.record(*sample));
        Outcome {
            plain: Some(Plain {
                ops: 4,
                ns: 1_001,
                cycles: None,
                instructions: Some(2_002),
            }),
            ..Outcome::of_samples(histogram, samples.len() as u64, 3)
        }
    }

    fn written(write: impl FnOnce(&mut Text)) -> String {
        let mut text = Text::default();
        write(&mut text);
        text.0
    }

    #[test]
    fn the_report_is_read_back_with_every_figure_and_every_count() {
        let samples: Vec<u64> = (0..300).map(|i| i * i * i).collect();
        let outcome = outcome(&samples);
        let text = written(|out| report(out, "switch.yield.alone", &outcome));
        let records: Vec<Record> = text
            .lines()
            .map(|line| Record::parse(line).unwrap())
            .collect();
        assert!(text.lines().all(|line| line.len() <= 900));
        let [figures, hist @ ..] = &records[..] else {
            panic!("no line")
        };
        assert_eq!(figures.id(), "switch.yield.alone");
        assert_eq!(figures.number("count"), Some(300));
        assert_eq!(figures.number("total_ns"), Some(samples.iter().sum()));
        assert_eq!(figures.number("mean_ns"), Some(outcome.samples.mean()));
        assert_eq!(figures.number("ops_ns_x100"), Some(25_025));
        assert_eq!(figures.number("ops_instructions_x100"), Some(50_050));
        assert_eq!(figures.number("mean_instructions"), Some(501));
        assert_eq!(figures.number("mean_cycles"), None);
        assert_eq!(figures.number("threads"), None);
        let mut seen = Vec::new();
        for line in hist {
            assert_eq!((line.id(), line.get("unit")), ("hist", Some("ns")));
            let first = line.number("first").unwrap() as usize;
            let counts = line.get("counts").unwrap().split(',');
            let counts = counts.map(|count| count.parse::<u64>().unwrap());
            seen.extend((first..).zip(counts).filter(|(_, count)| *count > 0));
        }
        assert_eq!(seen, outcome.samples.counts().collect::<Vec<_>>());
    }

    #[test]
    fn what_people_read_fits_into_80_columns() {
        let outcome = outcome(&[123_456, 98_765_432, 99_999_999_999]);
        for write in [
            |out: &mut Text, _: &Outcome| heading(out, Form::Text),
            |out: &mut Text, outcome: &Outcome| {
                show(out, Form::Text, "handoff.condvar.colocated", outcome);
            },
            |out: &mut Text, outcome: &Outcome| {
                draw_samples(out, "handoff.condvar.colocated", outcome);
            },
        ] {
            let rows = written(|out| write(out, &outcome));
            assert!(rows.lines().all(|row| row.len() <= 80), "{rows}");
        }
    }

    #[test]
    fn a_number_has_seven_characters_whatever_its_size() {
        let shown = |value| written(|out| uwrite!(out, "{}", Short(value)).unwrap());
        assert_eq!(shown(None), "-");
        assert_eq!(shown(Some(1_200)), "12");
        assert_eq!(shown(Some(27_619)), "276.19");
        assert_eq!(shown(Some(100_000_012)), "1000000");
        assert_eq!(shown(Some(1_477_342_000)), "14773k");
        assert_eq!(shown(Some(u64::MAX)).len(), 13);
        for power in 0..14 {
            let value = 10_u64.pow(power) - 1;
            assert!(shown(Some(value)).len() <= 7, "{value}");
        }
    }

    #[test]
    fn a_table_has_a_value_or_nothing_for_each_key() {
        let text = written(|out| {
            heading(out, Form::Csv);
            show(out, Form::Csv, "x", &outcome(&[1]));
        });
        let rows: Vec<Vec<&str>> = text.lines().map(|row| row.split(',').collect()).collect();
        assert_eq!(rows[0].len(), rows[1].len());
        assert_eq!((rows[0][1], rows[1][1]), ("count", "1"));
    }

    #[test]
    fn an_object_has_the_figures_and_the_bounds_of_each_bucket() {
        let text = written(|out| show(out, Form::Json, "x", &outcome(&[7, 33, 33])));
        assert!(text.starts_with("{\"id\":\"x\",\"count\":3,\"total_ns\":73,"));
        assert!(
            text.ends_with(",\"histogram_ns\":[[7,7,1],[32,33,2]]}\n"),
            "{text}"
        );
    }

    #[test]
    fn what_is_taken_off_is_taken_off_the_round_and_not_the_samples() {
        let rest = outcome(&[1, 2]).without(&outcome(&[9]));
        let plain = rest.plain.unwrap();
        assert_eq!((plain.ops, plain.ns, plain.instructions), (4, 0, Some(0)));
        assert_eq!(rest.samples.count(), 2);
    }

    #[test]
    fn rounds_add_up_and_what_one_did_not_count_nobody_has() {
        let mut sum = outcome(&[1]);
        let mut other = outcome(&[2, 3]);
        sum.merge(&other);
        assert_eq!(sum.plain.unwrap().ops, 8);
        assert_eq!(sum.plain.unwrap().instructions, Some(4_004));
        assert_eq!((sum.samples.count(), sum.expected), (3, 3));
        other.plain.as_mut().unwrap().instructions = None;
        sum.merge(&other);
        assert_eq!(sum.plain.unwrap().instructions, None);
    }
}
