//! Lines that end in a CRC of themselves: whether they have arrived whole. Pure.

use crc::{CRC_32_ISO_HDLC, Crc};

/// The field that ends such a line.
const FIELD: &str = " crc=0x";

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// Whether a line has arrived as it was sent; `None` for one that does not say.
pub(super) fn is_whole(line: &str) -> Option<bool> {
    let (text, digits) = line.trim_end().rsplit_once(FIELD)?;
    let crc = u32::from_str_radix(digits, 16).ok()?;
    Some(CRC.checksum(text.as_bytes()) == crc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_whole_if_its_crc_is_that_of_what_stands_before_it() {
        // `printf '@x n=123' | gzip -c | tail -c8`: the first four bytes, the lowest first.
        assert_eq!(is_whole("@x n=123 crc=0xc7ded56e"), Some(true));
        assert_eq!(is_whole("@x n=13 crc=0xc7ded56e"), Some(false));
        assert_eq!(is_whole("@x n=123"), None);
    }
}
