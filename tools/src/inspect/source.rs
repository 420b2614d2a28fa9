//! Where in the source an instruction comes from.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use gimli::{self, Dwarf, EndianSlice, LittleEndian as Little, SectionId};
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection};

use crate::inspect::results::{self, Results};

/// The debug information of an image.
pub(crate) struct Source<'a> {
    context: addr2line::Context<EndianSlice<'a, Little>>,
    results: BTreeMap<u64, Results>,
}

impl<'a> Source<'a> {
    /// Reads the debug information of an ELF file.
    pub(crate) fn from_elf(bytes: &'a [u8]) -> Result<Self> {
        let elf = ElfFile64::<LittleEndian>::parse(bytes).context("not a 64-bit ELF file")?;
        let load = |id: SectionId| {
            let data = elf
                .section_by_name(id.name())
                .and_then(|section| section.data().ok())
                .unwrap_or_default();
            Ok::<_, gimli::Error>(EndianSlice::new(data, Little))
        };
        let results = results::read(&Dwarf::load(load)?).context("unreadable debug information")?;
        let context = addr2line::Context::from_dwarf(Dwarf::load(load)?)
            .context("unreadable debug information")?;
        Ok(Self { context, results })
    }

    /// What the function that starts at an address may return; everything, if nothing is known of it.
    pub(super) fn results(&self, start: u64) -> Results {
        self.results.get(&start).copied().unwrap_or([true; 2])
    }

    /// `file:line` of the innermost function at an address.
    pub(crate) fn line(&self, address: u64) -> String {
        let location = self.context.find_location(address).ok().flatten();
        let Some(location) = location else {
            return "?".to_owned();
        };
        format!(
            "{}:{}",
            short(location.file.unwrap_or("?")),
            location.line.unwrap_or(0)
        )
    }

    /// `function at file:line` of the function at an address, and then of each that it is inlined into.
    pub(crate) fn frames(&self, address: u64) -> Vec<String> {
        let mut shown = Vec::new();
        let Ok(mut frames) = self.context.find_frames(address).skip_all_loads() else {
            return shown;
        };
        while let Ok(Some(frame)) = frames.next() {
            let name = frame
                .function
                .as_ref()
                .and_then(|name| name.demangle().ok());
            let name = name.as_deref().unwrap_or("?");
            let place = frame.location.map_or_else(
                || "?".to_owned(),
                |place| {
                    let (file, line) = (place.file.unwrap_or("?"), place.line.unwrap_or(0));
                    format!("{}:{line}", short(file))
                },
            );
            shown.push(format!("{name} at {place}"));
        }
        shown
    }

    /// The files of the function at an address and of those that it is inlined into.
    pub(crate) fn files(&self, address: u64) -> Vec<String> {
        let mut files = Vec::new();
        let Ok(mut frames) = self.context.find_frames(address).skip_all_loads() else {
            return files;
        };
        while let Ok(Some(frame)) = frames.next() {
            if let Some(file) = frame.location.and_then(|location| location.file) {
                files.push(short(file).to_owned());
            }
        }
        files
    }
}

/// A path without what lies before the crate's own folders.
fn short(file: &str) -> &str {
    let start = ["/library/", "/registry/src/", "/boards/", "/src/"]
        .iter()
        .find_map(|folder| file.find(folder));
    start.map_or(file, |start| &file[start + 1..])
}
