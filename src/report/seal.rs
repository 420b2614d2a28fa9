//! A line that shows whether it has arrived whole: its last field is the CRC-32 of all before it.
//!
//! A serial line has no checksum of its own. What is worth one is sealed; the reader then knows a line that lost bytes,
//! even where what is left still reads like a line.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use ufmt::uwrite;

use super::unsigned;

/// The field that ends a sealed line: ` crc=0x…`.
const FIELD: &str = " crc=";

/// CRC-32 as in zip and Ethernet. Without a table: the serial line is slower by far, and the image smaller.
const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// The seal did not fit behind the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Seals a line that [`Line`](super::Line) has written, end of line included.
///
/// # Errors
///
/// [`TooLong`]; the line is not to be used then.
pub fn seal<const N: usize>(line: &mut heapless::String<N>) -> Result<(), TooLong> {
    line.pop();
    let crc = CRC.checksum(line.as_bytes());
    uwrite!(line, "{}0x{:x}\n", FIELD, crc).map_err(|_| TooLong)
}

/// Whether a line has arrived as it was sealed; `None` for one that has no seal. With or without its end of line.
#[must_use]
pub fn is_whole(line: &str) -> Option<bool> {
    let (text, digits) = line.trim_end_matches(['\r', '\n']).rsplit_once(FIELD)?;
    let crc = unsigned(digits.strip_prefix("0x")?, 16)?;
    Some(u64::from(CRC.checksum(text.as_bytes())) == crc)
}

#[cfg(test)]
mod tests {
    use heapless::String;

    use super::super::{Line, Record};
    use super::*;

    fn sealed() -> String<64> {
        let mut line = String::new();
        Line::begin(&mut line, "x")
            .with("n", 123_u32)
            .end()
            .unwrap();
        seal(&mut line).unwrap();
        line
    }

    #[test]
    fn a_seal_is_a_field_of_the_grammar_and_the_crc_that_other_tools_compute() {
        // `printf '@x n=123' | gzip -c | tail -c8`: the first four bytes, the lowest first.
        assert_eq!(sealed().as_str(), "@x n=123 crc=0xc7ded56e\n");
        let record = Record::parse(&sealed()).unwrap();
        assert_eq!(
            (record.number("n"), record.number("crc").is_some()),
            (Some(123), true)
        );
    }

    #[test]
    fn a_line_that_has_lost_or_changed_anything_is_not_whole() {
        let line = sealed();
        assert_eq!(is_whole(&line), Some(true));
        assert_eq!(is_whole(line.trim_end()), Some(true));
        for at in 0..line.len() - 1 {
            let mut short = std::string::String::from(line.as_str());
            short.remove(at);
            assert_ne!(is_whole(&short), Some(true), "{short}");
        }
        assert_eq!(is_whole(&line.replace('3', "4")), Some(false));
        assert_eq!(is_whole("@x n=123"), None);
    }

    #[test]
    fn a_seal_that_does_not_fit_is_an_error() {
        let mut line = String::<12>::new();
        Line::begin(&mut line, "x")
            .with("n", 123_u32)
            .end()
            .unwrap();
        assert_eq!(seal(&mut line), Err(TooLong));
    }
}
