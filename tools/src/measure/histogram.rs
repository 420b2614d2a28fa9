//! A histogram as the image counts it and the files keep it. Pure.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use pivot::report::Record;
use serde::{Deserialize, Serialize};

/// A histogram with logarithmic buckets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Histogram {
    /// The unit of the samples.
    pub(crate) unit: String,
    /// The buckets below 2^bits are one wide; above, each power of two has 2^bits buckets.
    pub(crate) bits: u32,
    /// Index and count of each bucket that is not empty, the lowest first.
    pub(crate) buckets: Vec<(u32, u64)>,
}

impl Histogram {
    /// Reads a line `@hist`; a long histogram has several.
    pub(super) fn read(record: &Record) -> Option<Self> {
        let first = u32::try_from(record.number("first")?).ok()?;
        let counts: Option<Vec<u64>> = record
            .get("counts")?
            .split(',')
            .map(|count| count.parse().ok())
            .collect();
        let indexed = (first..).zip(counts?).filter(|&(_, count)| count > 0);
        Some(Self {
            unit: record.get("unit")?.to_owned(),
            bits: u32::try_from(record.number("bits")?)
                .ok()
                .filter(|&bits| bits < 16)?,
            buckets: indexed.collect(),
        })
    }

    /// The least value of a bucket: [`pivot::stats::least`], but for any number of bits that a file may name.
    pub(crate) fn least(&self, index: u32) -> f64 {
        let group = (index >> self.bits).saturating_sub(1);
        let mantissa = index - (group << self.bits);
        f64::from(mantissa) * f64::from(group).exp2()
    }

    /// How many samples there are.
    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().map(|&(_, count)| count).sum()
    }

    /// Adds another one's samples; both must have buckets of the same widths.
    pub(crate) fn add(&mut self, other: &Self) -> Result<()> {
        if (self.bits, &self.unit) != (other.bits, &other.unit) {
            bail!("histograms of different units or buckets cannot be added");
        }
        let mut sum: BTreeMap<u32, u64> = self.buckets.iter().copied().collect();
        for &(index, count) in &other.buckets {
            *sum.entry(index).or_default() += count;
        }
        self.buckets = sum.into_iter().collect();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pivot::stats;

    use super::*;

    #[test]
    fn buckets_begin_where_the_image_put_the_samples() {
        let histogram = Histogram {
            unit: "ns".to_owned(),
            bits: stats::BITS,
            buckets: Vec::new(),
        };
        for index in 0..stats::BUCKETS {
            let least = stats::least(index) as f64;
            assert_eq!(histogram.least(index as u32), least, "{index}");
        }
    }
}
