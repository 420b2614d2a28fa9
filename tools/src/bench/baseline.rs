//! The figures that were blessed: one set for each compiler, in a file of the repository. Pure but for the file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::figures::Hundredths;
use crate::workspace::Workspace;

/// Figures by name.
pub(crate) type Figures = BTreeMap<String, u64>;

/// Figures by compiler, as `rustc -V` names itself.
#[derive(Debug)]
pub(crate) struct Baseline {
    path: PathBuf,
    sets: BTreeMap<String, Figures>,
}

/// What one figure is against the blessed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Against {
    /// There is none.
    New,
    /// Within what is allowed.
    Near(Hundredths),
    /// Further away.
    Far(Hundredths),
}

impl Baseline {
    /// Reads the file; one that is not there is empty.
    pub(crate) fn read(workspace: &Workspace) -> Result<Self> {
        let path = workspace.root().join("tools/baseline/bench.json");
        let sets = if path.exists() {
            let text =
                fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            serde_json::from_str(&text).with_context(|| format!("in {}", path.display()))?
        } else {
            BTreeMap::new()
        };
        Ok(Self { path, sets })
    }

    /// The figures of `compiler`.
    pub(crate) fn of(&self, compiler: &str) -> Option<&Figures> {
        self.sets.get(compiler)
    }

    /// The compilers that there are figures of.
    pub(crate) fn compilers(&self) -> impl Iterator<Item = &str> {
        self.sets.keys().map(String::as_str)
    }

    /// Makes these the figures of `compiler`; returns the file that was written.
    pub(crate) fn bless(mut self, compiler: &str, figures: Figures) -> Result<PathBuf> {
        self.sets.insert(compiler.to_owned(), figures);
        let text = serde_json::to_string_pretty(&self.sets)? + "\n";
        write(&self.path, &text)?;
        Ok(self.path)
    }
}

/// Writes a file and its directory.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// Compares a figure with the blessed ones: so many percent either way are allowed.
pub(crate) fn against(
    figures: Option<&Figures>,
    name: &str,
    now: Hundredths,
    slack: u64,
) -> Against {
    let Some(&before) = figures.and_then(|figures| figures.get(name)) else {
        return Against::New;
    };
    if u128::from(now.0.abs_diff(before)) * 100 > u128::from(before) * u128::from(slack) {
        Against::Far(Hundredths(before))
    } else {
        Against::Near(Hundredths(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_percent_are_near_and_a_hundredth_more_is_far_in_both_directions() {
        let figures = Figures::from([("x".to_owned(), 10_000)]);
        let compare = |now| against(Some(&figures), "x", Hundredths(now), 2);
        let before = Hundredths(10_000);
        assert_eq!(compare(10_200), Against::Near(before));
        assert_eq!(compare(9_800), Against::Near(before));
        assert_eq!(compare(10_201), Against::Far(before));
        assert_eq!(compare(9_799), Against::Far(before));
    }

    #[test]
    fn what_was_never_blessed_is_new() {
        let figures = Figures::new();
        assert_eq!(against(Some(&figures), "x", Hundredths(1), 2), Against::New);
        assert_eq!(against(None, "x", Hundredths(1), 2), Against::New);
    }

    #[test]
    fn each_compiler_has_its_own_figures() {
        let root = std::env::temp_dir().join(format!("pivot-baseline-{}", std::process::id()));
        let workspace = Workspace::new(root.clone(), root.join("target"));
        for (compiler, figure) in [("a", 1), ("b", 2), ("a", 3)] {
            let baseline = Baseline::read(&workspace).unwrap();
            baseline
                .bless(compiler, Figures::from([("x".to_owned(), figure)]))
                .unwrap();
        }
        let baseline = Baseline::read(&workspace).unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(baseline.compilers().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(baseline.of("a").unwrap()["x"], 3);
        assert_eq!(baseline.of("b").unwrap()["x"], 2);
    }
}
