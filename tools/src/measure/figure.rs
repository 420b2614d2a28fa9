//! One figure: a report line, and how its samples were distributed. Pure.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::histogram::Histogram;
use super::record::{Fields, shown};

/// What an ID ends in whose round without a clock is another line's: there only the samples are its own.
const SAMPLES: &str = ".samples";

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// The benchmark's ID.
    pub(crate) id: String,
    /// Everything that its line says.
    pub(crate) fields: Fields,
    /// How its samples were distributed, where they were counted.
    pub(crate) histogram: Option<Histogram>,
}

/// A mean, and how finely it was told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mean {
    pub(crate) ns: f64,
    /// Two means that are nearer to each other than this are the same.
    pub(crate) resolution_ns: f64,
}

impl Figure {
    /// The mean as exactly as the line says it, where a tick of the counter takes so many nanoseconds.
    pub(crate) fn mean(&self, tick_ns: f64) -> Option<Mean> {
        let count = |key: &str| self.number(key).filter(|&count| count > 0.0);
        // The counter was read before all operations and after.
        let round = |total: &str, operations: &str| {
            let operations = count(operations)?;
            Some(Mean {
                ns: self.number(total)? / operations,
                resolution_ns: tick_ns / operations,
            })
        };
        // It was read around each, and each is cut to whole nanoseconds.
        let samples = || {
            let samples = count("count")?;
            Some(Mean {
                ns: self.number("total_ns")? / samples,
                resolution_ns: tick_ns.max(1.0) / samples.sqrt(),
            })
        };
        let written = |key: &str, resolution_ns: f64| {
            Some(Mean {
                ns: self.number(key)? * resolution_ns,
                resolution_ns,
            })
        };
        // Operations without a reading of the clock between them are timed best.
        round("ops_ns", "ops")
            .filter(|_| !self.id.ends_with(SAMPLES))
            .or_else(samples)
            .or_else(|| round("elapsed_ns", "handoffs"))
            .or_else(|| written("mean_ns_x1000", 1e-3))
            .or_else(|| written("mean_ns", 1.0))
            .or_else(|| written("ns", 1.0))
    }

    /// The mean in nanoseconds.
    pub(crate) fn mean_ns(&self) -> Option<f64> {
        self.mean(1.0).map(|mean| mean.ns)
    }

    /// A field that is a number.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.fields.get(key).and_then(Value::as_f64)
    }

    /// The line again, its fields in the order of their names.
    pub(super) fn line(&self) -> String {
        let mut line = format!("@{}", self.id);
        for (key, value) in &self.fields {
            // Writing to a string cannot fail.
            let _ = write!(line, " {key}={}", shown(value));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::record::Command;

    fn taken(line: &str) -> Figure {
        let mut command = Command::new("x");
        command.take(line);
        command.results.remove(0)
    }

    #[test]
    fn the_mean_comes_from_whichever_fields_a_line_has() {
        let mean = |line: &str| taken(line).mean_ns();
        assert_eq!(mean("@x.y ops=4 ops_ns=10 count=1 total_ns=9"), Some(2.5));
        assert_eq!(
            mean("@ctxsw.apart ns=7 handoffs=2 elapsed_ns=13"),
            Some(6.5)
        );
        assert_eq!(mean("@cost.fp mean_ns_x1000=12345"), Some(12.345));
        assert_eq!(mean("@x.y count=0 total_ns=0"), None);
        assert_eq!(mean("@x.y threads=4"), None);
    }

    #[test]
    fn the_mean_of_a_line_of_samples_is_that_of_the_samples() {
        let line = "@ctxsw.apart.samples ops=4 ops_ns=10 count=2 total_ns=9";
        assert_eq!(taken(line).mean_ns(), Some(4.5));
    }

    #[test]
    fn a_mean_is_told_as_finely_as_its_counter_and_its_digits_are() {
        let resolution = |line: &str| taken(line).mean(20.0).unwrap().resolution_ns;
        assert_eq!(resolution("@x.y ops=4 ops_ns=10"), 5.0);
        assert_eq!(resolution("@x.y count=4 total_ns=10"), 10.0);
        assert_eq!(resolution("@ctxsw.apart handoffs=2 elapsed_ns=13"), 10.0);
        assert_eq!(resolution("@x.y ns=7"), 1.0);
        assert_eq!(resolution("@cost.fp mean_ns_x1000=12345"), 1e-3);
    }
}
