//! Reads version numbers out of what rustc, QEMU and apt print. Pure.

/// The version of a Rust compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RustVersion {
    /// First number.
    pub(crate) major: u32,
    /// Second number.
    pub(crate) minor: u32,
    /// Third number.
    pub(crate) patch: u32,
}

impl RustVersion {
    /// Reads the line that `rustc --version` prints.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let word = line.strip_prefix("rustc ")?.split_whitespace().next()?;
        let release = word.split('-').next()?;
        let mut numbers = release.split('.').map(|part| part.parse().ok());
        let version = Self {
            major: numbers.next()??,
            minor: numbers.next()??,
            patch: numbers.next()??,
        };
        numbers.next().is_none().then_some(version)
    }

    /// What Debian's version of exactly this release begins with.
    pub(crate) fn exact_prefix(self) -> String {
        format!("{}.{}.{}+", self.major, self.minor, self.patch)
    }

    /// What Debian's version of any release of this minor version begins with.
    pub(crate) fn minor_prefix(self) -> String {
        format!("{}.{}.", self.major, self.minor)
    }
}

impl std::fmt::Display for RustVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Major and minor version out of the first line of `qemu-system-aarch64 --version`.
pub(crate) fn qemu_version(text: &str) -> Option<(u32, u32)> {
    let rest = text.lines().next()?.split_once("version ")?.1;
    two_numbers(rest)
}

/// The major version of a Debian package version such as `1:10.0.2+ds-2`.
pub(crate) fn debian_upstream_major(version: &str) -> Option<u32> {
    let upstream = version.split_once(':').map_or(version, |(_, rest)| rest);
    two_numbers(upstream).map(|(major, _)| major)
}

fn two_numbers(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The versions in the output of `apt-cache madison PACKAGE`, in its order (newest first).
pub(crate) fn madison_versions(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let mut columns = line.split('|').map(str::trim);
        let (_package, version) = (columns.next()?, columns.next()?);
        columns.next()?;
        (!version.is_empty()).then_some(version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADISON: &str = "\
  rust-src | 1.97.1+dfsg1-1 | http://mirror.example/debian sid/main amd64 Packages
  rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://mirror.example/debian trixie-backports/main amd64 Packages
W: something that is no row
";

    #[test]
    fn the_version_of_a_stable_and_of_a_nightly_compiler_is_read() {
        let stable = RustVersion::parse("rustc 1.95.0 (59807616e 2026-04-14)").unwrap();
        assert_eq!(
            stable,
            RustVersion {
                major: 1,
                minor: 95,
                patch: 0
            }
        );
        let nightly = RustVersion::parse("rustc 1.97.0-nightly (abcdef012 2026-05-10)\n").unwrap();
        assert_eq!(
            nightly,
            RustVersion {
                major: 1,
                minor: 97,
                patch: 0
            }
        );
        assert!(stable < nightly);
    }

    #[test]
    fn what_is_no_version_line_is_refused() {
        for line in [
            "",
            "rustc",
            "rustc x.y.z",
            "cargo 1.95.0",
            "rustc 1.95",
            "rustc 1.95.0.1",
        ] {
            assert_eq!(RustVersion::parse(line), None, "{line}");
        }
    }

    #[test]
    fn prefixes_do_not_match_a_longer_number() {
        let version = RustVersion {
            major: 1,
            minor: 9,
            patch: 1,
        };
        assert!("1.9.1+dfsg1-1".starts_with(&version.exact_prefix()));
        assert!(!"1.9.11+dfsg1-1".starts_with(&version.exact_prefix()));
        assert!(!"1.95.1+dfsg1-1".starts_with(&version.minor_prefix()));
    }

    #[test]
    fn emulator_versions_are_read_with_and_without_a_distributions_suffix() {
        let debian =
            "QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1~bpo12+1)\nCopyright";
        assert_eq!(qemu_version(debian), Some((10, 0)));
        assert_eq!(qemu_version("QEMU emulator version 9.2.50"), Some((9, 2)));
        assert_eq!(qemu_version("command not found"), None);
    }

    #[test]
    fn an_epoch_is_not_the_upstream_version() {
        assert_eq!(debian_upstream_major("1:10.0.2+ds-2"), Some(10));
        assert_eq!(debian_upstream_major("7.2+dfsg-7"), Some(7));
    }

    #[test]
    fn madison_rows_are_read_in_order_and_other_lines_skipped() {
        let versions: Vec<&str> = madison_versions(MADISON).collect();
        assert_eq!(versions, ["1.97.1+dfsg1-1", "1.95.0+dfsg1-2~bpo13+1"]);
        assert_eq!(madison_versions("").count(), 0);
    }
}
