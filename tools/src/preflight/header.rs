//! Items 1 and 2: the image's header, and that the file is what was linked. Pure.

use object::elf::PT_DYNAMIC;
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{LittleEndian, Object, ObjectSection};

use crate::image::Image;
use crate::preflight::answer::{Found, all, expect};

/// Where the Pi's image is linked: with text_offset 0x80000 every firmware loads it there.
const LINK_ADDRESS: u64 = 0x8_0000;
const TEXT_OFFSET: u64 = 0x8_0000;
/// Little endian, 4 KiB pages, anywhere in memory (Linux, booting.rst, section 4).
const FLAGS: u64 = 0xa;
const MAGIC: &[u8] = b"ARM\x64";

/// Item 1: magic, text_offset, image_size, flags (Linux, Documentation/arch/arm64/booting.rst, section 4).
pub(super) fn header(elf: &[u8], image: &[u8]) -> Found {
    let used = Image::from_elf(elf)
        .map_err(|error| format!("{error:#}"))?
        .memory_size();
    let field = |offset: usize| {
        let bytes = image.get(offset..offset + 8)?.try_into().ok()?;
        Some(u64::from_le_bytes(bytes))
    };
    let (Some(text_offset), Some(size), Some(flags), Some(magic)) =
        (field(0x08), field(0x10), field(0x18), image.get(0x38..0x3c))
    else {
        return Err(format!("the image has {} bytes only", image.len()));
    };
    all([
        expect(magic == MAGIC, "magic at 0x38", "no magic at 0x38"),
        expect(
            text_offset == TEXT_OFFSET,
            format!("text_offset {text_offset:#x}"),
            format!("text_offset is {text_offset:#x}, not {TEXT_OFFSET:#x}"),
        ),
        expect(
            size != 0 && size >= used,
            format!("image_size {size:#x} for {used:#x} in use"),
            format!("image_size is {size:#x}, but {used:#x} bytes are in use"),
        ),
        expect(
            flags == FLAGS,
            format!("flags {flags:#x}"),
            format!("flags are {flags:#x}, not {FLAGS:#x}"),
        ),
    ])
}

/// Item 2: the link address, the entry, no relocations, and that the file is raw and is what was linked.
pub(super) fn linked(elf: &[u8], image: &[u8]) -> Found {
    let flat = Image::from_elf(elf).map_err(|error| format!("{error:#}"))?;
    let file = ElfFile64::<LittleEndian>::parse(elf).map_err(|error| error.to_string())?;
    let endian = LittleEndian;
    let is_dynamic = file
        .elf_program_headers()
        .iter()
        .any(|segment| segment.p_type(endian) == PT_DYNAMIC);
    let relocations: usize = file
        .sections()
        .filter(|section| section.address() != 0)
        .map(|section| section.relocations().count())
        .sum::<usize>()
        + file.dynamic_relocations().map_or(0, Iterator::count);
    let (start, entry) = (flat.load_address(), file.entry());
    all([
        expect(
            start == LINK_ADDRESS,
            format!("linked at {start:#x}"),
            format!("linked at {start:#x}, not {LINK_ADDRESS:#x}"),
        ),
        expect(
            entry == start,
            "entered at its first byte",
            format!("entered at {entry:#x}, not at its first byte"),
        ),
        expect(
            !is_dynamic && relocations == 0,
            "no relocations",
            "the ELF file has relocations that nobody would apply",
        ),
        expect(
            !image.starts_with(b"\x7fELF"),
            "the file is raw",
            "kernel8.img is an ELF file",
        ),
        expect(
            flat.bytes() == image,
            format!("{} bytes as linked", image.len()),
            "kernel8.img is not what kernel8.elf has",
        ),
    ])
}
