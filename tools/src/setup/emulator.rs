//! Makes sure that QEMU is there, new enough to know `raspi4b`.

use std::fs;
use std::process::{self, Command};

use anyhow::Result;

use super::apt::PrivateApt;
use super::versions::{debian_upstream_major, madison_versions, qemu_version};
use crate::failure::Failure;
use crate::qemu::PROGRAM;
use crate::step;

/// `-M raspi4b` came with QEMU 9.0 (its release notes).
const OLDEST_MAJOR: u32 = 9;

/// Debian's package that has the program.
const PACKAGE: &str = "qemu-system-arm";

pub(super) fn ensure() -> Result<()> {
    match installed() {
        Some((major, _)) if major >= OLDEST_MAJOR => return Ok(()),
        Some((major, minor)) => {
            eprintln!("setup: QEMU {major}.{minor} is too old: raspi4b came with {OLDEST_MAJOR}.0");
        }
        None => eprintln!("setup: there is no {PROGRAM}"),
    }
    if !PrivateApt::is_possible() {
        return Err(missing("this machine has no apt to install it with"));
    }
    install()?;
    match installed() {
        Some((major, _)) if major >= OLDEST_MAJOR => Ok(()),
        _ => Err(missing(&format!(
            "{PACKAGE} was installed, but is still too old or not found"
        ))),
    }
}

/// Version of the emulator in words.
pub(super) fn describe() -> Result<String> {
    let text = step::output(
        "asking QEMU for its version",
        Command::new(PROGRAM).arg("--version"),
    )?;
    Ok(text
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("QEMU emulator version ")
        .to_owned())
}

fn installed() -> Option<(u32, u32)> {
    let output = Command::new(PROGRAM).arg("--version").output().ok()?;
    qemu_version(&String::from_utf8_lossy(&output.stdout))
}

fn missing(why: &str) -> anyhow::Error {
    Failure::environment(format!("QEMU {OLDEST_MAJOR}.0 or newer is needed: {why}"))
        .help(by_hand())
        .into()
}

fn by_hand() -> String {
    let suite = backports_suite().map_or_else(String::new, |suite| {
        format!(" -t {suite}    (once {suite} is among the apt sources)")
    });
    format!("apt-get install {PACKAGE}{suite}")
}

fn install() -> Result<()> {
    let directory = std::env::temp_dir().join(format!("pivot-setup-{}", process::id()));
    let result = install_in(&directory);
    // A leftover in the temporary directory is harmless.
    let _ = fs::remove_dir_all(&directory);
    result
}

fn install_in(directory: &std::path::Path) -> Result<()> {
    if candidate_major().is_some_and(|major| major >= OLDEST_MAJOR) {
        let mut command = Command::new("apt-get");
        command.args(["install", "--yes", "--no-install-recommends", PACKAGE]);
        return as_root(&format!("setup: installing {PACKAGE}"), &mut command);
    }
    let Some(suite) = backports_suite() else {
        return Err(missing("this distribution has no newer one"));
    };
    let apt = PrivateApt::with_suite(directory, &suite, true)?;
    let arguments = [
        "install",
        "--yes",
        "--no-install-recommends",
        "-t",
        &suite,
        PACKAGE,
    ];
    as_root(
        &format!("setup: installing {PACKAGE} from {suite}"),
        &mut apt.command("apt-get", &arguments),
    )
}

/// The version that the machine's own sources offer.
fn candidate_major() -> Option<u32> {
    let text = step::output("", Command::new("apt-cache").args(["madison", PACKAGE])).ok()?;
    madison_versions(&text)
        .filter_map(debian_upstream_major)
        .max()
}

/// `CODENAME-backports`, where the machine says its code name (os-release(5)).
fn backports_suite() -> Option<String> {
    codename(&fs::read_to_string("/etc/os-release").ok()?).map(|name| format!("{name}-backports"))
}

fn codename(os_release: &str) -> Option<&str> {
    os_release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .map(|value| value.trim_matches('"'))
        .filter(|name| !name.is_empty())
}

/// Runs a command that changes the system: as root, or by `sudo` if that asks nothing.
fn as_root(what: &str, command: &mut Command) -> Result<()> {
    if is_root() {
        return step::long(what, command).map(drop);
    }
    let can_sudo = Command::new("sudo")
        .args(["-n", "true"])
        .output()
        .is_ok_and(|o| o.status.success());
    if !can_sudo {
        return Err(Failure::environment(format!("{what}: needs root"))
            .help(format!("sudo {}", by_hand()))
            .into());
    }
    let mut sudo = Command::new("sudo");
    sudo.arg("-n")
        .arg("env")
        .arg("DEBIAN_FRONTEND=noninteractive");
    sudo.arg(command.get_program()).args(command.get_args());
    step::long(what, &mut sudo).map(drop)
}

fn is_root() -> bool {
    step::output("", Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_name_is_read_with_and_without_quotes() {
        assert_eq!(
            codename("ID=debian\nVERSION_CODENAME=bookworm\n"),
            Some("bookworm")
        );
        assert_eq!(codename("VERSION_CODENAME=\"trixie\"\n"), Some("trixie"));
        assert_eq!(codename("ID=debian\nVERSION_CODENAME=\n"), None);
    }
}
