//! How what a benchmark came to is written: a row for people, a line of the report, a JSON object, a row of a table.
//! Pure.

use core::convert::Infallible;

use ufmt::{Formatter, uDisplay, uWrite, uwrite, uwriteln};

use super::outcome::{KEYS, Outcome};
use crate::report::Line;
use crate::shell::pad;
use crate::stats::{BITS, draw, least, most, write_counts};

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
        outcome.permille(990).and_then(whole),
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
mod tests;
