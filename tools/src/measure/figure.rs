//! One figure: a report line, and how its samples were distributed. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::histogram::Histogram;
use super::record::Fields;

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

impl Figure {
    /// The mean in nanoseconds, as exactly as the line says it.
    pub(crate) fn mean_ns(&self) -> Option<f64> {
        let quotient = |total: &str, count: &str| {
            let count = self.number(count).filter(|&count| count > 0.0)?;
            Some(self.number(total)? / count)
        };
        // Operations without a reading of the clock between them are timed best.
        quotient("ops_ns", "ops")
            .or_else(|| quotient("total_ns", "count"))
            .or_else(|| quotient("elapsed_ns", "handoffs"))
            .or_else(|| self.number("mean_ns_x1000").map(|x| x / 1000.0))
            .or_else(|| self.number("mean_ns"))
            .or_else(|| self.number("ns"))
    }

    /// A field that is a number.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.fields.get(key).and_then(Value::as_f64)
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
}
