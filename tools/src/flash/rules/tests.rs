//! The rules against the disks of a made-up machine that has one of everything.

use super::*;
use crate::failure::render;
use crate::flash::drives::recorded;

const IMAGE: u64 = 128 << 20;

fn wish(device: &str) -> Wish<'_> {
    Wish {
        device: Path::new(device),
        bytes: IMAGE,
        allow_fixed: false,
        held: &[],
    }
}

/// The refusal, with its help.
fn refusal(wish: &Wish<'_>) -> String {
    render(&judge(&recorded(), wish).unwrap_err().into())
}

#[test]
fn a_card_in_a_reader_is_taken_and_nothing_else_is_a_candidate() {
    assert_eq!(judge(&recorded(), &wish("/dev/sdb")).unwrap().name, "sdb");
    let drives = recorded();
    let names: Vec<&str> = candidates(&drives, &[])
        .iter()
        .map(|disk| disk.name.as_str())
        .collect();
    assert_eq!(names, ["sdb", "sdc", "sde", "mmcblk1"]);
}

#[test]
fn each_refusal_has_a_reason_of_its_own() {
    let refused = [
        ("/dev/sdx", "is not among the disks"),
        ("/dev/sdb1", "is a partition"),
        ("/dev/dm-1", "is of type lvm"),
        ("/dev/loop0", "is a loop device"),
        ("/dev/sr0", "is an optical drive"),
        ("/dev/zram0", "of a kind that is no card"),
        ("/dev/mmcblk0boot0", "of a kind that is no card"),
        ("/dev/sdf", "is read-only"),
        ("/dev/sdd", "there is no card in"),
        ("/dev/sde", "is too small"),
        ("/dev/nvme0n1", "carries /boot/efi of the running system"),
        ("/dev/sdg", "is part of a linux_raid_member"),
        ("/dev/sda", "is built in"),
        ("/dev/mmcblk0", "is built in"),
        ("/dev/sdc", "is mounted at"),
    ];
    for (device, reason) in refused {
        let text = refusal(&wish(device));
        assert!(text.contains(reason), "{device}: {text}");
        for (other, elsewhere) in refused {
            let is_same = device == other || reason == elsewhere;
            assert!(is_same || !text.contains(elsewhere), "{device}: {text}");
        }
    }
}

#[test]
fn help_names_the_disk_of_a_partition_and_every_unmount() {
    assert!(refusal(&wish("/dev/sdb1")).ends_with("did you mean /dev/sdb?"));
    let text = refusal(&wish("/dev/sdc"));
    for part in ["/dev/sdc1", "/dev/sdc2"] {
        let command = format!("udisksctl unmount -b {part}");
        assert!(text.contains(&command), "{text}");
    }
}

#[test]
fn a_disk_that_is_built_in_can_be_insisted_on_but_never_the_systems() {
    let insisting = |device| Wish {
        allow_fixed: true,
        ..wish(device)
    };
    assert_eq!(
        judge(&recorded(), &insisting("/dev/sda")).unwrap().name,
        "sda"
    );
    for device in ["/dev/nvme0n1", "/dev/sdg", "/dev/sdc"] {
        assert!(judge(&recorded(), &insisting(device)).is_err(), "{device}");
    }
}

#[test]
fn the_disk_with_the_repository_or_the_image_is_never_written() {
    let held = [Held {
        number: "8:17".to_owned(),
        what: "this repository".to_owned(),
    }];
    let text = refusal(&Wish {
        held: &held,
        ..wish("/dev/sdb")
    });
    assert!(text.contains("/dev/sdb1 carries this repository"), "{text}");
    assert!(
        candidates(&recorded(), &held)
            .iter()
            .all(|disk| disk.name != "sdb")
    );
}

#[test]
fn a_card_as_large_as_the_image_is_large_enough() {
    let exact = |bytes| Wish {
        bytes,
        ..wish("/dev/sdb")
    };
    let bytes = 31_914_983_424;
    assert!(judge(&recorded(), &exact(bytes)).is_ok());
    assert!(judge(&recorded(), &exact(bytes + 1)).is_err());
}

/// What is said if `change` happens to the card between the two looks.
fn after(change: impl FnOnce(&mut Drive)) -> Result<(), Failure> {
    let before = recorded();
    let mut now = recorded();
    let wish = wish("/dev/sdb");
    change(now.iter_mut().find(|disk| disk.name == "sdb").unwrap());
    judge_again(judge(&before, &wish).unwrap(), &now, &wish)
}

#[test]
fn a_card_that_is_another_one_after_the_question_is_not_written() {
    assert!(after(|_| ()).is_ok());
    type Change = (fn(&mut Drive), &'static str);
    let changes: [Change; 8] = [
        (|disk| disk.bytes /= 2, "size was `31914983424 bytes`"),
        (|disk| disk.serial = "2".to_owned(), "is `2`"),
        (|disk| disk.model.clear(), "model was `STORAGE DEVICE`"),
        (|disk| disk.number = "8:32".to_owned(), "is `8:32`"),
        (|disk| disk.bytes = 0, "there is no card in"),
        (|disk| disk.is_read_only = true, "is read-only"),
        (
            |disk| disk.children[0].mounts.push("/media/me/card".to_owned()),
            "is mounted at /media/me/card",
        ),
        (
            |disk| disk.path = "/dev/sdq".to_owned(),
            "is not among the disks",
        ),
    ];
    for (change, says) in changes {
        let error = after(change).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn what_is_found_on_a_card_meanwhile_makes_it_no_other_card() {
    let udev_is_late = |disk: &mut Drive| disk.children[0].filesystem = "vfat".to_owned();
    assert!(after(udev_is_late).is_ok());
}

#[test]
fn places_below_the_systems_are_the_systems_and_a_card_of_a_similar_name_is_not() {
    for place in ["/", "/boot/firmware", "/usr/local", "/home", "[SWAP]"] {
        assert!(is_system(place), "{place}");
    }
    for place in ["/home/me/card", "/bootcard", "/media/me/boot", "/mnt"] {
        assert!(!is_system(place), "{place}");
    }
}
