//! Figures in hundredths, of an instruction or of a byte: how they are read from a report line, and written. Pure.

use std::fmt;

use pivot::report::Record;

/// Hundredths of an instruction, or of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hundredths(pub(crate) u64);

impl fmt::Display for Hundredths {
    /// `1,527`, `115.50`: places behind the point only where they count.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        let digits = whole.to_string();
        let mut text = String::new();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        if rest > 0 && whole < 10_000 {
            text.push_str(&format!(".{rest:02}"));
        }
        f.pad(&text)
    }
}

/// Which figure of a benchmark is taken. One nanosecond of the machine is one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Instructions of one operation, in the round without a clock; its time, where threads change cores.
    Each,
    /// The mean of the samples.
    Mean,
    /// The least of them.
    Least,
    /// Instructions since reset, whichever core did them.
    SinceReset,
    /// No benchmark's: the bytes of the image, with the shell or with this example in place of it.
    Size(Option<&'static str>),
}

impl Read {
    /// The figure in the report line of the benchmark.
    pub(crate) fn of(self, record: &Record) -> Option<Hundredths> {
        let number = |key: &str| record.number(key);
        let value = match self {
            Self::Each => number("ops_instructions_x100").or_else(|| number("ops_ns_x100"))?,
            Self::Mean => {
                let total = u128::from(number("total_ns")?) * 100;
                u64::try_from(total.checked_div(u128::from(number("count")?))?).ok()?
            }
            Self::Least => number("min_ns")?.checked_mul(100)?,
            Self::SinceReset => {
                let before = number("before_ns")?.checked_mul(100)?;
                number("ops_instructions_x100")?.checked_add(before)?
            }
            Self::Size(_) => return None,
        };
        Some(Hundredths(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(read: Read, line: &str) -> Option<Hundredths> {
        read.of(&Record::parse(line).unwrap())
    }

    #[test]
    fn thousands_have_commas_and_a_fraction_only_where_there_is_one() {
        let shown = |n| Hundredths(n).to_string();
        assert_eq!(shown(11_550), "115.50");
        assert_eq!(shown(152_700), "1,527");
        assert_eq!(shown(1_330_000_012), "13,300,000");
        assert_eq!(format!("{:>8}", Hundredths(705)), "    7.05");
    }

    #[test]
    fn instructions_go_before_time_and_nothing_is_not_zero() {
        let line = "@x ops_ns_x100=200 ops_instructions_x100=150 count=4 total_ns=10 min_ns=1";
        assert_eq!(read(Read::Each, line), Some(Hundredths(150)));
        assert_eq!(read(Read::Mean, line), Some(Hundredths(250)));
        assert_eq!(read(Read::Least, line), Some(Hundredths(100)));
        assert_eq!(
            read(Read::Each, "@x ops_ns_x100=200"),
            Some(Hundredths(200))
        );
        assert_eq!(read(Read::Each, "@x"), None);
        assert_eq!(read(Read::Mean, "@x count=0 total_ns=0"), None);
        assert_eq!(read(Read::SinceReset, line), None);
        let most = u64::MAX;
        assert_eq!(read(Read::Least, &format!("@x min_ns={most}")), None);
        let line = format!("@x ops_instructions_x100={most} before_ns=1");
        assert_eq!(read(Read::SinceReset, &line), None);
    }
}
