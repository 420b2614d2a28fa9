//! What only reading or a test row can check: the places in the source, found by their markers, and the rows by name.

use std::fs;
use std::path::Path;

use crate::machines;
use crate::preflight::answer::{Answer, Found, Verdict};
use crate::scenarios::{self, Extent};

/// Where markers stand: everything that goes into an image.
const FOLDERS: [&str; 5] = ["asm", "src", "boards", "tools/stub", "tools/src/build.rs"];

/// A marker in a comment: `hazard H9` for what a board does otherwise than an emulator (`docs/silicon.md`), `pre-flight 32`
/// for the answer to an item (`docs/preflight.md`). Several may stand behind one word: `hazards H7 and H23`.
pub(super) type Marker = (&'static str, &'static str);

/// The places where `marker` stands in the sources, `file:line`; an error if there is none.
pub(super) fn places(root: &Path, marker: Marker) -> Found {
    let mut found = Vec::new();
    for folder in FOLDERS {
        search(root, &root.join(folder), marker, &mut found);
    }
    if found.is_empty() {
        let (word, token) = marker;
        return Err(format!("nothing in the source says `{word} {token}`"));
    }
    Ok(found.join(" "))
}

fn search(root: &Path, at: &Path, marker: Marker, found: &mut Vec<String>) {
    if at.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(at).into_iter().flatten().flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            search(root, &entry.path(), marker, found);
        }
        return;
    }
    let is_source = at
        .extension()
        .is_some_and(|kind| kind == "rs" || kind == "s" || kind == "txt");
    if !is_source {
        return;
    }
    let name = at.strip_prefix(root).unwrap_or(at).display();
    let text = fs::read_to_string(at).unwrap_or_default();
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| has(line, marker));
    found.extend(lines.map(|(number, _)| format!("{name}:{}", number + 1)));
}

/// Whether a line has the marker.
fn has(line: &str, (word, token): Marker) -> bool {
    line.split_once(word).is_some_and(|(_, behind)| {
        behind
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|found| found == token)
    })
}

/// By reading: where it stands.
pub(super) fn reading(root: &Path, markers: &[Marker]) -> Answer {
    let places: Result<Vec<String>, String> =
        markers.iter().map(|&marker| places(root, marker)).collect();
    Answer::or_fail(places.map(|places| places.join(" ")), Verdict::Reading)
}

/// By rows of `cargo xtask test`, which must be there: `machine.scenario`.
pub(super) fn rows(names: &[&str]) -> Found {
    let machines = machines::all();
    for name in names {
        let is_there = machines.iter().any(|machine| {
            scenarios::ALL.iter().any(|scenario| {
                format!("{}.{}", machine.name, scenario.name) == *name
                    && scenario.is_run_on(machine, Extent::Full)
            })
        });
        if !is_there {
            return Err(format!("`cargo xtask test` has no row {name}"));
        }
    }
    Ok(format!("rows {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_a_whole_word_behind_its_kind() {
        assert!(has("// before EOI (hazard H1).", ("hazard", "H1")));
        assert!(has("// (hazards H1 and H12)", ("hazard", "H12")));
        assert!(!has("// hazard H12", ("hazard", "H1")));
        assert!(!has("// H1 is a register", ("hazard", "H1")));
        assert!(!has("// pre-flight 3", ("pre-flight", "32")));
    }

    #[test]
    fn every_hazard_has_its_place_in_the_source_and_its_row_in_the_table() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let table = fs::read_to_string(root.join("docs/silicon.md")).unwrap();
        for number in 1..=29 {
            let token: &'static str = format!("H{number}").leak();
            places(root, ("hazard", token)).unwrap();
            let rows = table.matches(&format!("\n| {token} | ")).count();
            assert_eq!(rows, 1, "{token}");
        }
    }

    #[test]
    fn rows_are_those_of_the_matrix() {
        rows(&["rpi4.boot", "virt-gic2-smp8.regs"]).unwrap();
        assert!(rows(&["rpi4.nothing"]).is_err());
    }
}
