//! Whether the number in x0 is a device tree, decided before it is followed further than its
//! header (pre-flight 14).

use core::ops::Range;

use ufmt::{Formatter, uDisplay, uWrite};

/// How many bytes of a blob [`plausible_tree`] looks at: magic and total size.
pub const HEADER_BYTES: usize = 8;

/// The largest tree that is accepted, in bytes. The arm64 boot protocol allows 2 MiB (Linux,
/// `Documentation/arch/arm64/booting.rst`, section 2), and QEMU's trees say 1 MiB.
pub const MAX_TREE_BYTES: usize = 2 << 20;

/// First word of a blob, big endian (Devicetree Specification 0.4, section 5.2).
pub const TREE_MAGIC: u32 = 0xd00d_feed;
/// Blobs are aligned to 8 bytes in memory (ibidem, section 5.6).
const ALIGNMENT: usize = 8;
/// Where a boot loader puts ATAGs for want of a tree, and what QEMU's raspi4b then passes in x0.
const ATAGS: usize = 0x100;

/// Why no device tree is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeError {
    /// x0 was 0.
    NotGiven,
    /// x0 was 0x100, the place of the ATAGs.
    Atags,
    /// x0 is not a multiple of 8.
    Misaligned,
    /// The tree does not lie where this board has memory.
    OutsideWindow,
    /// There is something else at x0.
    BadMagic,
    /// Its size is below that of a header or above [`MAX_TREE_BYTES`].
    BadSize,
    /// Its structure is broken, or names in it are not what the specification allows.
    Malformed,
    /// It names no memory that could be used.
    NoMemory,
    /// It reserves more ranges than [`MAX_RESERVED_RANGES`](super::MAX_RESERVED_RANGES), and to
    /// hand out one that it wanted kept could destroy anything.
    TooManyReservations,
}

impl TreeError {
    /// The reason in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotGiven => "none was passed in x0",
            Self::Atags => "x0 is 0x100, the place of ATAGs",
            Self::Misaligned => "x0 is not a multiple of 8",
            Self::OutsideWindow => "x0 points outside of the memory of this board",
            Self::BadMagic => "no device tree magic at x0",
            Self::BadSize => "its size is impossible",
            Self::Malformed => "its structure is broken",
            Self::NoMemory => "it names no usable memory",
            Self::TooManyReservations => "it reserves too many ranges",
        }
    }
}

impl uDisplay for TreeError {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        f.write_str(self.as_str())
    }
}

/// Checks x0 and the header that it points to; returns the size of the tree in bytes.
///
/// `read_header` is called only if reading [`HEADER_BYTES`] bytes at `x0` stays inside of `window`.
///
/// # Errors
///
/// Says why `x0` is not a tree that could lie in `window`.
pub fn plausible_tree(
    x0: usize,
    window: &Range<usize>,
    read_header: impl FnOnce(usize) -> [u8; HEADER_BYTES],
) -> Result<usize, TreeError> {
    if x0 == 0 {
        return Err(TreeError::NotGiven);
    }
    if x0 == ATAGS {
        return Err(TreeError::Atags);
    }
    if !x0.is_multiple_of(ALIGNMENT) {
        return Err(TreeError::Misaligned);
    }
    let room = match window.end.checked_sub(x0) {
        Some(room) if x0 >= window.start && room >= HEADER_BYTES => room,
        _ => return Err(TreeError::OutsideWindow),
    };
    let [m0, m1, m2, m3, s0, s1, s2, s3] = read_header(x0);
    if u32::from_be_bytes([m0, m1, m2, m3]) != TREE_MAGIC {
        return Err(TreeError::BadMagic);
    }
    let size = u32::from_be_bytes([s0, s1, s2, s3]) as usize;
    if !(HEADER_BYTES..=MAX_TREE_BYTES).contains(&size) {
        return Err(TreeError::BadSize);
    }
    if size > room {
        return Err(TreeError::OutsideWindow);
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Range<usize> = 0x1000..0x4000_0000;

    fn header(size: u32) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&TREE_MAGIC.to_be_bytes());
        bytes[4..].copy_from_slice(&size.to_be_bytes());
        bytes
    }

    fn unread(_: usize) -> [u8; HEADER_BYTES] {
        panic!("an address that is not plausible was followed")
    }

    #[test]
    fn a_tree_in_the_window_is_accepted_with_its_size() {
        let found = plausible_tree(0x2eff_0000, &WINDOW, |at| {
            assert_eq!(at, 0x2eff_0000);
            header(0x8123)
        });
        assert_eq!(found, Ok(0x8123));
    }

    #[test]
    fn addresses_that_cannot_be_trees_are_not_followed() {
        for (x0, why) in [
            (0, TreeError::NotGiven),
            (0x100, TreeError::Atags),
            (0x2eff_0004, TreeError::Misaligned),
            (0xff8, TreeError::OutsideWindow),
            (0x4000_0000, TreeError::OutsideWindow),
            (usize::MAX & !7, TreeError::OutsideWindow),
        ] {
            assert_eq!(
                plausible_tree(x0, &WINDOW, unread),
                Err(why),
                "x0 = {x0:#x}"
            );
        }
    }

    #[test]
    fn the_header_must_fit_into_the_window_before_it_is_read() {
        let window = 0x1000..0x2004;
        assert_eq!(
            plausible_tree(0x2000, &window, unread),
            Err(TreeError::OutsideWindow)
        );
    }

    #[test]
    fn something_else_at_x0_is_refused() {
        let swapped = |_| [0xed, 0xfe, 0x0d, 0xd0, 0, 0, 0x10, 0];
        assert_eq!(
            plausible_tree(0x2000, &WINDOW, swapped),
            Err(TreeError::BadMagic)
        );
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let max = MAX_TREE_BYTES as u32;
        for (size, expected) in [
            (0, Err(TreeError::BadSize)),
            (7, Err(TreeError::BadSize)),
            (max, Ok(MAX_TREE_BYTES)),
            (max + 1, Err(TreeError::BadSize)),
            (u32::MAX, Err(TreeError::BadSize)),
        ] {
            assert_eq!(
                plausible_tree(0x2000, &WINDOW, |_| header(size)),
                expected,
                "{size}"
            );
        }
    }

    #[test]
    fn a_tree_that_leaves_the_window_is_refused() {
        let at = WINDOW.end - 0x1000;
        assert_eq!(plausible_tree(at, &WINDOW, |_| header(0x1000)), Ok(0x1000));
        assert_eq!(
            plausible_tree(at, &WINDOW, |_| header(0x1001)),
            Err(TreeError::OutsideWindow)
        );
    }
}
