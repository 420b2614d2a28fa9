//! What the image's ELF file says about an address of its code: whose instruction it is, and which.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection, SectionKind};

use super::cut::Mark;
use super::rows::Anchor;
use crate::explain::{Image, Place};

/// Bytes of an instruction.
const INSTRUCTION: u64 = 4;

/// `eret`, `wfi`, `msr daifset, #2`; `msr tpidr_el0, xN`, `mrs xN, cntpct_el0` and `cntvct_el0` with N = 0 (DDI 0487,
/// C6.2, D24.2 and D24.8).
const ERET: u32 = 0xd69f_03e0;
const WFI: u32 = 0xd503_207f;
const MASK_IRQS: u32 = 0xd503_42df;
const THREAD_POINTER: u32 = 0xd51b_d040;
const COUNTERS: [u32; 2] = [0xd53b_e020, 0xd53b_e040];
const REGISTER: u32 = 0x1f;

/// An image's code.
pub(super) struct Code {
    image: Image,
    /// Sections of code: where each begins, and its words.
    sections: Vec<(u64, Vec<u32>)>,
    /// What was asked for: rounds are many, and their addresses the same.
    known: RefCell<HashMap<u64, Rc<[Place]>>>,
}

impl Code {
    /// Reads an ELF file.
    pub(super) fn read(elf: &Path) -> Result<Self> {
        let bytes = fs::read(elf).with_context(|| format!("reading {}", elf.display()))?;
        let file = ElfFile64::<LittleEndian>::parse(&*bytes).context("not a 64-bit ELF file")?;
        let sections = file.sections();
        let sections = sections.filter(|section| section.kind() == SectionKind::Text);
        let sections = sections.map(|section| {
            let words = section.data()?.chunks_exact(4);
            let words = words.map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
            Ok((section.address(), words.collect()))
        });
        Ok(Self {
            image: Image::parse(&bytes)?,
            sections: sections.collect::<Result<_>>()?,
            known: RefCell::default(),
        })
    }

    /// The instruction at an address; 0 where there is none.
    pub(super) fn word(&self, address: u64) -> u32 {
        let found = self.sections.iter().find_map(|(start, words)| {
            let place = address.checked_sub(*start)? / INSTRUCTION;
            words.get(usize::try_from(place).ok()?)
        });
        found.copied().unwrap_or_default()
    }

    /// The function that the instruction comes from, and then each that it is inlined into. Assembly is its symbol.
    pub(super) fn places(&self, address: u64) -> Rc<[Place]> {
        let mut known = self.known.borrow_mut();
        known
            .entry(address)
            .or_insert_with(|| self.read_places(address).into())
            .clone()
    }

    fn read_places(&self, address: u64) -> Vec<Place> {
        let mut places = self.image.places(address);
        if places.is_empty() {
            let symbol = self.image.symbol(address).map_or("?", |(name, _)| name);
            places.push(Place {
                function: symbol.to_owned(),
                file: "assembly".to_owned(),
                line: 0,
            });
        }
        places
    }

    /// The marks of an anchor.
    ///
    /// # Errors
    ///
    /// When the image has none.
    pub(super) fn marks(&self, anchor: Anchor) -> Result<Vec<Mark>> {
        let marks: Vec<Mark> = match anchor {
            Anchor::Symbol(name, offset) => {
                let address = self.image.address_of(name);
                address
                    .map(|at| Mark::Before(at + offset))
                    .into_iter()
                    .collect()
            }
            Anchor::Return => self.all(|_, word| word == ERET),
            Anchor::Wait => self.all(|_, word| word == WFI),
            Anchor::Mask(file) => self.all(|at, word| {
                word == MASK_IRQS && self.places(at).iter().any(|place| place.file == file)
            }),
            Anchor::ThreadPointer(routine) => self.all(|at, word| {
                word & !REGISTER == THREAD_POINTER
                    && self
                        .image
                        .symbol(at)
                        .is_some_and(|(name, _)| name == routine)
            }),
            Anchor::Clock(name) => self.all(|at, word| {
                COUNTERS.contains(&(word & !REGISTER))
                    && self
                        .places(at)
                        .iter()
                        .any(|place| place.file == name || place.function.starts_with(name))
            }),
        };
        if marks.is_empty() {
            bail!("the image has nothing to cut at: {anchor:?}");
        }
        Ok(marks)
    }

    /// What the emulator is to trace, as its option takes it: all code but what comes from a file.
    pub(super) fn without(&self, file: &str) -> String {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for (start, words) in &self.sections {
            for at in (*start..).step_by(INSTRUCTION as usize).take(words.len()) {
                if self.image.places(at).iter().any(|place| place.file == file) {
                    continue;
                }
                match ranges.last_mut() {
                    Some((_, end)) if *end == at => *end = at + INSTRUCTION,
                    _ => ranges.push((at, at + INSTRUCTION)),
                }
            }
        }
        let ranges: Vec<String> = ranges
            .iter()
            .map(|(start, end)| format!("{start:#x}+{:#x}", end - start))
            .collect();
        ranges.join(",")
    }

    /// Marks after all instructions that are meant.
    fn all(&self, is_meant: impl Fn(u64, u32) -> bool) -> Vec<Mark> {
        let words = self.sections.iter().flat_map(|(start, words)| {
            let addresses = (*start..).step_by(INSTRUCTION as usize);
            addresses.zip(words.iter().copied())
        });
        let meant = words.filter(|&(at, word)| is_meant(at, word));
        meant.map(|(at, _)| Mark::After(at)).collect()
    }
}
