//! Remembers which other toolchain was taken, so that the search is not repeated at every call.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// The toolchain that was taken instead of `active` before, if it still serves.
pub(super) fn recall(workspace: &Workspace, active: &Toolchain) -> Option<Toolchain> {
    let text = fs::read_to_string(file(workspace)).ok()?;
    let taken = Toolchain::at(Path::new(taken_instead_of(&text, &name(active))?)).ok()?;
    taken.has_target().then_some(taken)
}

/// Notes that `taken` stands in for `active`.
pub(super) fn remember(workspace: &Workspace, active: &Toolchain, taken: &Toolchain) -> Result<()> {
    let path = file(workspace);
    fs::create_dir_all(path.parent().context("the note has no directory")?)?;
    let text = format!("{}\n{}\n", name(active), taken.sysroot().display());
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}

fn file(workspace: &Workspace) -> PathBuf {
    workspace.target().join("pivot").join("toolchain")
}

fn name(toolchain: &Toolchain) -> String {
    format!("{} {}", toolchain.version(), toolchain.sysroot().display())
}

/// The second line of the note, if the first names `active`.
fn taken_instead_of<'a>(note: &'a str, active: &str) -> Option<&'a str> {
    let mut lines = note.lines();
    (lines.next()? == active).then_some(())?;
    lines.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_counts_only_for_the_toolchain_that_it_names() {
        let note = "1.96.0 /tc/a\n/tc/b\n";
        assert_eq!(taken_instead_of(note, "1.96.0 /tc/a"), Some("/tc/b"));
        assert_eq!(taken_instead_of(note, "1.96.1 /tc/a"), None);
        assert_eq!(taken_instead_of("1.96.0 /tc/a", "1.96.0 /tc/a"), None);
    }
}
