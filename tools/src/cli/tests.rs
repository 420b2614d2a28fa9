//! Words that are understood, and words that are not.

use super::*;
use clap::CommandFactory;

#[test]
fn the_definition_of_the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn commands_to_execute_are_one_word() {
    let cli = Cli::try_parse_from(["x", "run", "--exec", "version; fpu", "--smp", "2"]).unwrap();
    let Call::Run(options) = cli.call else {
        panic!("not run")
    };
    assert_eq!(options.exec.as_deref(), Some("version; fpu"));
    assert_eq!((options.smp, options.gic), (2, 2));
}

#[test]
fn a_level_is_a_profile_of_its_own_and_the_highest_is_the_usual_one() {
    let profile = |words: &[&str]| {
        let call = Cli::try_parse_from([&["x", "build"], words].concat())
            .unwrap()
            .call;
        let Call::Build { build, .. } = call else {
            panic!("not build")
        };
        build.profile().to_owned()
    };
    assert_eq!(profile(&["--opt-level", "0"]), "O0");
    assert_eq!(profile(&["--opt-level", "s"]), "Os");
    assert_eq!(profile(&["--opt-level", "3"]), profile(&[]));
    assert_eq!(profile(&["--profile", "checked"]), "checked");
}

#[test]
fn impossible_options_are_refused() {
    for words in [
        &["x", "run", "--gic", "4"][..],
        &["x", "run", "--smp", "0"],
        &["x", "run", "--board", "pi5"],
        &["x", "run", "--opt-level", "4"],
        &["x", "trace"],
        &["x", "trace", "captured.txt", "--qemu"],
        &["x", "trace", "--port", "/dev/ttyUSB0", "--qemu"],
        &["x", "measure", "--qemu", "--port", "/dev/ttyUSB0"],
        &["x", "measure", "--qemu", "--runs", "0"],
        &["x", "compare", "a", "b", "--threshold", "-1"],
        &["x", "image", "--without-firmware", "--firmware", "d"],
        &["x", "flash", "--image-only", "f", "/dev/sdb"],
        &["x", "run", "--opt-level", "0", "--profile", "checked"],
    ] {
        assert!(Cli::try_parse_from(words).is_err(), "{words:?}");
    }
}
