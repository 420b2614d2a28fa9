//! The save sets, and what a switch of each came to: totals in, thousandths of a unit per switch out. Pure.

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

/// What a switch saves: each set has all of the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Set {
    /// Nothing: there is no switch, only the loop in which the others are.
    Loop,
    /// x19 to x28, x29, x30, sp.
    CalleeSaved,
    /// The low halves of v8 to v15.
    Fp,
    /// FPCR.
    Fpcr,
    /// TPIDR_EL0 is written.
    Tpidr,
    /// All of v0 to v31, and FPSR.
    All,
}

impl Set {
    /// All of them, in their order.
    pub(super) const ALL: [Self; 6] = [
        Self::Loop,
        Self::CalleeSaved,
        Self::Fp,
        Self::Fpcr,
        Self::Tpidr,
        Self::All,
    ];

    /// The ID of its report line.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Loop => "cost.loop",
            Self::CalleeSaved => "cost.callee_saved",
            Self::Fp => "cost.fp",
            Self::Fpcr => "cost.fpcr",
            Self::Tpidr => "cost.tpidr",
            Self::All => "cost.all",
        }
    }

    /// For people.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Loop => "the loop (taken off below)",
            Self::CalleeSaved => "x19-x28, x29, x30, sp",
            Self::Fp => "+ d8-d15",
            Self::Fpcr => "+ FPCR",
            Self::Tpidr => "+ TPIDR_EL0",
            Self::All => "+ all of q0-q31, FPSR",
        }
    }
}

/// What was counted, or the difference of two such.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Of the generic timer's counter.
    pub(super) ticks: u64,
    pub(super) cycles: Option<u64>,
    pub(super) instructions: Option<u64>,
}

impl Counted {
    /// This without what `part` of it came to; nothing is less than nothing.
    pub(super) fn without(self, part: Self) -> Self {
        let less = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_sub(b?));
        Self {
            ticks: self.ticks.saturating_sub(part.ticks),
            cycles: less(self.cycles, part.cycles),
            instructions: less(self.instructions, part.instructions),
        }
    }
}

/// All that was counted for one set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    switches: u64,
    sum: Option<Counted>,
    /// Switches of a chunk; the fewest ticks that so many and the few besides took, and that the few took. Not the least
    /// difference: that would be of the chunk whose few were slow.
    chunk: u64,
    least_many: u64,
    least_few: u64,
}

impl Totals {
    /// Adds a chunk of `switches`: what so many and a few besides came to, and what the few did. All are of the same
    /// size.
    pub(super) fn add(&mut self, many: Counted, few: Counted, switches: u64) {
        let chunk = many.without(few);
        let add = |a: Option<u64>, b: Option<u64>| Some(a? + b?);
        self.sum = Some(match self.sum {
            None => chunk,
            Some(sum) => Counted {
                ticks: sum.ticks + chunk.ticks,
                cycles: add(sum.cycles, chunk.cycles),
                instructions: add(sum.instructions, chunk.instructions),
            },
        });
        if self.switches == 0 {
            (self.least_many, self.least_few) = (many.ticks, few.ticks);
        }
        self.least_many = self.least_many.min(many.ticks);
        self.least_few = self.least_few.min(few.ticks);
        self.chunk = switches;
        self.switches += switches;
    }

    pub(super) const fn switches(&self) -> u64 {
        self.switches
    }

    /// The mean of one switch.
    pub(super) fn mean(&self, counter_hz: u64) -> Price {
        let sum = self.sum.unwrap_or_default();
        let each = |total: u64| per_switch(total, 1_000, self.switches);
        Price {
            ns: nanoseconds(sum.ticks, counter_hz, self.switches),
            cycles: sum.cycles.and_then(each),
            instructions: sum.instructions.and_then(each),
        }
    }

    /// Nanoseconds, in thousandths, of a switch where nothing held it up.
    pub(super) fn least_ns(&self, counter_hz: u64) -> Option<i64> {
        let ticks = self.least_many.saturating_sub(self.least_few);
        nanoseconds(ticks, counter_hz, self.chunk)
    }
}

/// `total` of `1 / scale` units, per switch, rounded.
fn per_switch(total: u64, scale: u128, switches: u64) -> Option<i64> {
    let scaled = u128::from(total) * scale + u128::from(switches / 2);
    i64::try_from(scaled.checked_div(u128::from(switches))?).ok()
}

fn nanoseconds(ticks: u64, counter_hz: u64, switches: u64) -> Option<i64> {
    const THOUSANDTHS_PER_SECOND: u128 = 1_000_000_000_000;
    let scaled = u128::from(ticks) * THOUSANDTHS_PER_SECOND;
    let divisor = u128::from(counter_hz) * u128::from(switches);
    i64::try_from((scaled + divisor / 2).checked_div(divisor)?).ok()
}

/// What a switch costs, in thousandths; `None` where it is not counted. Differences of these are prices too, and a
/// difference that is too small for the noise may be below zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Price {
    pub(super) ns: Option<i64>,
    pub(super) cycles: Option<i64>,
    pub(super) instructions: Option<i64>,
}

impl Price {
    /// This without `other`.
    pub(super) fn without(self, other: Self) -> Self {
        let less = |a: Option<i64>, b: Option<i64>| Some(a? - b?);
        Self {
            ns: less(self.ns, other.ns),
            cycles: less(self.cycles, other.cycles),
            instructions: less(self.instructions, other.instructions),
        }
    }

    /// The three figures, in the order of the table's columns.
    pub(super) const fn figures(self) -> [Option<i64>; 3] {
        [self.ns, self.cycles, self.instructions]
    }
}

/// A figure in thousandths, shown with two decimals; a dash where there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thousandths(pub(super) Option<i64>);

impl uDisplay for Thousandths {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        let Self(Some(value)) = *self else {
            return f.write_str("-");
        };
        let hundredths = (value.unsigned_abs() + 5) / 10;
        let sign = if value < 0 && hundredths > 0 { "-" } else { "" };
        let (whole, part) = (hundredths / 100, hundredths % 100);
        let zero = if part < 10 { "0" } else { "" };
        uwrite!(f, "{}{}.{}{}", sign, whole, zero, part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HZ: u64 = 54_000_000;

    fn counted(ticks: u64, instructions: Option<u64>) -> Counted {
        Counted {
            ticks,
            cycles: Some(ticks * 28),
            instructions,
        }
    }

    #[test]
    fn the_mean_is_of_all_chunks_and_the_least_of_what_nothing_held_up() {
        let mut totals = Totals::default();
        // The second chunk's few were slow; its difference would be the least.
        for (many, few) in [(560, 20), (620, 110), (1_100, 20), (590, 20)] {
            let instructions = Some(23_000);
            totals.add(counted(many, instructions), counted(few, Some(0)), 1_000);
        }
        assert_eq!(totals.switches(), 4_000);
        let mean = totals.mean(HZ);
        assert_eq!(mean.ns, Some(12_500), "50 us for 4000");
        assert_eq!(mean.cycles, Some(18_900));
        assert_eq!(mean.instructions, Some(23_000));
        assert_eq!(totals.least_ns(HZ), Some(10_000));
    }

    #[test]
    fn what_one_chunk_did_not_count_has_no_mean() {
        let mut totals = Totals::default();
        totals.add(counted(54, Some(5)), counted(0, Some(0)), 10);
        totals.add(counted(54, None), counted(0, Some(0)), 10);
        assert_eq!(totals.mean(HZ).instructions, None);
        assert_eq!(totals.mean(HZ).ns, Some(100_000));
    }

    #[test]
    fn nothing_measured_is_no_figure() {
        assert_eq!(Totals::default().mean(HZ).figures(), [None; 3]);
        assert_eq!(Totals::default().least_ns(HZ), None);
    }

    #[test]
    fn reading_the_counters_and_starting_is_taken_off() {
        let many = counted(1_000, Some(23_140));
        assert_eq!(
            many.without(counted(40, Some(140))),
            counted(960, Some(23_000))
        );
        assert_eq!(counted(1, None).without(counted(2, None)).ticks, 0);
        assert_eq!(many.without(counted(40, None)).instructions, None);
    }

    #[test]
    fn a_day_of_switches_does_not_overflow() {
        let mut totals = Totals::default();
        totals.add(
            counted(HZ * 86_400, Some(u64::MAX / 2_000)),
            Counted::default(),
            1_000_000_000_000,
        );
        assert_eq!(totals.mean(HZ).ns, Some(86_400_000 / 1_000));
    }

    #[test]
    fn a_difference_may_be_below_zero_and_is_shown_so() {
        let price = |ns| Price {
            ns: Some(ns),
            ..Price::default()
        };
        let difference = price(1_000).without(price(1_234));
        assert_eq!(difference.ns, Some(-234));
        let shown = |value| {
            let mut text = heapless::String::<32>::new();
            uwrite!(text, "{}", Thousandths(value)).unwrap();
            String::from(text.as_str())
        };
        assert_eq!(shown(difference.ns), "-0.23");
        assert_eq!(shown(Some(12_345)), "12.35");
        assert_eq!(shown(Some(-4)), "0.00");
        assert_eq!(shown(Some(1_050)), "1.05");
        assert_eq!(shown(None), "-");
    }

    #[test]
    fn sets_are_in_the_order_of_the_subjects_and_their_names_fit_the_column() {
        for (index, set) in Set::ALL.into_iter().enumerate() {
            assert_eq!(set as usize, index, "{}", set.id());
            assert!(set.name().len() < 27, "{}", set.name());
        }
    }
}
