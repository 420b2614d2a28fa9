//! The finding of firmware, in directories with stand-ins of it.

use super::*;

/// A directory with stand-ins of the files.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &[u8])]) -> Self {
        let id = std::process::id();
        let path = std::env::temp_dir().join(format!("pivot-vendor-{name}-{id}"));
        fs::create_dir_all(path.join("overlays")).unwrap();
        for (name, bytes) in files {
            fs::write(path.join(name), bytes).unwrap();
        }
        Self(path)
    }

    fn names(&self) -> Result<Vec<String>> {
        Folder::names_of(std::slice::from_ref(&self.0))
    }

    fn names_of(places: &[PathBuf]) -> Result<Vec<String>> {
        let files = Source::of(places).files()?;
        Ok(files.into_iter().map(|file| file.name).collect())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const ELF: &[u8] = b"\x7fELF...";
const DTB: &[u8] = b"\xd0\x0d\xfe\xed..arm,gic-400";

#[test]
fn what_a_board_needs_may_lie_in_two_places_and_the_rest_is_taken_where_it_is_found() {
    let firmware = Folder::new(
        "pair",
        &[
            ("start4.elf", ELF),
            ("fixup4.dat", b"1"),
            ("LICENCE.broadcom", b"terms"),
        ],
    );
    let kernel = Folder::new("tree", &[(TREE, DTB)]);
    assert_eq!(
        Folder::names_of(&[firmware.0.clone(), kernel.0.clone()]).unwrap(),
        ["start4.elf", "fixup4.dat", TREE, LICENCE]
    );
}

#[test]
fn the_overlay_is_that_of_the_firmwares_own_release_or_none() {
    let pair = [("start4.elf", ELF), ("fixup4.dat", &b"1"[..])];
    let firmware = Folder::new("own", &pair);
    let overlay = b"\xd0\x0d\xfe\xed";
    let other = Folder::new("other", &[(TREE, DTB), (OVERLAY, overlay)]);
    let places = [other.0.clone(), firmware.0.clone()];
    let names = Folder::names_of(&places).unwrap();
    assert_eq!(names, ["start4.elf", "fixup4.dat", TREE]);
    let notes = |places: &[PathBuf]| notes(&Source::of(places).files().unwrap()).join("\n");
    let said = notes(&places);
    for words in [OVERLAY, "beside start4.elf", "raspberrypi/firmware"] {
        assert!(said.contains(words), "{said}");
    }
    fs::write(firmware.0.join(OVERLAY), overlay).unwrap();
    let names = Folder::names_of(&places).unwrap();
    assert_eq!(names.last().unwrap(), OVERLAY);
    assert!(!notes(&places).contains(OVERLAY));
}

#[test]
fn each_missing_file_is_named_with_where_to_get_it() {
    let folder = Folder::new("half", &[("start4.elf", ELF)]);
    let error = folder.names().unwrap_err().to_string();
    for words in [
        "fixup4.dat",
        "raspi-firmware",
        TREE,
        "linux-image-VERSION-arm64",
    ] {
        assert!(error.contains(words), "{error}");
    }
    assert!(error.contains(&folder.0.display().to_string()), "{error}");
    fs::write(folder.0.join(TREE), DTB).unwrap();
    let error = folder.names().unwrap_err().to_string();
    assert!(error.contains("start4.elf"), "{error}");
    assert!(!error.contains(TREE), "{error}");
}

#[test]
fn what_is_not_what_its_name_says_is_refused() {
    let good: [(&str, &[u8]); 3] = [("start4.elf", ELF), ("fixup4.dat", b"1"), (TREE, DTB)];
    for (name, bytes, words) in [
        ("start4.elf", &b"<!DOCTYPE html>"[..], "no ELF file"),
        (TREE, b"version https://git-lfs", "no device tree"),
        (TREE, b"\xd0\x0d\xfe\xedbrcm,bcm2836", "Raspberry Pi 4"),
        ("fixup4.dat", b"", "empty"),
    ] {
        let folder = Folder::new("page", &good);
        fs::write(folder.0.join(name), bytes).unwrap();
        let error = format!("{:#}", folder.names().unwrap_err());
        assert!(error.contains(words) && error.contains(name), "{error}");
    }
    let folder = Folder::new("stub", &good);
    assert!(folder.names().is_ok());
    fs::write(folder.0.join("armstub8-gic.bin"), [0]).unwrap();
    let error = folder.names().unwrap_err().to_string();
    assert!(error.contains("armstub8-gic.bin"), "{error}");
}

#[test]
fn without_firmware_nothing_is_looked_for() {
    assert!(Source::Without.files().unwrap().is_empty());
}
