//! A private apt configuration: other suites of the mirror that the machine already uses, without a
//! change to the machine's own sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::sources::{Source, mirror, parse_deb822, parse_one_line};
use super::versions::madison_versions;
use crate::failure::Failure;
use crate::step;

/// Where apt keeps the machine's sources (apt.conf(5), `Dir::Etc`).
const APT_DIRECTORY: &str = "/etc/apt";

/// An apt configuration in a directory of its own; the package database stays the machine's.
#[derive(Debug)]
pub(crate) struct PrivateApt {
    directory: PathBuf,
    /// The processor that packages are for, if not this machine's.
    architecture: Option<&'static str>,
}

impl PrivateApt {
    /// Whether this machine has apt at all.
    pub(crate) fn is_possible() -> bool {
        step::is_on_path("apt-get") && step::is_on_path("apt-cache")
    }

    /// Sets up a configuration that has one suite of the machine's mirror, and reads its index.
    ///
    /// With `and_own`, the machine's own entries are in it too (to install, not only to download).
    pub(crate) fn with_suite(directory: &Path, suite: &str, and_own: bool) -> Result<Self> {
        Self::open(directory, suite, and_own, None)
    }

    /// The same for packages of another processor, which are only to be looked into.
    pub(crate) fn with_foreign_suite(
        directory: &Path,
        suite: &str,
        architecture: &'static str,
    ) -> Result<Self> {
        Self::open(directory, suite, false, Some(architecture))
    }

    fn open(
        directory: &Path,
        suite: &str,
        and_own: bool,
        architecture: Option<&'static str>,
    ) -> Result<Self> {
        let sources = machine_sources()?;
        let source = mirror(&sources).ok_or_else(|| {
            Failure::environment("no Debian mirror among this machine's apt sources")
        })?;
        let parts = directory.join("sources.list.d");
        for path in [
            &parts,
            &directory.join("lists/partial"),
            &directory.join("cache/archives/partial"),
        ] {
            fs::create_dir_all(path).with_context(|| format!("creating {}", path.display()))?;
        }
        fs::write(parts.join("pivot-suite.sources"), source.stanza(suite))?;
        if and_own {
            copy_own_sources(&parts)?;
        }
        let apt = Self {
            directory: directory.to_path_buf(),
            architecture,
        };
        step::long(
            &format!("setup: reading the index of {suite}"),
            &mut apt.command("apt-get", &["update"]),
        )?;
        Ok(apt)
    }

    /// An apt program under this configuration.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let place = |name: &str| self.directory.join(name).display().to_string();
        let mut command = Command::new(program);
        for option in [
            "Dir::Etc::sourcelist=/dev/null".to_owned(),
            format!("Dir::Etc::sourceparts={}", place("sources.list.d")),
            format!("Dir::State::lists={}", place("lists")),
            format!("Dir::Cache={}", place("cache")),
            // The unprivileged download user cannot write into a directory of ours.
            "APT::Sandbox::User=".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        if let Some(name) = self.architecture {
            command.arg("-o").arg(format!("APT::Architecture={name}"));
            command
                .arg("-o")
                .arg(format!("APT::Architectures::={name}"));
        }
        command
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// The newest version of a package that begins with `prefix`.
    pub(crate) fn version_of(&self, package: &str, prefix: &str) -> Result<Option<String>> {
        let text = step::output(
            "asking apt which versions there are",
            &mut self.command("apt-cache", &["madison", package]),
        )?;
        Ok(madison_versions(&text)
            .find(|version| version.starts_with(prefix))
            .map(str::to_owned))
    }

    /// Downloads one package and unpacks it into a directory, without installing it.
    pub(crate) fn unpack(&self, package: &str, version: &str, place: &Path) -> Result<()> {
        let archive = self.download(package, version)?;
        extract(&archive, place)?;
        fs::remove_file(&archive).context("removing the package")
    }

    /// Downloads one package; returns its file, which lies in the configuration's directory.
    pub(crate) fn download(&self, package: &str, version: &str) -> Result<PathBuf> {
        let downloads = self.directory.join("download");
        fs::create_dir_all(&downloads)?;
        step::long(
            &format!("setup: downloading {package} {version}"),
            self.command("apt-get", &["download", &format!("{package}={version}")])
                .current_dir(&downloads),
        )?;
        fs::read_dir(&downloads)?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .ok_or_else(|| {
                Failure::environment(format!("apt downloaded no {package} package")).into()
            })
    }
}

/// Unpacks a package into a directory that is there or whose parent is.
pub(crate) fn extract(archive: &Path, place: &Path) -> Result<()> {
    step::output(
        &format!("unpacking {}", archive.display()),
        Command::new("dpkg").arg("-x").arg(archive).arg(place),
    )
    .map(drop)
}

/// Every archive that this machine's apt is configured for.
fn machine_sources() -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in source_files() {
        let text =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        if path
            .extension()
            .is_some_and(|extension| extension == "sources")
        {
            sources.extend(parse_deb822(&text));
        } else {
            sources.extend(parse_one_line(&text));
        }
    }
    if mirror(&sources).is_none() {
        sources.extend(indexed_source());
    }
    Ok(sources)
}

fn source_files() -> Vec<PathBuf> {
    let etc = Path::new(APT_DIRECTORY);
    let parts = etc
        .join("sources.list.d")
        .read_dir()
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<PathBuf> = parts
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|kind| kind == "list" || kind == "sources")
        })
        .collect();
    files.sort();
    files.insert(0, etc.join("sources.list"));
    files.retain(|path| path.is_file());
    files
}

fn copy_own_sources(parts: &Path) -> Result<()> {
    for path in source_files() {
        let name = path.file_name().unwrap_or_default();
        fs::copy(&path, parts.join(name)).with_context(|| format!("copying {}", path.display()))?;
    }
    Ok(())
}

/// What apt itself says, where its files hold nothing that was understood.
fn indexed_source() -> Option<Source> {
    let format = "$(CREATED_BY)|$(REPO_URI)|$(COMPONENT)";
    let text = step::output(
        "asking apt for its indexes",
        Command::new("apt-get").args(["indextargets", "--format", format]),
    )
    .ok()?;
    let row = text
        .lines()
        .find(|row| row.starts_with("Packages|") && row.ends_with("|main"))?;
    row.split('|').nth(1).map(Source::plain)
}
