//! Command lines, right and wrong, and what is said about the wrong ones.

use proptest::prelude::*;

use super::*;
use crate::shell::args::tests::{CLOCK, SPECS, SUITE, shown};

fn run(source: &str) -> Values {
    match call(&SPECS, source) {
        Ok(Call::Run(spec, values)) => {
            assert!(source.trim_start().starts_with(spec.name));
            values
        }
        other => panic!("{source}: {other:?}"),
    }
}

fn error(source: &str) -> String {
    match call(&SPECS, source) {
        Err(error) => shown(&error),
        Ok(call) => panic!("{source}: {call:?}"),
    }
}

fn first_line_of_error(source: &str) -> String {
    error(source).lines().next().unwrap_or_default().into()
}

#[test]
fn options_stand_anywhere_with_a_space_or_an_equals_sign() {
    for source in [
        "ctxsw apart --seconds 5",
        "ctxsw --seconds=5 apart",
        "ctxsw --seconds 0x5 'apart'",
    ] {
        let values = run(source);
        assert_eq!(values.choice("mode"), Some("apart"), "{source}");
        assert_eq!(values.number("seconds"), Some(5), "{source}");
        assert!(!values.is_given("full"), "{source}");
    }
    assert!(run("ctxsw --full").is_given("full"));
    assert_eq!(run("ctxsw").choice("mode"), Some("all"));
}

#[test]
fn the_rest_of_the_line_is_kept_as_words_or_as_it_was_typed() {
    assert_eq!(run("echo a  'b  c' --d").text("words"), Some("a b  c --d"));
    assert_eq!(run("echo -- --help").text("words"), Some("--help"));
    let values = run("repeat 3 ctxsw 'apart'  --help");
    assert_eq!(values.number("count"), Some(3));
    assert_eq!(values.text("command"), Some("ctxsw 'apart'  --help"));
    assert_eq!(
        run("repeat 3 'echo \"a;\"; echo b'").text("command"),
        Some("echo \"a;\"; echo b")
    );
}

#[test]
fn help_is_asked_for_by_any_command() {
    for (source, name) in [
        ("ctxsw --help", "ctxsw"),
        ("ctxsw apart --help", "ctxsw"),
        ("repeat --help", "repeat"),
        ("echo --help", "echo"),
    ] {
        assert!(
            matches!(call(&SPECS, source), Ok(Call::Help(spec)) if spec.name == name),
            "{source}"
        );
    }
}

#[test]
fn a_wrong_argument_names_itself_the_valid_values_and_the_usage_line() {
    assert_eq!(
        error("ctxsw aprat"),
        "ctxsw: mode cannot be `aprat`; did you mean `apart`? It takes one of colocated, apart, nopin, all\n\
         usage: ctxsw [colocated|apart|nopin|all] [--seconds N] [--threads N] [--full]"
    );
    let said = first_line_of_error;
    for bad in ["0", "3601", "x", "", "-1", "+1", "99999999999999999999"] {
        let source = ["ctxsw --seconds='", bad, "'"].concat();
        let expected = [
            "ctxsw: --seconds cannot be `",
            bad,
            "`; it takes an integer from 1 to 3600",
        ]
        .concat();
        assert_eq!(said(&source), expected);
    }
    assert_eq!(
        said("ctxsw --seconds"),
        "ctxsw: --seconds has no value; it takes an integer from 1 to 3600"
    );
    assert_eq!(said("ctxsw --full=1"), "ctxsw: --full takes no value");
    assert_eq!(said("ctxsw --full --full"), "ctxsw: --full stands twice");
    assert_eq!(
        said("ctxsw apart nopin"),
        "ctxsw: `nopin` is one argument too many"
    );
    assert_eq!(
        said("ctxsw --secnods 1"),
        "ctxsw: there is no option `--secnods`; did you mean `--seconds`?"
    );
    assert_eq!(
        said("repeat"),
        "repeat: count is missing: an integer from 1 to 1000000"
    );
    assert_eq!(
        said("repeat 3"),
        "repeat: command is missing: a command with its arguments"
    );
    assert_eq!(
        said("help ctsxw"),
        "help: command cannot be `ctsxw`; did you mean `ctxsw`? It takes the name of a command"
    );
}

#[test]
fn an_unknown_command_suggests_the_nearest_and_points_to_help() {
    assert_eq!(
        error("ctxws"),
        "there is no command `ctxws`; did you mean `ctxsw`? `help` lists them all"
    );
    assert_eq!(
        error("xyzzy 1"),
        "there is no command `xyzzy`; `help` lists them all"
    );
    assert_eq!(
        error("'' 1"),
        "there is no command ``; `help` lists them all"
    );
    assert_eq!(error("ctxsw 'a"), "the quote ' is not closed");
    assert_eq!(error("  "), "there is no command");
}

#[test]
fn one_or_more_of_some_words_are_each_checked_and_options_may_stand_between() {
    let understood = |line| match call(&[&SUITE], line) {
        Ok(Call::Run(_, values)) => {
            let names: Vec<_> = values.choices("what").collect();
            (names.join(" "), values.is_given("strict"))
        }
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(understood("suite pin"), ("pin".into(), false));
    assert_eq!(
        understood("suite pin --strict prio pin"),
        ("pin prio pin".into(), true)
    );
    let error = |line| match call(&[&SUITE], line) {
        Err(error) => shown(&error),
        Ok(other) => panic!("{line}: {other:?}"),
    };
    let usage = "usage: suite WHAT… [--strict]";
    assert_eq!(
        error("suite"),
        std::format!("suite: what is missing: names of suites\n{usage}")
    );
    assert_eq!(
        error("suite pin pro"),
        std::format!(
            "suite: what cannot be `pro`; did you mean `prio`? It takes names of suites\n{usage}"
        )
    );
}

proptest! {
    #[test]
    fn no_line_makes_the_parser_panic_and_every_error_is_said(line in "(ctxsw|repeat|echo|help) [ -~]{0,40}") {
        if let Err(error) = call(&SPECS, &line) {
            prop_assert!(!shown(&error).is_empty());
        }
    }

    #[test]
    fn exactly_the_numbers_of_the_range_are_accepted(n in any::<u64>(), small in 0_u64..5000) {
        for n in [n, small, 0, 1, 3600, 3601] {
            let line = std::format!("ctxsw --seconds {n}");
            prop_assert_eq!(call(&SPECS, &line).is_ok(), (1..=3600).contains(&n));
        }
    }
}

#[test]
fn a_word_or_a_number_is_either_and_nothing_else() {
    let called = |source: &str| match call(&[&CLOCK], source) {
        Ok(Call::Run(_, values)) => Ok((values.choice("mhz"), values.number("mhz"))),
        Ok(other) => panic!("{source}: {other:?}"),
        Err(error) => Err(shown(&error)),
    };
    assert_eq!(called("clock max"), Ok((Some("max"), None)));
    assert_eq!(called("clock 1500"), Ok((None, Some(1500))));
    assert_eq!(called("clock"), Ok((None, None)));
    for (source, said) in [
        (
            "clock mxa",
            "clock: mhz cannot be `mxa`; did you mean `max`? It takes show, max, or an",
        ),
        (
            "clock 0",
            "clock: mhz cannot be `0`; it takes show, max, or an integer from 1 to 4000",
        ),
        ("clock 4001", "clock: mhz cannot be `4001`; it takes"),
    ] {
        let error = called(source).unwrap_err();
        assert!(error.starts_with(said), "{error}");
    }
}
