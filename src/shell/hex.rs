//! Memory as a person reads it: an address, bytes or words in base 16, and bytes as characters. Pure; 80 columns.

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

use super::pad;

/// Bytes in a row.
pub const ROW_BYTES: usize = 16;

/// `value` in base 16, with as many digits as it has bytes; `bytes` is at most 8.
#[derive(Clone, Copy, Debug)]
pub struct Hex {
    /// What is shown.
    pub value: u64,
    /// Its bytes.
    pub bytes: usize,
}

impl uDisplay for Hex {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        (0..2 * self.bytes).rev().try_for_each(|digit| {
            let nibble = (self.value >> (4 * digit)) as u32 % 16;
            f.write_char(char::from_digit(nibble, 16).unwrap_or('?'))
        })
    }
}

/// An address: ten digits, as 39 bits need.
#[derive(Clone, Copy, Debug)]
pub struct Address(pub usize);

impl uDisplay for Address {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        uwrite!(
            f,
            "0x{}",
            Hex {
                value: self.0 as u64,
                bytes: 5
            }
        )
    }
}

/// A row of a dump: at most [`ROW_BYTES`] from an address.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Address of the first.
    pub address: usize,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl uDisplay for Row<'_> {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        uwrite!(f, "{} ", Address(self.address))?;
        for &byte in self.bytes {
            uwrite!(
                f,
                " {}",
                Hex {
                    value: u64::from(byte),
                    bytes: 1
                }
            )?;
        }
        let missing = 3 * ROW_BYTES.saturating_sub(self.bytes.len());
        uwrite!(f, "{} ", pad::left("", missing))?;
        self.bytes.iter().try_for_each(|&byte| {
            let is_shown = byte == b' ' || byte.is_ascii_graphic();
            f.write_char(if is_shown { char::from(byte) } else { '.' })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::args::tests::shown;

    #[test]
    fn a_value_has_all_its_digits_and_no_more() {
        let hex = |value, bytes| shown(&Hex { value, bytes });
        assert_eq!(hex(0x5, 1), "05");
        assert_eq!(hex(0xdead_beef, 4), "deadbeef");
        assert_eq!(hex(0xdead_beef, 2), "beef");
        assert_eq!(hex(u64::MAX, 8), "ffffffffffffffff");
        assert_eq!(hex(0, 0), "");
        assert_eq!(shown(&Address(0x20_0000_2000)), "0x2000002000");
    }

    #[test]
    fn a_full_row_fits_a_line_and_shows_characters_that_print() {
        let bytes: [u8; 16] = *b"\x00Az ~\x7f\x1b\x80\xff.12345\n";
        let row = shown(&Row {
            address: 0x8_0000,
            bytes: &bytes,
        });
        assert_eq!(
            row,
            "0x0000080000  00 41 7a 20 7e 7f 1b 80 ff 2e 31 32 33 34 35 0a .Az ~.....12345."
        );
        assert!(row.len() < 80);
    }

    #[test]
    fn a_short_row_has_its_characters_in_the_same_column() {
        let row = shown(&Row {
            address: 0xff,
            bytes: b"ab",
        });
        let full = shown(&Row {
            address: 0xff,
            bytes: &[b'x'; 16],
        });
        assert_eq!(row.find("ab"), full.find("xx"));
        assert_eq!(row.len(), full.len() - 14);
    }
}
