//! Campaigns that cannot be begun, or were cut.

use anyhow::anyhow;

use super::*;

#[test]
fn a_board_that_was_lost_is_the_error_and_not_that_there_is_nothing_to_draw() {
    let nothing = || read(Path::new("/no/such/directory")).map(|_| Vec::new());
    let lost = ended(Err(anyhow!("the port has gone")), nothing(), Path::new("d"));
    assert_eq!(format!("{:#}", lost.unwrap_err()), "the port has gone");
    let drawn = vec![PathBuf::from("index.html")];
    let lost = ended(Err(anyhow!("the port has gone")), Ok(drawn), Path::new("d"));
    let said = format!("{:#}", lost.unwrap_err());
    assert_eq!(said, "what was measured before is in d: the port has gone");
    assert!(ended(Ok(true), nothing(), Path::new("d")).is_err());
    assert_eq!(ended(Ok(true), Ok(Vec::new()), Path::new("d")).unwrap(), 0);
    assert_eq!(ended(Ok(false), Ok(Vec::new()), Path::new("d")).unwrap(), 1);
}

#[test]
fn a_directory_with_an_earlier_measurement_is_refused() {
    let directory = std::env::temp_dir().join(format!("pivot-measure-{}", std::process::id()));
    assert!(refuse_used(&directory).is_ok(), "it is not there");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("notes.txt"), "").unwrap();
    assert!(refuse_used(&directory).is_ok(), "it has no measurement");
    fs::write(directory.join("run-4.json"), "").unwrap();
    let refused = refuse_used(&directory).unwrap_err();
    fs::remove_dir_all(&directory).unwrap();
    let said = crate::failure::render(&refused);
    assert!(said.contains("run-4.json"), "{said}");
    assert!(said.contains("help: "), "{said}");
}
