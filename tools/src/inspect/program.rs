//! The code of an image: its instructions, and the functions that they belong to.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::{Context, Result, bail};
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol, SymbolKind};
use rustc_demangle::demangle;

use crate::inspect::effect::Effect;
use crate::inspect::insn::Insn;

/// A function, or what an assembly file has between two labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Function {
    /// Without hash.
    pub(super) name: String,
    pub(super) range: Range<u64>,
}

/// The code of an image.
#[derive(Debug)]
pub(super) struct Program {
    start: u64,
    /// By word; `None` for what is no code.
    insns: Vec<Option<Insn>>,
    words: Vec<u32>,
    /// By address.
    functions: Vec<Function>,
    /// Sections that are loaded, for tables of jumps.
    memory: Vec<(u64, Vec<u8>)>,
}

impl Program {
    /// Reads `.text` of an ELF file. A word in a function that is neither an instruction nor marked as data is an
    /// error.
    pub(super) fn from_elf(bytes: &[u8]) -> Result<Self> {
        let elf = ElfFile64::<LittleEndian>::parse(bytes).context("not a 64-bit ELF file")?;
        let text = elf.section_by_name(".text").context("no .text")?;
        let (start, code) = (text.address(), text.data()?);
        let end = start + code.len() as u64;
        let mut labels = BTreeMap::new();
        let mut sized = Vec::new();
        // Mapping symbols: `$d` starts data, `$x` code (Arm, ELF for the Arm 64-bit Architecture, 4.5.4).
        let mut mapping = BTreeMap::new();
        for symbol in elf.symbols() {
            let (name, address) = (symbol.name().unwrap_or_default(), symbol.address());
            if symbol.section_index() != Some(text.index()) || name.is_empty() {
                continue;
            }
            if let Some(kind) = name.strip_prefix('$') {
                mapping.insert(address, kind.starts_with('d'));
            } else if symbol.kind() == SymbolKind::Text && symbol.size() > 0 {
                sized.push(Function {
                    name: readable(name),
                    range: address..address + symbol.size(),
                });
            } else if !name.starts_with("__") && symbol.kind() != SymbolKind::Section {
                labels.insert(address, name.to_owned());
            }
        }
        let functions = functions(sized, &labels, end);
        let memory = elf
            .sections()
            .filter(|section| section.address() != 0)
            .filter_map(|section| Some((section.address(), section.data().ok()?.to_vec())))
            .collect();
        let words = code
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
            .collect();
        Self::new(start, words, functions, memory, &mapping)
    }

    /// From its parts; `mapping` says where data (true) and code begin.
    pub(super) fn new(
        start: u64,
        words: Vec<u32>,
        functions: Vec<Function>,
        memory: Vec<(u64, Vec<u8>)>,
        mapping: &BTreeMap<u64, bool>,
    ) -> Result<Self> {
        let mut program = Self {
            start,
            insns: Vec::with_capacity(words.len()),
            words,
            functions,
            memory,
        };
        let mut unknown = Vec::new();
        for (place, &word) in program.words.iter().enumerate() {
            let address = start + 4 * place as u64;
            let is_data = mapping
                .range(..=address)
                .next_back()
                .is_some_and(|(_, data)| *data);
            let insn = (!is_data && word != 0)
                .then(|| Insn::decode(address, word))
                .flatten();
            if insn.is_none() && !is_data && word != 0 {
                unknown.push(format!(
                    "{word:#010x} at {address:#x} ({})",
                    program.name_at(address)
                ));
            }
            program.insns.push(insn);
        }
        if !unknown.is_empty() {
            bail!(
                "{} words are no instruction that the decoder knows:\n{}",
                unknown.len(),
                unknown.join("\n")
            );
        }
        Ok(program)
    }

    /// All functions, by address.
    pub(super) fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The instruction at an address.
    pub(super) fn at(&self, address: u64) -> Option<&Insn> {
        self.insns.get(self.place(address)?)?.as_ref()
    }

    /// The word at an address, be it code or not.
    pub(super) fn word(&self, address: u64) -> Option<u32> {
        self.words.get(self.place(address)?).copied()
    }

    fn place(&self, address: u64) -> Option<usize> {
        usize::try_from(address.checked_sub(self.start)? / 4).ok()
    }

    /// The instructions of a function.
    pub(super) fn insns(&self, function: usize) -> impl Iterator<Item = &Insn> {
        self.functions[function]
            .range
            .clone()
            .step_by(4)
            .filter_map(|address| self.at(address))
    }

    /// Every instruction of the image.
    pub(super) fn all(&self) -> impl Iterator<Item = &Insn> {
        self.insns.iter().flatten()
    }

    /// The function that an address lies in.
    pub(super) fn function_at(&self, address: u64) -> Option<usize> {
        let next = self
            .functions
            .partition_point(|function| function.range.start <= address);
        let place = next.checked_sub(1)?;
        self.functions[place]
            .range
            .contains(&address)
            .then_some(place)
    }

    /// The function of that name; for Rust, the path without hash.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.functions
            .iter()
            .position(|function| function.name == name)
    }

    /// The name of the function that an address lies in.
    pub(super) fn name_at(&self, address: u64) -> &str {
        self.function_at(address)
            .map_or("between functions", |place| &self.functions[place].name)
    }

    /// Every address that a word of a loaded section has, or that `adr` or `adrp` and `add` compute: whatever is called
    /// through a register is among them.
    pub(super) fn addresses_taken(&self) -> BTreeSet<u64> {
        let mut taken = BTreeSet::new();
        for (_, bytes) in &self.memory {
            let words = bytes
                .chunks_exact(8)
                .filter_map(|word| word.try_into().ok());
            taken.extend(words.map(u64::from_le_bytes));
        }
        for insn in self.all() {
            let Some((to, address)) = insn.page_or_address() else {
                continue;
            };
            taken.insert(address);
            let after = (1..16).filter_map(|on| self.at(insn.address + 4 * on));
            taken.extend(after.filter_map(|sum| match sum.effect() {
                Effect::Offset { from, by, .. } if from == to => {
                    Some(address.wrapping_add_signed(by))
                }
                _ => None,
            }));
        }
        taken
    }

    /// Bytes of a loaded section.
    pub(super) fn bytes(&self, address: u64, length: usize) -> Option<&[u8]> {
        self.memory.iter().find_map(|(start, bytes)| {
            let from = usize::try_from(address.checked_sub(*start)?).ok()?;
            bytes.get(from..from.checked_add(length)?)
        })
    }
}

/// A path as in the source, without hash.
fn readable(name: &str) -> String {
    format!("{:#}", demangle(name))
}

/// Functions with a size as they are; where there is none, a label reaches to the next label.
fn functions(sized: Vec<Function>, labels: &BTreeMap<u64, String>, end: u64) -> Vec<Function> {
    let mut all: BTreeMap<u64, Function> = BTreeMap::new();
    for function in sized {
        // Several names for one body: the first by name, so that the choice does not depend on the linker.
        let place = all
            .entry(function.range.start)
            .or_insert_with(|| function.clone());
        if function.name < place.name {
            *place = function;
        }
    }
    let starts: Vec<u64> = all.keys().chain(labels.keys()).copied().collect();
    for (&start, name) in labels {
        let is_inside = all
            .range(..=start)
            .next_back()
            .is_some_and(|(_, f)| f.range.contains(&start));
        if !is_inside {
            let next = starts.iter().copied().filter(|&other| other > start).min();
            all.insert(
                start,
                Function {
                    name: name.clone(),
                    range: start..next.unwrap_or(end),
                },
            );
        }
    }
    all.into_values().collect()
}
