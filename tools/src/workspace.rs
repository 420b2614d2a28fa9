//! Where the project, its build output and the tool's own files lie.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::board::Board;

/// The directories that the tool works in.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the workspace that this tool was started from.
    ///
    /// Cargo says where the crate is in the environment of what it runs; a tool that is started by
    /// hand goes by the place that it was built in.
    pub(crate) fn find() -> Result<Self> {
        let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest_dir
            .parent()
            .context("the host tool's crate has no parent directory")?
            .to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR").filter(|value| !value.is_empty()) {
            // Relative to where the person stands, as cargo takes it.
            Some(directory) => env::current_dir()?.join(directory),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// A workspace in another place: a copy of the sources.
    pub(crate) fn new(root: PathBuf, target: PathBuf) -> Self {
        Self { root, target }
    }

    /// The directory of the workspace's `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target directory.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where the finished image of a board is put: what is flashed under the board's name, an image of another
    /// profile beside it.
    pub(crate) fn image_dir(&self, board: Board, profile: &str) -> PathBuf {
        let name = match profile {
            "release" => board.name().to_owned(),
            other => format!("{}-{other}", board.name()),
        };
        self.target.join("pivot").join(name)
    }

    /// Where the finished image of an example is put.
    pub(crate) fn example_dir(&self, board: Board, profile: &str, example: &str) -> PathBuf {
        let images = self.image_dir(board, profile);
        images.join("examples").join(example)
    }

    /// A directory for the files of one run of an emulator (logs, device tree, stub).
    pub(crate) fn run_dir(&self, name: &str) -> PathBuf {
        self.target.join("pivot").join("runs").join(name)
    }
}
