//! A copy of the sources in which one text is replaced by another, and the image that is built from it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::board::Board;
use crate::build::{self, Firmware};
use crate::failure::Failure;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// What an image is built from; the rest of the checkout has no part in it.
const PARTS: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "asm",
    "src",
    "boards",
    "tools",
];

/// A replacement in one file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edit {
    /// Path from the root of the checkout.
    pub(super) file: &'static str,
    /// Text that stands there exactly once.
    pub(super) find: &'static str,
    /// What stands there instead.
    pub(super) replace: &'static str,
}

/// Copies the sources, applies the edits in their order, and builds.
///
/// All copies lie in the same place and share what they build, so each costs the kernel only.
///
/// # Errors
///
/// When a text is not found exactly once: the sources have changed, and so must the mutant.
pub(super) fn build_with(
    workspace: &Workspace,
    toolchain: &Toolchain,
    board: Board,
    profile: &str,
    edits: &[Edit],
) -> Result<Firmware> {
    let base = workspace.target().join("mutants");
    let copy = Workspace::new(base.join("sources"), base.join("build"));
    fs::create_dir_all(copy.root())
        .with_context(|| format!("creating {}", copy.root().display()))?;
    for part in PARTS {
        mirror(&workspace.root().join(part), &copy.root().join(part))?;
    }
    for edit in edits {
        let path = copy.root().join(edit.file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let changed = apply(&text, edit)
            .with_context(|| format!("a mutant of {} does not fit any more", edit.file))?;
        fs::write(&path, changed).with_context(|| format!("writing {}", path.display()))?;
    }
    build::firmware(&copy, toolchain, board, profile)
}

/// The text with the replacement.
pub(super) fn apply(text: &str, edit: &Edit) -> Result<String> {
    match text.matches(edit.find).count() {
        1 => Ok(text.replacen(edit.find, edit.replace, 1)),
        count => Err(Failure::verdict(format!(
            "this stands {count} times in {}, not once:\n{}",
            edit.file, edit.find
        ))
        .into()),
    }
}

/// Makes `to` a copy of `from`. A file that is the same already keeps its time, so that cargo builds only what
/// has changed; one that is not there any more is removed.
fn mirror(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
        for entry in fs::read_dir(to)? {
            let name = entry?.file_name();
            if !from.join(&name).exists() {
                remove(&to.join(&name))?;
            }
        }
        for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
            let name = entry?.file_name();
            mirror(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    let bytes = fs::read(from).with_context(|| format!("reading {}", from.display()))?;
    if fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    fs::write(to, bytes).with_context(|| format!("writing {}", to.display()))
}

fn remove(path: &Path) -> Result<()> {
    let result = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    result.with_context(|| format!("removing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDIT: Edit = Edit {
        file: "f",
        find: "b",
        replace: "x",
    };

    #[test]
    fn a_text_that_stands_once_is_replaced_and_any_other_count_is_an_error() {
        assert_eq!(apply("abc", &EDIT).unwrap(), "axc");
        for text in ["", "ac", "abb"] {
            assert!(apply(text, &EDIT).is_err(), "{text}");
        }
    }

    #[test]
    fn a_mirror_takes_over_what_changed_and_drops_what_is_gone() {
        let base = std::env::temp_dir().join(format!("pivot-mirror-{}", std::process::id()));
        let (from, to) = (base.join("from"), base.join("to"));
        fs::create_dir_all(from.join("d")).unwrap();
        fs::create_dir_all(to.join("old")).unwrap();
        fs::write(from.join("d/same"), "1").unwrap();
        mirror(&from, &to).unwrap();
        let time = fs::metadata(to.join("d/same")).unwrap().modified().unwrap();
        fs::write(from.join("d/new"), "2").unwrap();
        mirror(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("d/new")).unwrap(), "2");
        assert_eq!(
            fs::metadata(to.join("d/same")).unwrap().modified().unwrap(),
            time
        );
        assert!(!to.join("old").exists());
        fs::remove_dir_all(base).unwrap();
    }
}
