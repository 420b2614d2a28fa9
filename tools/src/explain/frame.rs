//! The lines of a backtrace, as the image prints them (`src/kernel/backtrace.rs`). Pure.

/// Digits of an address.
const ADDRESS_DIGITS: usize = 16;

/// The most digits of a build's name: a SHA-512 has so many.
const MAX_ID_DIGITS: usize = 128;

/// A line of a backtrace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Which build the image is, where it knows.
    Image(Option<String>),
    /// A frame.
    Frame(Frame),
}

/// A frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Where the code is, or where it returns to.
    pub(super) address: u64,
    /// Whether the address is that of the instruction itself: it was stopped there. Otherwise a call returns there.
    pub(super) is_exact: bool,
    /// x30 there, if it can be all that is known of the caller.
    pub(super) lr: Option<u64>,
}

impl Part {
    /// The part that a line is, if it is one.
    pub(super) fn parse(line: &str) -> Option<Self> {
        if let Some(id) = line.strip_prefix("image ") {
            if id == "unknown" {
                return Some(Self::Image(None));
            }
            let is_id = id.len().is_multiple_of(2) && (16..=MAX_ID_DIGITS).contains(&id.len());
            return (is_id && id.bytes().all(is_digit)).then(|| Self::Image(Some(id.to_owned())));
        }
        let (number, rest) = line.strip_prefix('#')?.split_once(' ')?;
        let is_number = matches!(number.len(), 1..=3) && number.bytes().all(|b| b.is_ascii_digit());
        let (address, rest) = address(rest)?;
        let is_first = number == "0";
        let lr = match rest {
            "" => None,
            " interrupted" if !is_first => None,
            _ if is_first => {
                let (lr, rest) = self::address(rest.strip_prefix(" lr ")?)?;
                rest.is_empty().then_some(())?;
                Some(lr)
            }
            _ => return None,
        };
        is_number.then_some(Self::Frame(Frame {
            address,
            is_exact: is_first || rest == " interrupted",
            lr,
        }))
    }
}

/// The address that a text begins with, and what comes behind it.
fn address(text: &str) -> Option<(u64, &str)> {
    let (digits, rest) = text.strip_prefix("0x")?.split_at_checked(ADDRESS_DIGITS)?;
    let is_hex = digits.bytes().all(is_digit);
    let address = u64::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some((address, rest))
}

/// Whether it is a digit as the image writes them.
fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(address: u64, is_exact: bool, lr: Option<u64>) -> Option<Part> {
        let frame = Frame {
            address,
            is_exact,
            lr,
        };
        Some(Part::Frame(frame))
    }

    #[test]
    fn the_lines_of_a_backtrace_are_known() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let image = Part::parse(&format!("image {id}"));
        assert_eq!(image, Some(Part::Image(Some(id.to_owned()))));
        assert_eq!(Part::parse("image unknown"), Some(Part::Image(None)));
        assert_eq!(
            Part::parse("#0 0x0000000000a1b2c4"),
            frame(0xa1_b2c4, true, None)
        );
        assert_eq!(
            Part::parse("#0 0x0000000000000000 lr 0x0000000000a1b2c8"),
            frame(0, true, Some(0xa1_b2c8))
        );
        assert_eq!(
            Part::parse("#12 0xffffffffffffffff"),
            frame(u64::MAX, false, None)
        );
        assert_eq!(
            Part::parse("#3 0x0000000000080000 interrupted"),
            frame(0x8_0000, true, None)
        );
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for line in [
            "",
            "#",
            "# 0x0000000000a1b2c4",
            "#x 0x0000000000a1b2c4",
            "#0 0xa1b2c4",
            "#0 0x0000000000a1b2c4 ",
            "#0 0x0000000000A1B2C4",
            "#0 0x+000000000a1b2c4",
            "#1 0x0000000000a1b2c4 lr 0x0000000000a1b2c4",
            "#0 0x0000000000a1b2c4 lr 0x0000000000a1b2c4 ",
            "#0 0x0000000000a1b2c4 lr",
            "#0000 0x0000000000a1b2c4",
            " #0 0x0000000000a1b2c4",
            "#0 0x00000000000000\u{e4}",
            "image at 0x80000",
            "image ",
            "image 0123",
            "image 0123456789abcdeF",
            "image 0123456789abcdef0",
        ] {
            assert_eq!(Part::parse(line), None, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn a_frame_is_read_as_it_was_written(
            number in 1_u32..1000, address: u64, lr: Option<u64>, is_interrupted: bool,
        ) {
            let tail = if is_interrupted { " interrupted" } else { "" };
            let line = format!("#{number} {address:#018x}{tail}");
            prop_assert_eq!(Part::parse(&line), frame(address, is_interrupted, None));
            let tail = lr.map(|lr| format!(" lr {lr:#018x}")).unwrap_or_default();
            let line = format!("#0 {address:#018x}{tail}");
            prop_assert_eq!(Part::parse(&line), frame(address, true, lr));
        }

        #[test]
        fn nothing_makes_it_panic(line in "\\PC{0,60}", like in "(#[0-9]{0,4} 0x|image )[0-9a-fx ]{0,40}") {
            Part::parse(&line);
            Part::parse(&like);
        }
    }
}
