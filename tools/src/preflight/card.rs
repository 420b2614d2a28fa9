//! Items 4 and 5: config.txt, and what lies on the card. Pure.

use std::collections::BTreeMap;

use crate::card::CardFile;
use crate::preflight::answer::{Found, all, expect};

/// Keys that must be there, with what they must say, and why.
const NEEDED: [(&str, &str); 6] = [
    ("arm_64bit", "1"),
    ("kernel", "kernel8.img"),
    ("kernel_address", "0x80000"),
    ("enable_gic", "1"),
    ("enable_uart", "1"),
    ("init_uart_clock", "48000000"),
];

/// Keys that must not be there: no stub or another one, other addresses of devices, a tree at a fixed place.
const FORBIDDEN: [&str; 4] = [
    "kernel_old",
    "armstub",
    "arm_peri_high",
    "device_tree_address",
];

/// Item 4: the keys of config.txt (Raspberry Pi documentation, "config.txt").
pub(super) fn config(text: &str) -> Found {
    let keys = parse(text)?;
    let needed = NEEDED.map(|(key, value)| match keys.get(key) {
        Some(&is) if is == value => Ok(format!("{key}={value}")),
        Some(is) => Err(format!("{key} is {is}, not {value}")),
        None => Err(format!("{key}={value} is missing")),
    });
    let forbidden = FORBIDDEN.map(|key| {
        expect(
            !keys.contains_key(key),
            format!("no {key}"),
            format!("{key} must not be there"),
        )
    });
    all(needed.into_iter().chain(forbidden))
}

/// The keys that hold on a Pi 4: of `[pi4]`, `[all]` and what stands before any filter.
fn parse(text: &str) -> Result<BTreeMap<&str, &str>, String> {
    let mut keys = BTreeMap::new();
    let mut holds = true;
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        if let Some(filter) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            holds = matches!(filter, "all" | "pi4");
            continue;
        }
        let (key, value) = line
            .split_once('=')
            .ok_or_else(|| format!("`{line}` is not a key and its value"))?;
        if holds && keys.insert(key.trim(), value.trim()).is_some() && key != "dtoverlay" {
            return Err(format!("{key} is there twice"));
        }
    }
    Ok(keys)
}

/// What must lie on the card (Raspberry Pi documentation, "Boot folder contents").
const FILES: [&str; 5] = [
    "start4.elf",
    "fixup4.dat",
    "bcm2711-rpi-4-b.dtb",
    "kernel8.img",
    "config.txt",
];

/// Item 5: the files on a card, which is to have the image that is checked here.
pub(super) fn card(files: &[CardFile], image: &[u8]) -> Found {
    let file = |name: &str| {
        files
            .iter()
            .find(|file| file.name.eq_ignore_ascii_case(name))
    };
    let there = FILES.map(|name| {
        expect(
            file(name).is_some(),
            name,
            format!("{name} is not on the card"),
        )
    });
    let stub = files
        .iter()
        .find(|file| file.name.to_ascii_lowercase().starts_with("armstub"));
    let stub = match stub {
        None => Ok("no armstub".to_owned()),
        Some(stub) => Err(format!(
            "the firmware would run {} in place of its own stub",
            stub.name
        )),
    };
    let is_same = file("kernel8.img").is_none_or(|kernel| kernel.bytes == image);
    let same = expect(
        is_same,
        "the image that is checked here",
        "its kernel8.img is another image: `cargo xtask image` makes a card with this one",
    );
    let keys = file("config.txt").map_or(Ok(String::new()), |file| {
        config(&String::from_utf8_lossy(&file.bytes))
            .map(|_| "config.txt as in item 4".to_owned())
            .map_err(|why| format!("in its config.txt {why}"))
    });
    all(there.into_iter().chain([stub, same, keys]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# a comment\narm_64bit=1\nkernel=kernel8.img\nkernel_address=0x80000\n\
                        enable_gic=1 # why\nenable_uart=1\ninit_uart_clock=48000000\n";

    #[test]
    fn each_key_that_is_missing_wrong_twice_or_forbidden_is_named() {
        config(GOOD).unwrap();
        config(&format!("{GOOD}[pi5]\nkernel=other\n[all]\n")).unwrap();
        for (text, word) in [
            (GOOD.replace("enable_gic=1", ""), "enable_gic=1 is missing"),
            (
                GOOD.replace("enable_gic=1", "enable_gic=0"),
                "enable_gic is 0",
            ),
            (
                GOOD.replace("enable_gic=1", "[pi3]\nenable_gic=1"),
                "enable_gic=1 is missing",
            ),
            (format!("{GOOD}armstub=x.bin\n"), "armstub must not"),
            (
                format!("{GOOD}enable_uart=1\n"),
                "enable_uart is there twice",
            ),
            (format!("{GOOD}nonsense\n"), "`nonsense`"),
        ] {
            let what = config(&text).unwrap_err();
            assert!(what.contains(word), "{what}");
        }
    }

    #[test]
    fn the_card_needs_every_file_and_this_image_and_no_stub() {
        let file = |name: &str, bytes: &[u8]| CardFile {
            name: name.to_owned(),
            bytes: bytes.to_owned(),
        };
        let mut good: Vec<CardFile> = FILES.iter().map(|name| file(name, b"this")).collect();
        good[4].bytes = GOOD.into();
        card(&good, b"this").unwrap();
        for (number, name) in FILES.iter().enumerate() {
            let mut files = good.clone();
            files.remove(number);
            let what = card(&files, b"this").unwrap_err();
            assert_eq!(what, format!("{name} is not on the card"));
        }
        let with = |name: &str, bytes: &[u8]| {
            let mut files = good.clone();
            files.retain(|file| file.name != name);
            files.push(file(name, bytes));
            card(&files, b"this").unwrap_err()
        };
        assert!(with("armstub8.bin", b"x").contains("armstub8.bin in place"));
        assert!(with("kernel8.img", b"other").contains("another image"));
        assert!(with("config.txt", b"").contains("arm_64bit=1 is missing"));
    }
}
