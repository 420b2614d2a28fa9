//! Instructions of an ELF file, replaced by address; what does not fit in one place goes to a spare one. Pure.

use anyhow::{Context, Result, bail, ensure};
use object::LittleEndian;
use object::read::elf::{ElfFile64, ProgramHeader};

use crate::preflight::subject::symbol;

/// Bytes of a slot of the exception vectors. That of interrupts from threads holds one branch, the rest is nobody's.
const VECTOR_SLOT: u64 = 0x80;

/// A copy of an ELF file that is changed.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    elf: Vec<u8>,
}

impl Patch {
    pub(super) fn new(elf: &[u8]) -> Self {
        Self { elf: elf.to_vec() }
    }

    pub(super) fn into_elf(self) -> Vec<u8> {
        self.elf
    }

    /// Where an address of the image stands in the file.
    fn place(&self, address: u64) -> Result<usize> {
        let file = ElfFile64::<LittleEndian>::parse(&*self.elf).context("not an ELF file")?;
        let endian = LittleEndian;
        let offset = file.elf_program_headers().iter().find_map(|segment| {
            let into = address.checked_sub(segment.p_paddr(endian))?;
            (into < segment.p_filesz(endian)).then(|| segment.p_offset(endian) + into)
        });
        let offset = offset.with_context(|| format!("{address:#x} is not in the file"))?;
        Ok(usize::try_from(offset)?)
    }

    /// Replaces bytes.
    pub(super) fn put(&mut self, address: u64, bytes: &[u8]) -> Result<()> {
        let place = self.place(address)?;
        let there = self.elf.get_mut(place..place + bytes.len());
        there
            .context("the file is cut short")?
            .copy_from_slice(bytes);
        Ok(())
    }

    /// Replaces an instruction.
    pub(super) fn word(&mut self, address: u64, word: u32) -> Result<()> {
        self.put(address, &word.to_le_bytes())
    }

    fn read(&self, address: u64) -> Result<u32> {
        let place = self.place(address)?;
        let bytes = self
            .elf
            .get(place..place + 4)
            .context("the file is cut short")?;
        Ok(u32::from_le_bytes(bytes.try_into()?))
    }

    /// Replaces the instruction at `address` by several, which go to a spare place and lead back.
    pub(super) fn insert(&mut self, address: u64, code: &[u32]) -> Result<()> {
        let slot = symbol(&self.elf, "vectors")? + VECTOR_SLOT;
        let spare = slot + 4;
        ensure!(
            4 * (code.len() as u64 + 2) <= VECTOR_SLOT,
            "{} instructions do not fit into a slot of the vectors",
            code.len()
        );
        for at in (spare..slot + VECTOR_SLOT).step_by(4) {
            if self.read(at)? != 0 {
                bail!("the padding of a slot of the vectors is not empty at {at:#x}");
            }
        }
        for (at, &word) in (spare..).step_by(4).zip(code) {
            self.word(at, word)?;
        }
        let end = spare + 4 * code.len() as u64;
        self.word(end, branch(end, address + 4))?;
        self.word(address, branch(address, spare))
    }
}

/// `b to`, at `from`: within 128 MiB, which an image is.
fn branch(from: u64, to: u64) -> u32 {
    let words = (to.wrapping_sub(from) as i64 >> 2) as u32;
    0x1400_0000 | words & 0x03ff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_reaches_both_ways() {
        assert_eq!(branch(0x1000, 0x1008), 0x1400_0002);
        assert_eq!(branch(0x1008, 0x1000), 0x17ff_fffe);
    }
}
