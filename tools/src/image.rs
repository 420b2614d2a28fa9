//! From an ELF file to the flat image that is loaded, and the check of its arm64 header. Pure.

use anyhow::{Context, Result};
use object::elf::{FileHeader64, PT_LOAD};
use object::endian::LittleEndian;
use object::read::elf::{FileHeader, ProgramHeader};

use crate::failure::Failure;

/// Length of the arm64 image header (Linux, Documentation/arch/arm64/booting.rst, section 4).
const HEADER_LENGTH: usize = 64;

/// Where the magic number stands, and what it is.
const MAGIC_OFFSET: usize = 0x38;
const MAGIC: &[u8; 4] = b"ARM\x64";

/// The only text_offset that every firmware of the Pi 4 and every QEMU machine treats alike
/// (without a header, or with another offset, they disagree about where the image goes).
const TEXT_OFFSET: u64 = 0x8_0000;

/// A flat image.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Image {
    bytes: Vec<u8>,
    load_address: u64,
    memory_size: u64,
}

impl Image {
    /// Lays the loadable segments of an ELF file out by physical address, gaps filled with zeros.
    pub(crate) fn from_elf(elf: &[u8]) -> Result<Self> {
        let header = FileHeader64::<LittleEndian>::parse(elf).context("not a 64-bit ELF file")?;
        let endian = header.endian().context("not a little-endian ELF file")?;
        let segments: Vec<Segment<'_>> = header
            .program_headers(endian, elf)
            .context("unreadable program headers")?
            .iter()
            .filter(|segment| segment.p_type(endian) == PT_LOAD && segment.p_memsz(endian) > 0)
            .map(|segment| {
                let data = segment
                    .data(endian, elf)
                    .ok()
                    .context("a segment is cut short")?;
                Ok(Segment {
                    start: segment.p_paddr(endian),
                    size: segment.p_memsz(endian),
                    data,
                })
            })
            .collect::<Result<_>>()?;
        Self::from_segments(&segments)
    }

    fn from_segments(segments: &[Segment<'_>]) -> Result<Self> {
        let start = segments.iter().map(|segment| segment.start).min();
        let load_address =
            start.ok_or_else(|| Failure::verdict("no loadable segment in the ELF file"))?;
        let end = segments
            .iter()
            .map(|segment| segment.start + segment.size)
            .max();
        let mut bytes = Vec::new();
        for segment in segments.iter().filter(|segment| !segment.data.is_empty()) {
            let from = usize::try_from(segment.start - load_address)?;
            let to = from + segment.data.len();
            if to > MAX_IMAGE {
                return Err(Failure::verdict(format!(
                    "a segment at {:#x} is far from the image's start at {load_address:#x}",
                    segment.start
                ))
                .into());
            }
            if bytes.len() < to {
                bytes.resize(to, 0);
            }
            bytes[from..to].copy_from_slice(segment.data);
        }
        Ok(Self {
            bytes,
            load_address,
            memory_size: end.unwrap_or(load_address) - load_address,
        })
    }

    /// The bytes to load.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Physical address that the first byte is linked for.
    pub(crate) fn load_address(&self) -> u64 {
        self.load_address
    }

    /// Bytes that the image occupies once it runs, zeroed data and stacks included.
    pub(crate) fn memory_size(&self) -> u64 {
        self.memory_size
    }

    /// Whether the header is the one that every loader treats alike.
    pub(crate) fn check_header(&self) -> Result<()> {
        let wrong = |what: String| Err(Failure::verdict(format!("arm64 header: {what}")).into());
        if self.bytes.len() < HEADER_LENGTH {
            return wrong(format!("the image has {} bytes only", self.bytes.len()));
        }
        if &self.bytes[MAGIC_OFFSET..MAGIC_OFFSET + 4] != MAGIC {
            return wrong(format!("no magic number at {MAGIC_OFFSET:#x}"));
        }
        let (text_offset, image_size) = (self.word(0x08), self.word(0x10));
        if text_offset != TEXT_OFFSET {
            return wrong(format!(
                "text_offset is {text_offset:#x}, not {TEXT_OFFSET:#x}"
            ));
        }
        if image_size < self.memory_size {
            return wrong(format!(
                "image_size is {image_size:#x}, but {:#x} bytes are used",
                self.memory_size
            ));
        }
        Ok(())
    }

    fn word(&self, offset: usize) -> u64 {
        word(&self.bytes, offset).unwrap_or_default()
    }
}

/// Bytes that a flat image says it occupies once it runs (image_size).
pub(crate) fn declared_size(image: &[u8]) -> Result<u64> {
    word(image, 0x10).context("the image is shorter than its header")
}

fn word(bytes: &[u8], offset: usize) -> Option<u64> {
    let bytes = bytes.get(offset..offset + 8)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// More than this between two segments is a mistake of the linker script, not an image.
const MAX_IMAGE: usize = 64 << 20;

/// One loadable piece.
struct Segment<'a> {
    start: u64,
    size: u64,
    data: &'a [u8],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Image {
        let mut bytes = vec![0; HEADER_LENGTH + 8];
        bytes[0x08..0x10].copy_from_slice(&0x8_0000u64.to_le_bytes());
        bytes[0x10..0x18].copy_from_slice(&0x2000u64.to_le_bytes());
        bytes[0x38..0x3c].copy_from_slice(b"ARM\x64");
        Image {
            bytes,
            load_address: 0x8_0000,
            memory_size: 0x2000,
        }
    }

    #[test]
    fn a_header_is_good_only_with_magic_offset_and_a_size_that_covers_all() {
        good().check_header().unwrap();
        let mut no_magic = good();
        no_magic.bytes[0x38] = 0;
        let mut other_offset = good();
        other_offset.bytes[0x0a] = 0x20;
        let mut too_small = good();
        too_small.memory_size += 1;
        let mut cut = good();
        cut.bytes.truncate(63);
        for (image, word) in [
            (no_magic, "magic"),
            (other_offset, "text_offset is 0x200000"),
            (too_small, "image_size is 0x2000"),
            (cut, "63 bytes"),
        ] {
            let message = image.check_header().unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn segments_are_laid_out_by_address_and_zeroed_data_adds_no_bytes() {
        let segments = [
            Segment {
                start: 0x108,
                size: 0x10,
                data: &[3, 4],
            },
            Segment {
                start: 0x100,
                size: 4,
                data: &[1, 2],
            },
            Segment {
                start: 0x200,
                size: 0x100,
                data: &[],
            },
        ];
        let image = Image::from_segments(&segments).unwrap();
        assert_eq!(image.bytes(), [1, 2, 0, 0, 0, 0, 0, 0, 3, 4]);
        assert_eq!((image.load_address(), image.memory_size()), (0x100, 0x200));
    }

    #[test]
    fn segments_far_apart_are_a_mistake() {
        let segments = [
            Segment {
                start: 0,
                size: 1,
                data: &[1],
            },
            Segment {
                start: 0x4000_0000,
                size: 1,
                data: &[1],
            },
        ];
        assert!(Image::from_segments(&segments).is_err());
        assert!(Image::from_segments(&[]).is_err());
    }

    #[test]
    fn what_is_no_elf_file_is_refused() {
        assert!(Image::from_elf(b"#!/bin/sh").is_err());
    }
}
