//! Writes an image to a medium so that a card that is half written never boots, and compares it afterwards. Knows no
//! device: see `device.rs`.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use anyhow::{Context, Result};

use crate::failure::Failure;

/// Bytes at a time.
const BLOCK: usize = 1 << 20;

/// What transfers that go around the kernel's cache have to be aligned to, at most (a page), and so what is written
/// first and last.
pub(super) const ALIGNMENT: usize = 4096;

/// How much of the end of a medium a GPT has for its second copy: 32 sectors of entries and one of header (UEFI
/// specification, section 5.3.1).
const COPY: u64 = 33 * 512;

/// What is written to.
pub(super) trait Medium: Read + Write + Seek {
    /// Comes back when everything written is on the medium and no cache would answer the next read.
    fn settle(&mut self) -> io::Result<()>;
}

/// Told how many bytes are done; whether to go on.
pub(super) type Watch<'a> = &'a mut dyn FnMut(usize) -> bool;

/// Writes the whole image: first zeros over the old table and the place of its copy, last the new table.
///
/// # Errors
///
/// When the medium fails, or `watch` stops it; the medium has no partition table then.
pub(super) fn write(medium: &mut impl Medium, image: &[u8], watch: Watch<'_>) -> Result<()> {
    let head = ALIGNMENT.min(image.len());
    let tail = tail(medium, image.len())?;
    let mut block = Block::new();
    put(medium, 0, block.zeroed(head))?;
    if !tail.is_empty() {
        put(medium, tail.start, block.zeroed(length(&tail)))?;
    }
    settle(medium)?;
    for at in (0..image.len()).step_by(BLOCK) {
        let piece = block.of(&image[at..image.len().min(at + BLOCK)]);
        if at == 0 {
            piece[..head].fill(0);
        }
        put(medium, at as u64, piece)?;
        if !watch(at + piece.len()) {
            return Err(interrupted("it is half written, and has no partition table").into());
        }
    }
    settle(medium)?;
    put(medium, 0, block.of(&image[..head]))?;
    settle(medium)
}

/// Compares the medium with the image, and what was emptied at its end with zeros.
///
/// # Errors
///
/// With the first byte that is another, or when `watch` stops it.
pub(super) fn compare(medium: &mut impl Medium, image: &[u8], watch: Watch<'_>) -> Result<()> {
    let tail = tail(medium, image.len())?;
    let mut block = Block::new();
    for at in (0..image.len()).step_by(BLOCK) {
        let expected = &image[at..image.len().min(at + BLOCK)];
        expect(medium, at as u64, expected, &mut block)?;
        if !watch(at + expected.len()) {
            return Err(interrupted("it is written, but was not read back").into());
        }
    }
    expect(medium, tail.start, &vec![0; length(&tail)], &mut block)
}

/// The end of a medium that is longer than the image. Who finds no table at the beginning takes the copy there for
/// true, and who finds the new table beside it asks which of the two is meant.
fn tail(medium: &mut impl Medium, image: usize) -> Result<Range<u64>> {
    let end = medium
        .seek(SeekFrom::End(0))
        .context("looking where the card ends")?;
    let start = end.saturating_sub(COPY) / ALIGNMENT as u64 * ALIGNMENT as u64;
    Ok(start.max(image as u64).min(end)..end)
}

/// Of the end of a medium: less than a block.
fn length(tail: &Range<u64>) -> usize {
    (tail.end - tail.start) as usize
}

/// Whether the medium has these bytes there; less than a block.
fn expect(medium: &mut impl Medium, at: u64, expected: &[u8], block: &mut Block) -> Result<()> {
    let piece = block.zeroed(expected.len());
    medium
        .seek(SeekFrom::Start(at))
        .and_then(|_| medium.read_exact(piece))
        .with_context(|| format!("reading back at byte {at}"))?;
    let Some(first) = expected.iter().zip(&*piece).position(|(a, b)| a != b) else {
        return Ok(());
    };
    let what = format!(
        "byte {} is {:#04x}, but {:#04x} was written: the card does not keep what it is given",
        at + first as u64,
        piece[first],
        expected[first]
    );
    Err(Failure::verdict(what)
        .help("take another card, or another reader")
        .into())
}

fn put(medium: &mut impl Medium, at: u64, bytes: &[u8]) -> Result<()> {
    medium
        .seek(SeekFrom::Start(at))
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
mod tests;
