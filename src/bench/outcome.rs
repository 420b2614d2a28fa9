//! What a benchmark came to, as numbers with names. Pure.

use crate::stats::Histogram;

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
    /// How often a thread had to wait for another one, for one that is about that.
    pub(crate) waits: Option<u64>,
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
            waits: None,
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
        self.waits = self
            .waits
            .zip(other.waits)
            .map(|(mine, theirs)| mine + theirs);
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

    /// A percentile of the far end, if there are samples enough to have one beyond it.
    pub(super) fn permille(&self, permille: u64) -> Option<u64> {
        let beyond = self.samples.count() * (1_000 - permille);
        (beyond >= 1_000).then(|| self.samples.permille(permille))
    }

    /// The figures in the order of [`KEYS`].
    pub(super) fn values(&self) -> [Option<u64>; KEYS.len()] {
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
            self.permille(990),
            self.permille(999),
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
            self.waits,
        ]
    }
}

/// The names of the figures: those of the samples first, then those of the round without a clock.
pub(super) const KEYS: [&str; 21] = [
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
    "waits",
];

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::bench) fn outcome(samples: &[u64]) -> Outcome {
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

    #[test]
    fn a_percentile_needs_samples_beyond_it() {
        let far = |count: u64| {
            let samples: Vec<u64> = (0..count).collect();
            let outcome = outcome(&samples);
            (
                outcome.permille(990).is_some(),
                outcome.permille(999).is_some(),
            )
        };
        assert_eq!(far(99), (false, false));
        assert_eq!(far(100), (true, false));
        assert_eq!(far(999), (true, false));
        assert_eq!(far(1_000), (true, true));
    }
}
