//! Addresses in words, by the file that the image was made from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection, SectionKind};

use crate::inspect::source::Source;

/// What marks a build whose sources were not all committed: several images share its name.
const DIRTY: &str = "+dirty";

/// The file, and which image is running.
pub(super) struct Symbols {
    elf: PathBuf,
    /// The build that the image has named.
    build: Option<String>,
    /// Whether it was said already that nothing can be explained.
    has_complained: bool,
}

impl Symbols {
    pub(super) fn new(elf: PathBuf) -> Self {
        Self {
            elf,
            build: None,
            has_complained: false,
        }
    }

    /// The image has said which build it is.
    pub(super) fn image_says(&mut self, build: &str) {
        self.build = Some(build.to_owned());
        self.has_complained = false;
    }

    /// A line or more for each address that is one of the image's code: as it was printed, and where it is to be
    /// looked up.
    pub(super) fn explain(&mut self, addresses: &[(u64, u64)]) -> Vec<String> {
        match self.try_explain(addresses) {
            Ok(lines) => lines,
            Err(_) if self.has_complained => Vec::new(),
            Err(error) => {
                self.has_complained = true;
                vec![format!("addresses are not explained: {error:#}")]
            }
        }
    }

    fn try_explain(&mut self, addresses: &[(u64, u64)]) -> Result<Vec<String>> {
        let bytes =
            fs::read(&self.elf).with_context(|| format!("reading {}", self.elf.display()))?;
        let mut lines = Vec::new();
        match self.build.as_deref() {
            Some(build) => check(&bytes, build, &self.elf)?,
            None if self.has_complained => {}
            None => {
                self.has_complained = true;
                lines.push("the image has not said which build it is; if it is another, what follows is wrong".to_owned());
            }
        }
        let elf = ElfFile64::<LittleEndian>::parse(&*bytes).context("not a 64-bit ELF file")?;
        let source = Source::from_elf(&bytes)?;
        for &(printed, address) in addresses {
            if !is_code(&elf, address) {
                continue;
            }
            let mut before = format!("{printed:#x}:");
            for frame in source.frames(address) {
                lines.push(format!("{before} {frame}"));
                before = "  inlined into".to_owned();
            }
        }
        Ok(lines)
    }
}

/// Whether the file is of that build: its code holds the name.
fn check(elf: &[u8], build: &str, path: &Path) -> Result<()> {
    if names(elf, build) {
        return Ok(());
    }
    bail!(
        "{} is not of build {build}, which is running: check that out and `cargo xtask build`, or --elf FILE",
        path.display()
    )
}

/// Whether the name of the build stands in the file, and not as the beginning of a longer one.
fn names(elf: &[u8], build: &str) -> bool {
    let is_there = |at: usize| {
        let rest = &elf[at..];
        rest.starts_with(build.as_bytes()) && !rest[build.len()..].starts_with(DIRTY.as_bytes())
    };
    let Some(&first) = build.as_bytes().first() else {
        return false;
    };
    (0..elf.len()).any(|at| elf[at] == first && is_there(at))
}

fn is_code(elf: &ElfFile64<'_, LittleEndian>, address: u64) -> bool {
    elf.sections().any(|section| {
        section.kind() == SectionKind::Text
            && (section.address()..section.address() + section.size()).contains(&address)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_not_the_one_with_changes() {
        assert!(names(b"..f281f11abc on ", "f281f11abc"));
        assert!(!names(b"..f281f11abc+dirty on ", "f281f11abc"));
        assert!(names(b"f281f11abc+dirty f281f11abc", "f281f11abc"));
        assert!(names(b"..f281f11abc+dirty on ", "f281f11abc+dirty"));
        assert!(!names(b"..f281f11ab", "f281f11abc"));
        assert!(!names(b"x", ""));
    }

    #[test]
    fn a_file_of_another_build_explains_nothing_and_that_is_said_once() {
        let file = std::env::temp_dir().join(format!("pivot-symbols-{}", std::process::id()));
        fs::write(&file, "f281f11abc").unwrap();
        let mut symbols = Symbols::new(file.clone());
        symbols.image_says("0123456789");
        let notes = symbols.explain(&[(0x8_0000, 0x8_0000)]);
        assert!(notes[0].contains("is not of build 0123456789"), "{notes:?}");
        assert!(symbols.explain(&[(0x8_0000, 0x8_0000)]).is_empty());
        fs::remove_file(&file).unwrap();
    }
}
