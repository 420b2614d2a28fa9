//! What an ELF file with debug information says about the addresses of its code.

use std::ops::Range;
use std::sync::Arc;

use anyhow::{Context, Result};
use gimli::{Dwarf, EndianArcSlice, LittleEndian as Little, SectionId};
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};

type Reader = EndianArcSlice<Little>;

/// The folders of a board's crate, which every firmware has: its path begins where the project's sources are.
const IN_PROJECT: &str = "boards/";

/// A place in the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) function: String,
    /// From the project's folder on, or from a library's.
    pub(crate) file: String,
    /// 0: unknown.
    pub(crate) line: u32,
}

/// An image's symbols and debug information.
pub(crate) struct Image {
    context: addr2line::Context<Reader>,
    /// Where functions begin, those of assembly included; sorted.
    symbols: Vec<(u64, String)>,
    code: Vec<Range<u64>>,
    build_id: Option<String>,
    /// The folder that the project was built in, with a slash at its end.
    root: Option<String>,
}

impl Image {
    /// Reads an ELF file.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let elf = ElfFile64::<LittleEndian>::parse(bytes).context("not a 64-bit ELF file")?;
        let load = |id: SectionId| {
            let section = elf.section_by_name(id.name());
            let data = section.and_then(|section| section.data().ok());
            let data = Arc::from(data.unwrap_or_default());
            Ok::<_, gimli::Error>(Reader::new(data, Little))
        };
        let dwarf = Dwarf::load(load).context("unreadable debug information")?;
        let root = root(&dwarf);
        let build_id = elf.build_id().ok().flatten().map(hex);
        Ok(Self {
            context: addr2line::Context::from_dwarf(dwarf)
                .context("unreadable debug information")?,
            symbols: symbols(&elf),
            code: code(&elf),
            build_id,
            root,
        })
    }

    /// The hash that the linker gave it.
    pub(super) fn build_id(&self) -> Option<&str> {
        self.build_id.as_deref()
    }

    /// Whether there is code at an address.
    pub(super) fn is_code(&self, address: u64) -> bool {
        self.code.iter().any(|range| range.contains(&address))
    }

    /// The symbol that an address lies behind, and how far.
    pub(crate) fn symbol(&self, address: u64) -> Option<(&str, u64)> {
        if !self.is_code(address) {
            return None;
        }
        let behind = self.symbols.partition_point(|(start, _)| *start <= address);
        let (start, name) = self.symbols.get(behind.checked_sub(1)?)?;
        Some((name, address - start))
    }

    /// Where the symbol of that name is.
    pub(crate) fn address_of(&self, name: &str) -> Option<u64> {
        let mut symbols = self.symbols.iter();
        symbols.find(|(_, one)| one == name).map(|(at, _)| *at)
    }

    /// The function at an address, and then each that it is inlined into; none for code without debug information.
    pub(crate) fn places(&self, address: u64) -> Vec<Place> {
        let mut places = Vec::new();
        if let Ok(mut frames) = self.context.find_frames(address).skip_all_loads() {
            while let Ok(Some(frame)) = frames.next() {
                let name = frame.function.as_ref();
                let name = name.and_then(|name| name.demangle().ok());
                let (Some(name), Some(place)) = (name, frame.location) else {
                    continue;
                };
                places.push(Place {
                    function: name.into_owned(),
                    file: self.short(place.file.unwrap_or("?")).to_owned(),
                    line: place.line.unwrap_or(0),
                });
            }
        }
        places
    }

    /// The same as `function at file:line`. Code without debug information is a symbol and how far behind it.
    pub(super) fn frames(&self, address: u64) -> Vec<String> {
        let places = self.places(address).into_iter();
        let mut shown: Vec<String> = places
            .map(|place| format!("{} at {}:{}", place.function, place.file, place.line))
            .collect();
        if shown.is_empty() {
            let symbol = self.symbol(address);
            shown.extend(symbol.map(|(name, offset)| format!("{name}+{offset:#x}")));
        }
        shown
    }

    /// A path from the project's folder on, or from a library's.
    fn short<'f>(&self, file: &'f str) -> &'f str {
        if let Some(rest) = self
            .root
            .as_deref()
            .and_then(|root| file.strip_prefix(root))
        {
            return rest;
        }
        ["/library/", "/registry/src/"]
            .iter()
            .find_map(|folder| file.find(folder))
            .map_or(file, |start| &file[start + 1..])
    }
}

/// The folder that the board's crate was built in, by the unit that is named after its file there.
fn root(dwarf: &Dwarf<Reader>) -> Option<String> {
    let mut units = dwarf.units();
    while let Ok(Some(header)) = units.next() {
        let Ok(unit) = dwarf.unit(header) else {
            continue;
        };
        let text = |reader: &Option<Reader>| {
            let bytes = reader.as_ref()?.bytes();
            Some(String::from_utf8_lossy(bytes).into_owned())
        };
        if text(&unit.name)?.starts_with(IN_PROJECT) {
            return text(&unit.comp_dir).map(|folder| format!("{folder}/"));
        }
    }
    None
}

fn symbols(elf: &ElfFile64<'_, LittleEndian>) -> Vec<(u64, String)> {
    let mut symbols: Vec<(u64, String)> = elf
        .symbols()
        .filter(|symbol| matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Unknown))
        .filter_map(|symbol| Some((symbol.address(), symbol.name().ok()?)))
        // `$x` and `$d` mark code and data (AAELF64, "Mapping symbols").
        .filter(|(_, name)| !name.is_empty() && !name.starts_with('$'))
        .map(|(address, name)| (address, format!("{:#}", rustc_demangle::demangle(name))))
        .collect();
    symbols.sort();
    symbols
}

fn code(elf: &ElfFile64<'_, LittleEndian>) -> Vec<Range<u64>> {
    elf.sections()
        .filter(|section| section.kind() == SectionKind::Text)
        .map(|section| section.address()..section.address().saturating_add(section.size()))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
