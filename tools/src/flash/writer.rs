//! Writes an image to a medium so that a card that is half written never boots, and compares it afterwards. Knows no
//! device: see `device.rs`.

use std::io::{self, Read, Seek, SeekFrom, Write};

use anyhow::{Context, Result};

use crate::failure::Failure;

/// Bytes at a time.
const BLOCK: usize = 1 << 20;

/// What transfers that go around the kernel's cache have to be aligned to, at most (a page), and so what is written
/// first and last.
pub(super) const ALIGNMENT: usize = 4096;

/// What is written to.
pub(super) trait Medium: Read + Write + Seek {
    /// Comes back when everything written is on the medium and no cache would answer the next read.
    fn settle(&mut self) -> io::Result<()>;
}

/// Told how many bytes are done; whether to go on.
pub(super) type Watch<'a> = &'a mut dyn FnMut(usize) -> bool;

/// Writes the whole image: first zeros over the old table, last the new one.
///
/// # Errors
///
/// When the medium fails, or `watch` stops it; the medium has no partition table then.
pub(super) fn write(medium: &mut impl Medium, image: &[u8], watch: Watch<'_>) -> Result<()> {
    let head = ALIGNMENT.min(image.len());
    let mut block = Block::new();
    put(medium, 0, block.zeroed(head))?;
    settle(medium)?;
    for at in (0..image.len()).step_by(BLOCK) {
        let piece = block.of(&image[at..image.len().min(at + BLOCK)]);
        if at == 0 {
            piece[..head].fill(0);
        }
        put(medium, at, piece)?;
        if !watch(at + piece.len()) {
            return Err(interrupted("it is half written, and has no partition table").into());
        }
    }
    settle(medium)?;
    put(medium, 0, block.of(&image[..head]))?;
    settle(medium)
}

/// Compares the medium with the image.
///
/// # Errors
///
/// With the first byte that is another, or when `watch` stops it.
pub(super) fn compare(medium: &mut impl Medium, image: &[u8], watch: Watch<'_>) -> Result<()> {
    medium.seek(SeekFrom::Start(0)).context("reading back")?;
    let mut block = Block::new();
    for at in (0..image.len()).step_by(BLOCK) {
        let expected = &image[at..image.len().min(at + BLOCK)];
        let piece = block.zeroed(expected.len());
        medium
            .read_exact(piece)
            .with_context(|| format!("reading back at byte {at}"))?;
        if let Some(first) = expected.iter().zip(&*piece).position(|(a, b)| a != b) {
            let what = format!(
                "byte {} is {:#04x}, but {:#04x} was written: the card does not keep what it is given",
                at + first,
                piece[first],
                expected[first]
            );
            return Err(Failure::verdict(what)
                .help("take another card, or another reader")
                .into());
        }
        if !watch(at + expected.len()) {
            return Err(interrupted("it is written, but was not read back").into());
        }
    }
    Ok(())
}

fn put(medium: &mut impl Medium, at: usize, bytes: &[u8]) -> Result<()> {
    medium
        .seek(SeekFrom::Start(at as u64))
        .and_then(|_| medium.write_all(bytes))
        .with_context(|| format!("writing at byte {at}"))
}

fn settle(medium: &mut impl Medium) -> Result<()> {
    medium
        .settle()
        .context("waiting for the card to have written")
}

fn interrupted(state: &str) -> Failure {
    Failure::verdict(format!("interrupted: the card is not to be used; {state}"))
        .help("write it again")
}

/// Room for a block at an address that every device takes.
struct Block {
    bytes: Vec<u8>,
    start: usize,
}

impl Block {
    fn new() -> Self {
        let bytes = vec![0; BLOCK + ALIGNMENT];
        let start = bytes.as_ptr().align_offset(ALIGNMENT);
        Self { bytes, start }
    }

    fn zeroed(&mut self, length: usize) -> &mut [u8] {
        let piece = &mut self.bytes[self.start..self.start + length];
        piece.fill(0);
        piece
    }

    fn of(&mut self, bytes: &[u8]) -> &mut [u8] {
        let piece = self.zeroed(bytes.len());
        piece.copy_from_slice(bytes);
        piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// A card that notes what is done to it, and can forget.
    struct Card {
        data: Cursor<Vec<u8>>,
        done: Vec<Step>,
        /// A byte that stays as it is.
        stuck: Option<usize>,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Step {
        Write { at: u64, length: usize },
        Settle,
    }

    impl Card {
        fn new(bytes: usize) -> Self {
            Self {
                data: Cursor::new(vec![0xee; bytes]),
                done: Vec::new(),
                stuck: None,
            }
        }

        fn kept(&self) -> &[u8] {
            self.data.get_ref()
        }
    }

    impl Read for Card {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.data.read(buffer)
        }
    }

    impl Write for Card {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let at = self.data.position();
            let length = bytes.len();
            assert_eq!(bytes.as_ptr().align_offset(ALIGNMENT), 0);
            assert!(
                at.is_multiple_of(4096) && length.is_multiple_of(4096),
                "{at} {length}"
            );
            let old = self.stuck.map(|stuck| (stuck, self.kept()[stuck]));
            let room = self.kept().len() - at as usize;
            if room < length {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.data.write_all(bytes)?;
            if let Some((stuck, old)) = old {
                self.data.get_mut()[stuck] = old;
            }
            self.done.push(Step::Write { at, length });
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Card {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.data.seek(to)
        }
    }

    impl Medium for Card {
        fn settle(&mut self) -> io::Result<()> {
            self.done.push(Step::Settle);
            Ok(())
        }
    }

    fn image() -> Vec<u8> {
        (0..(5 * BLOCK / 2) as u32)
            .map(|n| (n * 7 + 1) as u8)
            .collect()
    }

    #[test]
    fn the_table_goes_first_and_comes_last_each_time_down_to_the_medium() {
        let mut card = Card::new(4 * BLOCK);
        let image = image();
        let mut seen = Vec::new();
        write(&mut card, &image, &mut |done| {
            seen.push(done);
            true
        })
        .unwrap();
        assert!(card.kept()[..image.len()] == image);
        assert!(card.kept()[image.len()..].iter().all(|&byte| byte == 0xee));
        assert_eq!(seen, [BLOCK, 2 * BLOCK, image.len()]);
        let head = Step::Write {
            at: 0,
            length: ALIGNMENT,
        };
        let (first, last) = (&card.done[..2], &card.done[card.done.len() - 3..]);
        assert_eq!(first, [head, Step::Settle]);
        assert_eq!(last, [Step::Settle, head, Step::Settle]);
        compare(&mut card, &image, &mut |_| true).unwrap();
    }

    #[test]
    fn a_card_that_is_left_half_written_has_no_table() {
        let mut card = Card::new(4 * BLOCK);
        let error = write(&mut card, &image(), &mut |done| done < 2 * BLOCK).unwrap_err();
        assert!(error.to_string().contains("half written"), "{error}");
        assert!(card.kept()[..ALIGNMENT].iter().all(|&byte| byte == 0));
        let mut full = Card::new(2 * BLOCK);
        let error = write(&mut full, &image(), &mut |_| true).unwrap_err();
        assert_eq!(error.to_string(), format!("writing at byte {}", 2 * BLOCK));
        assert!(full.kept()[..ALIGNMENT].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn the_first_byte_that_a_card_did_not_keep_is_named() {
        for stuck in [0, ALIGNMENT, BLOCK + 17, 5 * BLOCK / 2 - 1] {
            let mut card = Card::new(3 * BLOCK);
            card.stuck = Some(stuck);
            write(&mut card, &image(), &mut |_| true).unwrap();
            let error = compare(&mut card, &image(), &mut |_| true).unwrap_err();
            let start = format!("byte {stuck} is 0xee");
            assert!(error.to_string().starts_with(&start), "{error}");
        }
    }

    #[test]
    fn a_comparison_that_is_stopped_has_not_passed() {
        let mut card = Card::new(3 * BLOCK);
        write(&mut card, &image(), &mut |_| true).unwrap();
        let error = compare(&mut card, &image(), &mut |_| false).unwrap_err();
        assert!(error.to_string().contains("not read back"), "{error}");
    }
}
