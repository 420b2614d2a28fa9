//! An image whose instructions are read and replaced by address. Pure.

use anyhow::{Context, Result, bail, ensure};
use object::{File, Object, ObjectSymbol};

use super::a64::branch;
use super::registers::RegisterMutant;
use crate::image::Image;

/// Bytes of a slot of the exception vectors (DDI 0487, D1.3.1.3).
const VECTOR_SLOT: u64 = 0x80;

/// The longest routine that is looked at, in instructions.
const LONGEST_ROUTINE: usize = 256;

/// A finished image, and where things are in it.
#[derive(Debug)]
pub(super) struct Program {
    bytes: Vec<u8>,
    load_address: u64,
    symbols: Vec<(String, u64, u64)>,
    spare: u64,
}

impl Program {
    /// Takes the image and its labels out of the ELF file.
    pub(super) fn from_elf(elf: &[u8]) -> Result<Self> {
        let image = Image::from_elf(elf)?;
        let symbols = File::parse(elf)
            .context("reading the symbols")?
            .symbols()
            .filter_map(|symbol| {
                let name = symbol.name().ok()?.to_owned();
                Some((name, symbol.address(), symbol.size()))
            })
            .collect();
        let mut program = Self {
            bytes: image.bytes().to_vec(),
            load_address: image.load_address(),
            symbols,
            spare: 0,
        };
        program.spare = program.find_spare()?;
        Ok(program)
    }

    /// The slot of the vectors for an interrupt from a thread holds one branch. The rest of it is padding, and
    /// nobody's: an exception enters a slot at its start.
    fn find_spare(&self) -> Result<u64> {
        let slot = self.symbol("vectors")?.0 + VECTOR_SLOT;
        let to_handler = branch(slot, self.symbol("irq_from_thread")?.0);
        ensure!(
            Some(self.word(slot)?) == to_handler,
            "slot 1 of the vectors is not one branch to irq_from_thread"
        );
        for address in (slot + 4..slot + VECTOR_SLOT).step_by(4) {
            ensure!(
                self.word(address)? == 0,
                "the padding of slot 1 of the vectors is not empty at {address:#x}"
            );
        }
        Ok(slot + 4)
    }

    fn symbol(&self, name: &str) -> Result<(u64, u64)> {
        let mut found = self.symbols.iter().filter(|(known, _, _)| known == name);
        match (found.next(), found.next()) {
            (Some(&(_, address, size)), None) => Ok((address, size)),
            (None, _) => bail!("the image has no label `{name}`"),
            (Some(_), Some(_)) => bail!("the image has two labels `{name}`"),
        }
    }

    /// Address and instructions of a routine: as long as its label says, or as far as one is looked at.
    pub(super) fn routine(&self, name: &str) -> Result<(u64, Vec<u32>)> {
        let (address, size) = self.symbol(name)?;
        let length = match usize::try_from(size)? / 4 {
            0 => LONGEST_ROUTINE,
            length => length,
        };
        let words = (address..)
            .step_by(4)
            .take(length)
            .map(|address| self.word(address))
            .collect::<Result<_>>()?;
        Ok((address, words))
    }

    fn offset(&self, address: u64) -> Result<usize> {
        let offset = usize::try_from(address.wrapping_sub(self.load_address))?;
        ensure!(
            offset + 4 <= self.bytes.len(),
            "{address:#x} is not in the image"
        );
        Ok(offset)
    }

    fn word(&self, address: u64) -> Result<u32> {
        let mut bytes = [0; 4];
        let offset = self.offset(address)?;
        bytes.copy_from_slice(&self.bytes[offset..offset + 4]);
        Ok(u32::from_le_bytes(bytes))
    }

    /// The bytes of the image with that mistake.
    pub(super) fn with(&self, mutant: &RegisterMutant) -> Result<Vec<u8>> {
        let mut bytes = self.bytes.clone();
        let mut put = |address: u64, word: u32| -> Result<()> {
            let offset = self.offset(address)?;
            bytes[offset..offset + 4].copy_from_slice(&word.to_le_bytes());
            Ok(())
        };
        if let [word] = mutant.code[..] {
            put(mutant.address, word)?;
            return Ok(bytes);
        }
        let end = self.spare + 4 * mutant.code.len() as u64;
        ensure!(
            end < self.spare.next_multiple_of(VECTOR_SLOT),
            "{} does not fit into the spare place",
            mutant.name
        );
        for (address, &word) in (self.spare..).step_by(4).zip(&mutant.code) {
            put(address, word)?;
        }
        let reaches = "the spare place is out of a branch's reach";
        put(
            mutant.address,
            branch(mutant.address, self.spare).context(reaches)?,
        )?;
        put(end, branch(end, mutant.address + 4).context(reaches)?)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::a64::NOP;
    use super::super::verdict::Expect;
    use super::*;

    /// `vectors` at 0x1000; `irq_from_thread`, four nops, at 0x1100.
    fn program(padding: u32) -> Result<Program> {
        let mut bytes = vec![0; 0x110];
        bytes[0x80..0x84].copy_from_slice(&branch(0x1080, 0x1100).unwrap().to_le_bytes());
        bytes[0xfc..0x100].copy_from_slice(&padding.to_le_bytes());
        for word in bytes[0x100..].chunks_exact_mut(4) {
            word.copy_from_slice(&NOP.to_le_bytes());
        }
        let mut program = Program {
            bytes,
            load_address: 0x1000,
            symbols: vec![
                ("vectors".to_owned(), 0x1000, 0),
                ("irq_from_thread".to_owned(), 0x1100, 16),
                ("twice".to_owned(), 0x1000, 4),
                ("twice".to_owned(), 0x1004, 4),
            ],
            spare: 0,
        };
        program.spare = program.find_spare()?;
        Ok(program)
    }

    fn mutant(code: &[u32]) -> RegisterMutant {
        RegisterMutant {
            name: "m".to_owned(),
            expect: Expect::AnyRed,
            address: 0x1104,
            code: code.to_vec(),
        }
    }

    fn words(bytes: &[u8], offset: usize, count: usize) -> Vec<u32> {
        bytes[offset..offset + 4 * count]
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
            .collect()
    }

    #[test]
    fn one_instruction_is_replaced_where_it_stands() {
        let program = program(0).unwrap();
        let bytes = program.with(&mutant(&[7])).unwrap();
        assert_eq!(words(&bytes, 0x100, 4), [NOP, 7, NOP, NOP]);
        assert_eq!(bytes[..0x100], program.bytes[..0x100]);
    }

    #[test]
    fn several_go_to_the_spare_place_and_lead_back() {
        let bytes = program(0).unwrap().with(&mutant(&[7, 8])).unwrap();
        let there = branch(0x1104, 0x1084).unwrap();
        let back = branch(0x108c, 0x1108).unwrap();
        assert_eq!(words(&bytes, 0x100, 3), [NOP, there, NOP]);
        assert_eq!(words(&bytes, 0x84, 4), [7, 8, back, 0]);
    }

    #[test]
    fn what_does_not_fit_or_is_not_spare_is_refused() {
        let program_ok = program(0).unwrap();
        assert!(program_ok.with(&mutant(&[NOP; 30])).is_ok());
        assert!(program_ok.with(&mutant(&[NOP; 31])).is_err());
        assert!(program(1).is_err());
    }

    #[test]
    fn a_label_is_there_once_or_it_is_an_error() {
        let program = program(0).unwrap();
        assert_eq!(
            program.routine("irq_from_thread").unwrap(),
            (0x1100, vec![NOP; 4])
        );
        assert!(program.routine("twice").is_err());
        assert!(program.routine("reschedule").is_err());
    }
}
