//! The disks of this machine, as `lsblk` of util-linux lists them.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::failure::Failure;
use crate::step;

/// For tests only: a file that has the output of `lsblk`, which is then not asked. With it, plain files and loop
/// devices are written, and nothing else.
const RECORDED: &str = "PIVOT_LSBLK";

/// What is asked for; `MOUNTPOINT` has one place where `MOUNTPOINTS` (util-linux 2.37) has all.
const COLUMNS: &str =
    "NAME,KNAME,PATH,TYPE,SIZE,RO,RM,HOTPLUG,TRAN,MODEL,SERIAL,FSTYPE,LABEL,MAJ:MIN";

/// A disk, or what lies on one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Drive {
    /// The kernel's name: `sdb`.
    pub(super) name: String,
    /// Where it is opened: `/dev/sdb`.
    pub(super) path: String,
    /// `disk`, `part`, `loop`, `rom`, `lvm`, `crypt`, `raid1`, …
    pub(super) kind: String,
    /// Its size; none where there is no medium.
    pub(super) bytes: u64,
    /// Whether it refuses to be written.
    pub(super) is_read_only: bool,
    /// Whether the medium or the whole device can be taken out while the machine runs.
    pub(super) is_removable: bool,
    /// `usb`, `mmc`, `sata`, `nvme`, …; empty if unknown.
    pub(super) transport: String,
    /// What it says that it is.
    pub(super) model: String,
    /// Its serial number, or nothing.
    pub(super) serial: String,
    /// What lies on it, as far as udev knows.
    pub(super) filesystem: String,
    /// What its owner called that.
    pub(super) label: String,
    /// Where it is mounted; `[SWAP]` where it is swapped to.
    pub(super) mounts: Vec<String>,
    /// Device number, `MAJOR:MINOR`.
    pub(super) number: String,
    /// What lies on it: partitions, and what holds those.
    pub(super) children: Vec<Drive>,
}

impl Drive {
    /// It, and everything that lies on it.
    pub(super) fn tree(&self) -> Vec<&Self> {
        let mut all = vec![self];
        for child in &self.children {
            all.extend(child.tree());
        }
        all
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Drives {
    pub(super) all: Vec<Drive>,
    /// Whether they are a test's.
    pub(super) are_recorded: bool,
}

impl Drives {
    /// Asks `lsblk`.
    pub(super) fn find() -> Result<Self> {
        if let Some(file) = env::var_os(RECORDED).map(PathBuf::from) {
            let text = fs::read_to_string(&file)
                .with_context(|| format!("reading {RECORDED}={}", file.display()))?;
            return Ok(Self {
                all: parse(&text)?,
                are_recorded: true,
            });
        }
        if !step::is_on_path("lsblk") {
            let what = "there is no lsblk, which says what is a card and what is not";
            return Err(Failure::environment(what)
                .help("./flash.sh --image-only FILE, and Raspberry Pi Imager to write the file")
                .into());
        }
        let text = ask("MOUNTPOINTS").or_else(|_| ask("MOUNTPOINT"))?;
        Ok(Self {
            all: parse(&text)?,
            are_recorded: false,
        })
    }
}

fn ask(mounts: &str) -> Result<String> {
    let columns = format!("{COLUMNS},{mounts}");
    // With those that are empty: a reader without a card is to be called that.
    step::output(
        "listing the disks",
        Command::new("lsblk").args(["--json", "--bytes", "--all", "--output", &columns]),
    )
}

fn parse(text: &str) -> Result<Vec<Drive>> {
    let value: Value = serde_json::from_str(text).context("reading what lsblk says")?;
    let devices = value["blockdevices"]
        .as_array()
        .context("lsblk lists no block devices")?;
    Ok(devices.iter().map(drive).collect())
}

fn drive(value: &Value) -> Drive {
    // What a device says of itself is shown on a terminal, which would obey some of it.
    let text = |key: &str| {
        let said = value[key].as_str().unwrap_or_default().trim();
        said.replace(char::is_control, "?")
    };
    let mut mounts = list(&value["mountpoints"]);
    mounts.extend(list(&value["mountpoint"]));
    Drive {
        name: text("kname"),
        path: text("path"),
        kind: text("type"),
        bytes: number(&value["size"]),
        is_read_only: flag(&value["ro"]),
        is_removable: flag(&value["rm"]) || flag(&value["hotplug"]),
        transport: text("tran"),
        model: text("model"),
        serial: text("serial"),
        filesystem: text("fstype"),
        label: text("label"),
        mounts,
        number: text("maj:min"),
        children: value["children"]
            .as_array()
            .map(|children| children.iter().map(drive).collect())
            .unwrap_or_default(),
    }
}

/// Older ones write numbers and flags as text.
fn number(value: &Value) -> u64 {
    let text = || value.as_str()?.trim().parse().ok();
    value.as_u64().or_else(text).unwrap_or_default()
}

fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or(number(value) != 0)
}

fn list(value: &Value) -> Vec<String> {
    let one = std::slice::from_ref(value);
    value
        .as_array()
        .map_or(one, Vec::as_slice)
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// The disks that the tests of this program know.
#[cfg(test)]
pub(super) fn recorded() -> Vec<Drive> {
    parse(include_str!("../../../tests/fixtures/lsblk.json")).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_has_its_partitions_and_they_have_what_holds_them() {
        let all = recorded();
        let disk = all.iter().find(|drive| drive.name == "nvme0n1").unwrap();
        let names: Vec<&str> = disk.tree().iter().map(|part| part.name.as_str()).collect();
        assert_eq!(
            names,
            ["nvme0n1", "nvme0n1p1", "nvme0n1p2", "dm-0", "dm-1", "dm-2"]
        );
        let card = all.iter().find(|drive| drive.name == "sdb").unwrap();
        assert_eq!((card.bytes, card.is_removable), (31_914_983_424, true));
        assert_eq!(
            (card.transport.as_str(), card.number.as_str()),
            ("usb", "8:16")
        );
        assert_eq!(card.model, "STORAGE DEVICE");
        assert_eq!(card.children[0].label, "HOLIDAY 2019");
    }

    #[test]
    fn an_old_lsblk_writes_text_where_a_new_one_has_numbers_and_lists() {
        let text = r#"{"blockdevices": [{"name":"sdb", "kname":"sdb", "path":"/dev/sdb",
            "type":"disk", "size":"1024", "ro":"0", "rm":"1", "hotplug":"1", "tran":"usb",
            "model":"Reader  ", "maj:min":"8:16", "mountpoint":"/media/card"}]}"#;
        let all = parse(text).unwrap();
        assert_eq!((all[0].bytes, all[0].is_removable), (1024, true));
        assert!(!all[0].is_read_only);
        assert_eq!(all[0].mounts, ["/media/card"]);
        assert_eq!(all[0].model, "Reader");
    }

    #[test]
    fn what_a_card_is_called_does_not_command_the_terminal() {
        let text = r#"{"blockdevices": [{"kname":"sdb1", "label":"\u001b[2J safe"}]}"#;
        assert_eq!(parse(text).unwrap()[0].label, "?[2J safe");
    }

    #[test]
    fn what_is_no_list_of_disks_is_an_error() {
        assert!(parse("").is_err());
        assert!(parse("{}").is_err());
    }
}
