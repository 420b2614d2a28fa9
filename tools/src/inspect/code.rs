//! The instructions of an image as other parts of the tool ask for them: by word, by path, by rule.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context, Result};

use crate::inspect::before_mmu;
use crate::inspect::rules::Image;
use crate::inspect::{RULES, effect::Effect};

/// An image that is taken apart.
pub(crate) struct Code<'a>(Image<'a>);

/// An instruction at its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Where it is.
    pub(crate) address: u64,
    /// What it is.
    pub(crate) word: u32,
}

/// What an instruction does to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Nothing.
    None,
    /// It reads its own code.
    Literal,
    /// It reads.
    Load,
    /// It writes.
    Store,
}

impl<'a> Code<'a> {
    /// Takes an ELF file apart.
    pub(crate) fn from_elf(elf: &'a [u8]) -> Result<Self> {
        Image::from_elf(elf)
            .map(Self)
            .context("taking the ELF file apart")
    }

    /// What a rule of `cargo xtask inspect` says: what it looked at, or what breaks it.
    pub(crate) fn rule(&self, name: &str) -> Result<String, String> {
        let Some((_, check)) = RULES.iter().find(|(known, _)| *known == name) else {
            return Err(format!("there is no rule `{name}`"));
        };
        let answer = check(&self.0);
        match answer.findings.first() {
            None => Ok(answer.looked_at),
            Some(finding) => Err(self.0.describe(finding)),
        }
    }

    /// Every instruction, by address.
    pub(crate) fn all(&self) -> impl Iterator<Item = Word> {
        self.0.program.all().map(|insn| Word {
            address: insn.address,
            word: insn.word,
        })
    }

    /// The instruction at an address.
    pub(crate) fn at(&self, address: u64) -> Option<u32> {
        self.0.program.at(address).map(|insn| insn.word)
    }

    /// The `count` instructions before an address, the nearest first.
    pub(crate) fn before(&self, address: u64, count: u64) -> impl Iterator<Item = u32> {
        (1..=count).map_while(move |back| self.at(address - 4 * back))
    }

    /// The instructions from an entry up to those that turn the MMU on, these included; by address.
    pub(crate) fn until_mmu(&self, entry: &str) -> Option<Vec<Word>> {
        let program = &self.0.program;
        let start = program.functions()[program.named(entry)?].range.start;
        let mut seen = BTreeSet::new();
        before_mmu::walk(program, vec![start], &mut |insn| {
            seen.insert((insn.address, insn.word));
        });
        let words = seen.into_iter();
        Some(
            words
                .map(|(address, word)| Word { address, word })
                .collect(),
        )
    }

    /// What the instruction at an address does to memory.
    pub(crate) fn memory(&self, address: u64) -> Memory {
        match self.0.program.at(address).map(super::insn::Insn::effect) {
            Some(Effect::Load { address: None, .. }) => Memory::Literal,
            Some(Effect::Load { .. }) => Memory::Load,
            Some(Effect::Store { .. }) => Memory::Store,
            _ => Memory::None,
        }
    }

    /// The 64-bit constant that `ldr x, =…` at an address loads: from the pool, or by a `movz` where that has room.
    pub(crate) fn literal(&self, address: u64) -> Option<u64> {
        let word = self.at(address)?;
        if word & 0xff80_0000 == 0xd280_0000 {
            return Some(u64::from(word >> 5 & 0xffff) << (16 * (word >> 21 & 3)));
        }
        if word & 0xff00_0000 != 0x5800_0000 {
            return None;
        }
        // A signed number of words, in bits 23:5.
        let words = i64::from((word << 8).cast_signed() >> 13);
        let place = address.wrapping_add_signed(4 * words);
        let half = |at| self.0.program.word(at).map(u64::from);
        Some(half(place)? | half(place + 4)? << 32)
    }

    /// Where a function is.
    pub(crate) fn function(&self, name: &str) -> Option<Range<u64>> {
        let program = &self.0.program;
        Some(program.functions()[program.named(name)?].range.clone())
    }

    /// The functions that an instruction comes from, the innermost first, inlined ones too; in assembly, its label.
    pub(crate) fn functions_at(&self, address: u64) -> Vec<String> {
        let frames = self.0.source.as_ref();
        let mut names = frames.map_or_else(Vec::new, |source| source.frames(address));
        names.push(self.0.program.name_at(address).to_owned());
        names
    }

    /// A place as a person reads it.
    pub(crate) fn place(&self, address: u64) -> String {
        self.0.place(address)
    }
}
