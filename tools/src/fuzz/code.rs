//! Which instructions of an image belong to the scheduler, the locks and what calls them, and where each comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use addr2line::{Frame, Loader};
use anyhow::{Context, Result, anyhow};
use object::{Object, ObjectSymbol, SymbolKind};

use super::trace::Executed;
use crate::build::Firmware;

/// Bytes of one instruction.
pub(crate) const INSTRUCTION: u64 = 4;

/// The sources that count, whatever they were inlined into: scheduler, locks, and what an application calls.
const SOURCES: [&str; 6] = [
    "src/sched/",
    "src/sync/",
    "src/thread/",
    "src/thread.rs",
    "src/time.rs",
    "src/cores.rs",
];

/// What forces the interrupts: not a part of what is interrupted.
const NOT: [&str; 2] = ["src/sched/forced.rs", "src/sched/moments.rs"];

/// Assembly that counts; it has no line numbers.
const ASSEMBLY: [&str; 2] = ["reschedule", "thread_start"];

/// The function by which the image says that an interrupt is counted.
const INTERRUPT: &str = "pivot_fuzz_interrupt";

/// Where an instruction comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The function that it was written in.
    pub(crate) function: String,
    /// The symbol that it lies in.
    pub(crate) symbol: String,
    /// How far behind its beginning, in bytes.
    pub(crate) offset: u64,
    /// Whether it was inlined into a function that does not count, as a test's.
    pub(crate) is_copy: bool,
    /// Source file and line.
    pub(crate) line: String,
}

/// The instructions that count, and where each comes from.
#[derive(Debug)]
pub(crate) struct Code {
    /// By address.
    pub(crate) instructions: BTreeMap<u64, Origin>,
    /// Address of the function that is called for each interrupt.
    pub(crate) interrupt: u64,
}

/// A function of the symbol table.
struct Symbol {
    start: u64,
    end: u64,
    name: String,
}

impl Origin {
    /// Symbol, offset, source line.
    pub(crate) fn place(&self) -> String {
        format!("{}+{:#x} {}", self.symbol, self.offset, self.line)
    }
}

impl Code {
    /// Reads the debug information of an image that was built from the sources below `root`.
    pub(crate) fn read(firmware: &Firmware, root: &Path) -> Result<Self> {
        let loader = Loader::new(&firmware.elf)
            .map_err(|error| anyhow!("reading the debug information: {error}"))?;
        let mut code = Self {
            instructions: BTreeMap::new(),
            interrupt: 0,
        };
        for symbol in symbols(&firmware.elf)? {
            if symbol.name == INTERRUPT {
                code.interrupt = symbol.start;
            }
            for address in (symbol.start..symbol.end).step_by(INSTRUCTION as usize) {
                if let Some(origin) = origin(&loader, root, &symbol, address)? {
                    code.instructions.insert(address, origin);
                }
            }
        }
        if code.interrupt == 0 || code.instructions.is_empty() {
            return Err(anyhow!("the image has no debug information, or no `fuzz`"));
        }
        Ok(code)
    }

    /// Leaves out what the compiler has inlined into functions of which nothing was executed: other commands'.
    pub(crate) fn leave_out_unused_copies(&mut self, executed: &Executed) {
        let used: BTreeSet<String> = self
            .instructions
            .iter()
            .filter(|(address, _)| executed.contains(address))
            .map(|(_, origin)| origin.symbol.clone())
            .collect();
        self.instructions
            .retain(|_, origin| !origin.is_copy || used.contains(&origin.symbol));
    }

    /// What a trace must show, as the emulator's option takes it: few ranges, because each of them costs time at
    /// every instruction. What lies between two that are near is in it too.
    pub(crate) fn filter(&self) -> String {
        let mut addresses: Vec<u64> = self.instructions.keys().copied().collect();
        addresses.push(self.interrupt);
        addresses.sort_unstable();
        let ranges: Vec<String> = ranges(&addresses)
            .iter()
            .map(|(start, end)| format!("{start:#x}+{:#x}", end - start))
            .collect();
        ranges.join(",")
    }
}

/// How far apart two instructions are that are traced together with all between them, in bytes.
const NEAR: u64 = 64;

/// Ranges that hold all of `addresses`, which are sorted.
fn ranges(addresses: &[u64]) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for &address in addresses {
        match ranges.last_mut() {
            Some((_, end)) if address <= *end + NEAR => *end = address + INSTRUCTION,
            _ => ranges.push((address, address + INSTRUCTION)),
        }
    }
    ranges
}

/// The functions of an ELF file, each address once.
fn symbols(elf: &Path) -> Result<Vec<Symbol>> {
    let bytes = fs::read(elf).with_context(|| format!("reading {}", elf.display()))?;
    let file = object::File::parse(&*bytes).context("reading the symbols")?;
    let mut symbols: Vec<Symbol> = file
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0)
        .map(|symbol| Symbol {
            start: symbol.address(),
            end: symbol.address() + symbol.size(),
            name: plain(&addr2line::demangle_auto(
                symbol.name().unwrap_or_default().into(),
                None,
            )),
        })
        .collect();
    symbols.sort_by_key(|symbol| (symbol.start, symbol.end));
    symbols.dedup_by_key(|symbol| symbol.start);
    Ok(symbols)
}

/// Where an instruction comes from, if it counts: the innermost of the functions that it was inlined through that does.
fn origin(loader: &Loader, root: &Path, symbol: &Symbol, address: u64) -> Result<Option<Origin>> {
    let offset = address - symbol.start;
    if ASSEMBLY.contains(&symbol.name.as_str()) {
        return Ok(Some(Origin {
            function: symbol.name.clone(),
            symbol: symbol.name.clone(),
            offset,
            is_copy: false,
            line: "asm/reschedule.s".to_owned(),
        }));
    }
    let failed = |error| anyhow!("reading the debug information of {address:#x}: {error}");
    let mut frames = loader.find_frames(address).map_err(failed)?;
    let mut found: Option<Origin> = None;
    loop {
        let frame = match frames.next() {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(found),
            Err(error) => return Err(anyhow!("{address:#x}: {error}")),
        };
        let Some((source, line)) = source(&frame, root) else {
            continue;
        };
        if NOT.iter().any(|file| source == Path::new(file)) {
            return Ok(None);
        }
        let counts = counts(&source);
        if let Some(found) = &mut found {
            // The last frame is that of the function itself.
            found.is_copy = !counts;
        } else if counts {
            found = Some(Origin {
                function: name(&frame),
                symbol: symbol.name.clone(),
                offset,
                is_copy: false,
                line: format!("{}:{line}", source.display()),
            });
        }
    }
}

/// File, relative to the project, and line of a frame.
fn source(frame: &Frame<'_, impl gimli::Reader>, root: &Path) -> Option<(PathBuf, u32)> {
    let location = frame.location.as_ref()?;
    let file = Path::new(location.file?).strip_prefix(root).ok()?;
    // The compiler joins its own directory and the name that it was called with.
    let file = file.strip_prefix(".").unwrap_or(file);
    Some((file.to_path_buf(), location.line.unwrap_or(0)))
}

fn counts(source: &Path) -> bool {
    let source = source.to_string_lossy();
    SOURCES.iter().any(|prefix| source.starts_with(prefix))
}

fn name(frame: &Frame<'_, impl gimli::Reader>) -> String {
    let name = frame
        .function
        .as_ref()
        .and_then(|function| function.demangle().ok());
    plain(&name.unwrap_or("?".into()))
}

/// A demangled name without the hash at its end, and without the name of the kernel's crate.
fn plain(name: &str) -> String {
    let is_hash = |last: &str| last.len() == 17 && last.starts_with('h');
    let name = match name.rsplit_once("::") {
        Some((rest, last)) if is_hash(last) => rest,
        _ => name,
    };
    name.replace("pivot::", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_without_hash_and_crate() {
        assert_eq!(
            plain("pivot::sync::mutex::Mutex<T>::lock::h0123456789abcdef"),
            "sync::mutex::Mutex<T>::lock"
        );
        assert_eq!(plain("thread_start"), "thread_start");
    }

    #[test]
    fn the_scheduler_and_the_locks_count_and_a_library_of_the_same_name_does_not() {
        assert!(counts(Path::new("src/sched/wake.rs")) && counts(Path::new("src/thread.rs")));
        assert!(!counts(Path::new("src/shell/context.rs")));
        assert!(!counts(Path::new("library/core/src/sync/atomic.rs")));
    }

    #[test]
    fn ranges_hold_every_address_and_what_is_near_is_one() {
        assert_eq!(
            ranges(&[0x10, 0x14, 0x20, 0x8000]),
            [(0x10, 0x24), (0x8000, 0x8004)]
        );
        assert!(ranges(&[]).is_empty());
    }
}
