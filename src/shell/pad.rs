//! Columns and decimals, which ufmt has not: anything displayable, padded to a width.

use core::{convert::Infallible, time::Duration};

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

/// Something with spaces in front or behind, to a width in characters. Never cut.
#[derive(Clone, Copy, Debug)]
pub struct Padded<T> {
    value: T,
    width: usize,
    is_right: bool,
}

/// `value` at the right of `width` characters, as `%10u` shows a number.
pub const fn right<T: uDisplay>(value: T, width: usize) -> Padded<T> {
    Padded {
        value,
        width,
        is_right: true,
    }
}

/// `value` at the left of `width` characters.
pub const fn left<T: uDisplay>(value: T, width: usize) -> Padded<T> {
    Padded {
        value,
        width,
        is_right: false,
    }
}

impl<T: uDisplay> uDisplay for Padded<T> {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        let gap = self.width.saturating_sub(width(&self.value));
        if self.is_right {
            spaces(f, gap)?;
        }
        self.value.fmt(f)?;
        if self.is_right {
            Ok(())
        } else {
            spaces(f, gap)
        }
    }
}

/// How many characters `value` has when it is displayed.
pub fn width<T: uDisplay>(value: &T) -> usize {
    let mut counter = Counter(0);
    let Ok(()) = uwrite!(counter, "{}", *value);
    counter.0
}

fn spaces<W: uWrite + ?Sized>(f: &mut Formatter<'_, W>, count: usize) -> Result<(), W::Error> {
    (0..count).try_for_each(|_| f.write_char(' '))
}

/// Counts characters.
struct Counter(usize);

impl uWrite for Counter {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Self::Error> {
        self.0 += characters(text);
        Ok(())
    }
}

/// How many characters it has. The library's way is long, and inlined wherever something is printed in columns.
#[inline(never)]
fn characters(text: &str) -> usize {
    text.chars().count()
}

/// An integer of 10^-`places` units as a decimal: `fixed(1234, 3)` is `1.234`.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    value: u64,
    places: u32,
}

/// `value`, of which the last `places` (at most 18) digits stand behind the point.
pub const fn fixed(value: u64, places: u32) -> Fixed {
    assert!(places <= 18, "a u64 has no more digits");
    Fixed { value, places }
}

impl uDisplay for Fixed {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        let unit = 10_u64.pow(self.places);
        uwrite!(f, "{}", self.value / unit)?;
        if self.places == 0 {
            return Ok(());
        }
        f.write_char('.')?;
        let mut digit = unit / 10;
        while digit > 0 {
            uwrite!(f, "{}", self.value / digit % 10)?;
            digit /= 10;
        }
        Ok(())
    }
}

/// A duration in seconds with three places, cut and not rounded: `12.345`.
pub fn seconds(duration: Duration) -> Fixed {
    fixed(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::args::tests::shown;

    #[test]
    fn text_and_numbers_are_padded_on_the_side_that_was_asked_for() {
        assert_eq!(shown(&right(690_u64, 10)), "       690");
        assert_eq!(shown(&left("ab", 4)), "ab  ");
        assert_eq!(shown(&right(fixed(5, 1), 5)), "  0.5");
    }

    #[test]
    fn what_is_wider_than_its_column_is_not_cut() {
        assert_eq!(shown(&right(12345_u32, 3)), "12345");
        assert_eq!(shown(&left("abc", 0)), "abc");
    }

    #[test]
    fn decimals_keep_their_zeros() {
        assert_eq!(shown(&fixed(1_234, 3)), "1.234");
        assert_eq!(shown(&fixed(7, 3)), "0.007");
        assert_eq!(shown(&fixed(1_000, 2)), "10.00");
        assert_eq!(shown(&fixed(42, 0)), "42");
        assert_eq!(shown(&fixed(u64::MAX, 18)), "18.446744073709551615");
        assert_eq!(shown(&seconds(Duration::from_micros(12_345_678))), "12.345");
    }
}
