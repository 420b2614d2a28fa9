//! What is checked: the finished files, and what was seen of them in the emulator.

use std::path::PathBuf;

use anyhow::{Context, Result};
use object::{Object, ObjectSymbol};

use crate::inspect::code::Code;
use crate::preflight::answer::{Answer, Found};
use crate::preflight::moved::Moved;
use crate::preflight::watch::{Stubbed, Watched};

/// The files as they are flashed, or with a mistake planted.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) elf: Vec<u8>,
    pub(super) image: Vec<u8>,
    pub(super) config: String,
    /// The card image, if one was made.
    pub(super) card: Option<PathBuf>,
}

/// What the emulator showed; or why it showed nothing.
#[derive(Debug)]
pub(super) enum Seen<T> {
    /// This.
    Some(T),
    /// Nothing: the run failed.
    Failed(String),
    /// Nothing: it was not run, for this reason.
    NotRun(&'static str),
}

/// All that the checks look at.
pub(super) struct Subject<'a> {
    pub(super) files: &'a Files,
    pub(super) code: Code<'a>,
    /// The sources: where markers stand, and this tool's own rows.
    pub(super) root: PathBuf,
    /// A boot by the emulator's own loader with every access to a device traced.
    pub(super) watched: Seen<Watched>,
    /// A boot by the stub, the interrupt controller as on the board.
    pub(super) stubbed: Seen<Stubbed>,
    /// A start at another address than the linked one.
    pub(super) moved: Seen<Moved>,
    /// `rustc --print cfg` with the image's flags.
    pub(super) target_features: Vec<String>,
}

impl<T> Seen<T> {
    /// What `check` says of what was seen.
    pub(super) fn answer(&self, check: impl FnOnce(&T) -> Found) -> Answer {
        match self {
            Self::Some(seen) => Answer::of(check(seen)),
            Self::Failed(why) => Answer::of(Err(why.clone())),
            Self::NotRun(reason) => Answer::not_run(*reason),
        }
    }
}

/// The address of a symbol, by its name without hash.
pub(super) fn symbol(elf: &[u8], name: &str) -> Result<u64> {
    let file = object::File::parse(elf).context("reading the symbols")?;
    file.symbols()
        .find(|symbol| {
            symbol
                .name()
                .is_ok_and(|raw| format!("{:#}", rustc_demangle::demangle(raw)) == name)
        })
        .map(|symbol| symbol.address())
        .with_context(|| format!("the image has no symbol `{name}`"))
}
