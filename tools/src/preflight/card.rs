//! Items 4 and 5: config.txt, and what lies on the card. Pure.

use std::collections::BTreeMap;

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

/// FAT32 with LBA addresses, the type that every boot loader of a Pi 4 takes.
const FAT32_LBA: u8 = 0x0c;

/// Item 5: the first sector of a card image, and the names in its root directory.
pub(super) fn card(sector: &[u8], names: &[String]) -> Found {
    let entry = sector
        .get(0x1be..0x1ce)
        .ok_or("the card image has no first sector")?;
    let start = u32::from_le_bytes([entry[8], entry[9], entry[10], entry[11]]);
    let has = |name: &str| names.iter().any(|there| there.eq_ignore_ascii_case(name));
    let files = FILES.map(|name| expect(has(name), name, format!("{name} is not on the card")));
    all([
        expect(
            sector.get(0x1fe..0x200) == Some(&[0x55, 0xaa][..]),
            "a partition table",
            "no partition table",
        ),
        expect(
            entry[4] == FAT32_LBA,
            "first partition of type 0x0c",
            format!("the first partition is of type {:#04x}, not 0x0c", entry[4]),
        ),
        expect(
            start > 0 && start.is_multiple_of(2048),
            format!("from sector {start}"),
            format!("the partition begins at sector {start}, no multiple of 1 MiB"),
        ),
    ]
    .into_iter()
    .chain(files))
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
    fn the_card_needs_its_partition_and_every_file() {
        let mut sector = vec![0; 512];
        sector[0x1c2] = 0x0c;
        sector[0x1c6..0x1ca].copy_from_slice(&2048_u32.to_le_bytes());
        sector[0x1fe..].copy_from_slice(&[0x55, 0xaa]);
        let names: Vec<String> = FILES.iter().map(|name| name.to_uppercase()).collect();
        card(&sector, &names).unwrap();
        assert!(
            card(&sector, &names[1..])
                .unwrap_err()
                .contains("start4.elf")
        );
        sector[0x1c2] = 0xef;
        assert!(card(&sector, &names).unwrap_err().contains("0xef"));
        assert!(card(&[0; 4], &names).is_err());
    }
}
