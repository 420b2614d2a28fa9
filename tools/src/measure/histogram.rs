//! A histogram as the image counts it and the files keep it. Pure.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use pivot::report::Record;
use pivot::stats::{BITS, BUCKETS};
use serde::{Deserialize, Serialize};

/// A histogram with logarithmic buckets: those of [`pivot::stats`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Form")]
pub(crate) struct Histogram {
    /// The unit of the samples.
    pub(crate) unit: String,
    /// The buckets below 2^bits are one wide; above, each power of two has 2^bits buckets.
    pub(crate) bits: u32,
    /// Index and count of each bucket that is not empty, the lowest first.
    pub(crate) buckets: Vec<(u32, u64)>,
}

/// What stands in a file, before it is known whether an image can have written it.
#[derive(Deserialize)]
struct Form {
    unit: String,
    bits: u32,
    buckets: Vec<(u32, u64)>,
}

impl TryFrom<Form> for Histogram {
    type Error = &'static str;

    fn try_from(form: Form) -> Result<Self, Self::Error> {
        let Form {
            unit,
            bits,
            buckets,
        } = form;
        if bits != BITS {
            return Err("a histogram with other buckets than Pivot's");
        }
        let is_rising = buckets.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if !is_rising || buckets.iter().any(|&(index, _)| index as usize >= BUCKETS) {
            return Err("a histogram with buckets that there are not");
        }
        Ok(Self {
            unit,
            bits,
            buckets,
        })
    }
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
        let counts = counts?;
        // So no index is too great for its type either.
        if (first as usize).checked_add(counts.len())? > BUCKETS {
            return None;
        }
        let indexed = (first..).zip(counts).filter(|&(_, count)| count > 0);
        let form = Form {
            unit: record.get("unit")?.to_owned(),
            bits: u32::try_from(record.number("bits")?).ok()?,
            buckets: indexed.collect(),
        };
        Self::try_from(form).ok()
    }

    /// Adds a further line of the same histogram; whether it was one: of higher buckets.
    pub(super) fn append(&mut self, part: &Self) -> bool {
        let last = self.buckets.last().map(|&(index, _)| index);
        let first = part.buckets.first().map(|&(index, _)| index);
        let is_next = self.unit == part.unit && last.zip(first).is_none_or(|(a, b)| a < b);
        if is_next {
            self.buckets.extend(&part.buckets);
        }
        is_next
    }

    /// The least value of a bucket, or of the one that would come after the last.
    pub(crate) fn least(&self, index: u32) -> f64 {
        let group = (index >> self.bits).saturating_sub(1);
        let mantissa = index - (group << self.bits);
        f64::from(mantissa) * f64::from(group).exp2()
    }

    /// How many samples there are; `None` for more than an image can count.
    pub(crate) fn count(&self) -> Option<u64> {
        self.buckets
            .iter()
            .try_fold(0_u64, |sum, &(_, count)| sum.checked_add(count))
    }

    /// The bucket of the value that so many thousandths of the samples do not exceed, as the image finds it
    /// ([`pivot::stats::Histogram::permille`]); none without samples.
    pub(crate) fn permille(&self, permille: u64) -> Option<usize> {
        let all: u128 = self
            .buckets
            .iter()
            .map(|&(_, count)| u128::from(count))
            .sum();
        let rank = (all * u128::from(permille)).div_ceil(1_000);
        let mut seen = 0;
        let found = self.buckets.iter().find(|&&(_, count)| {
            seen += u128::from(count);
            seen >= rank
        });
        found.map(|&(index, _)| index as usize)
    }

    /// Adds another one's samples; both must have buckets of the same widths.
    pub(crate) fn add(&mut self, other: &Self) -> Result<()> {
        if (self.bits, &self.unit) != (other.bits, &other.unit) {
            bail!("histograms of different units or buckets cannot be added");
        }
        let mut sum: BTreeMap<u32, u64> = self.buckets.iter().copied().collect();
        for &(index, count) in &other.buckets {
            let sum = sum.entry(index).or_default();
            *sum = sum.saturating_add(count);
        }
        self.buckets = sum.into_iter().collect();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pivot::stats;

    use super::*;

    fn line(rest: &str) -> Option<Histogram> {
        Histogram::read(&Record::parse(&format!("@hist id=x unit=ns {rest}")).unwrap())
    }

    #[test]
    fn buckets_begin_where_the_image_put_the_samples() {
        let histogram = line("bits=4 first=0 counts=1").unwrap();
        for index in 0..BUCKETS {
            let least = stats::least(index) as f64;
            assert_eq!(histogram.least(index as u32), least, "{index}");
        }
        assert_eq!(histogram.least(BUCKETS as u32), 64_f64.exp2());
    }

    #[test]
    fn percentiles_are_in_the_buckets_in_which_the_image_finds_them() {
        let mut theirs = stats::Histogram::new();
        for i in 0..1_000_u64 {
            theirs.record(i * i * i);
        }
        let buckets = theirs
            .counts()
            .map(|(index, count)| (index as u32, count))
            .collect();
        let ours = Histogram {
            unit: "ns".to_owned(),
            bits: BITS,
            buckets,
        };
        assert_eq!(ours.count(), Some(1_000));
        for permille in [1, 500, 900, 990, 999, 1_000] {
            let most = stats::most(ours.permille(permille).unwrap());
            assert_eq!(most.min(theirs.max()), theirs.permille(permille));
        }
    }

    #[test]
    fn buckets_that_no_image_has_are_refused_on_the_wire() {
        assert!(line("bits=4 first=975 counts=1").is_some());
        for rest in [
            "bits=4 first=976 counts=1",
            "bits=4 first=975 counts=0,1",
            "bits=4 first=4294967295 counts=1,1",
            "bits=4 first=18446744073709551615 counts=1",
            "bits=5 first=0 counts=1",
            "bits=40 first=0 counts=1",
            "bits=4 first=0 counts=1,,2",
        ] {
            assert_eq!(line(rest), None, "{rest}");
        }
    }

    #[test]
    fn buckets_that_no_image_has_are_refused_in_a_file() {
        let read = |bits: u32, buckets: &str| {
            let text = format!(r#"{{"unit":"ns","bits":{bits},"buckets":{buckets}}}"#);
            serde_json::from_str::<Histogram>(&text)
        };
        assert!(read(4, "[[3,1],[975,2]]").is_ok());
        assert!(read(32, "[[3,1]]").is_err());
        for buckets in [
            "[[976,1]]",
            "[[4294967295,1]]",
            "[[5,1],[4,1]]",
            "[[5,1],[5,1]]",
        ] {
            assert!(read(4, buckets).is_err(), "{buckets}");
        }
    }

    #[test]
    fn lines_of_one_histogram_rise_and_counts_beyond_all_bounds_are_none() {
        let mut histogram = line("bits=4 first=80 counts=1,0,2").unwrap();
        assert!(!histogram.append(&line("bits=4 first=82 counts=1").unwrap()));
        assert!(histogram.append(&line("bits=4 first=83 counts=18446744073709551615").unwrap()));
        assert_eq!(histogram.count(), None);
        let other = histogram.clone();
        histogram.add(&other).unwrap();
        assert_eq!(histogram.buckets[2], (83, u64::MAX));
        assert_eq!(histogram.permille(999), Some(83));
    }
}
