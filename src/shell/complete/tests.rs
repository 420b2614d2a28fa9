//! What Tab makes of what was typed.

use proptest::prelude::*;
use std::{vec, vec::Vec};

use super::*;
use crate::shell::args::tests::{CLOCK, SPECS, SUITE};

/// What is inserted, or listed with a bar between, or hinted at.
fn tab(typed: &str) -> String {
    let Completion {
        insert,
        candidates,
        hint,
    } = complete(&SPECS, typed);
    let hint = hint.map(|arg| format!("<{}>", arg.name));
    assert!(insert.is_empty() || candidates.is_empty() && hint.is_none());
    if insert.is_empty() {
        hint.into_iter()
            .chain(candidates)
            .collect::<Vec<_>>()
            .join("|")
    } else {
        insert
    }
}

#[test]
fn commands_complete_and_list() {
    assert_eq!(tab("ct"), "xsw ");
    assert_eq!(tab("  ctxsw"), " ");
    assert_eq!(tab(""), "ctxsw|echo|help|repeat");
    assert_eq!(tab("x"), "");
    assert_eq!(tab("echo a; he"), "lp ");
    assert_eq!(tab("echo a&re"), "peat ");
    assert_eq!(tab("echo ';' he"), "");
}

#[test]
fn arguments_complete_and_list() {
    assert_eq!(
        tab("ctxsw "),
        "colocated|apart|nopin|all|--seconds|--threads|--full"
    );
    assert_eq!(tab("ctxsw a"), "apart|all");
    assert_eq!(tab("ctxsw ap"), "art ");
    assert_eq!(tab("ctxsw apart "), "--");
    assert_eq!(tab("ctxsw apart --"), "--seconds|--threads|--full|--help");
    assert_eq!(tab("ctxsw --seconds 1 --s"), "");
    assert_eq!(tab("ctxsw --seconds=1 --f"), "ull ");
    assert_eq!(tab("ctxsw --seconds 1 n"), "opin ");
    assert_eq!(tab("help c"), "txsw ");
    assert_eq!(tab("help -- "), "ctxsw|echo|help|repeat");
}

#[test]
fn what_cannot_be_listed_is_hinted_at() {
    assert_eq!(tab("ctxsw --seconds "), "<seconds>");
    assert_eq!(tab("ctxsw --seconds="), "<seconds>");
    assert_eq!(tab("repeat "), "<count>");
    assert_eq!(tab("repeat 1"), "<count>");
}

#[test]
fn a_command_within_a_command_completes_like_one_of_its_own() {
    assert_eq!(tab("repeat 3 ct"), "xsw ");
    assert_eq!(tab("repeat 3 ctxsw no"), "pin ");
    assert_eq!(tab("repeat 3 repeat 4 help ec"), "ho ");
}

#[test]
fn one_or_more_words_complete_one_after_the_other_and_then_the_options() {
    let tab = |typed| complete(&[&SUITE], typed);
    assert_eq!(tab("suite ").candidates, vec!["all", "pin", "prio"]);
    assert_eq!(tab("suite pi").insert, "n ");
    assert_eq!(tab("suite pin pr").insert, "io ");
    assert_eq!(
        tab("suite pin ").candidates,
        vec!["all", "pin", "prio", "--strict"]
    );
    assert_eq!(tab("suite pin --s").insert, "trict ");
    assert_eq!(tab("suite --strict p").candidates.len(), 2);
}

#[test]
fn where_a_number_may_stand_too_the_words_are_listed() {
    let tab = |typed| complete(&[&CLOCK], typed);
    assert_eq!(tab("clock ").candidates, vec!["show", "max"]);
    assert_eq!(tab("clock m").insert, "ax ");
    assert_eq!(tab("clock 15").candidates, Vec::<String>::new());
}

static PREFIXED: Spec = Spec {
    name: "show",
    summary: "",
    args: &[Arg::choice("what", &["threads", "thread.x", "thx"], "")],
};

#[test]
fn what_all_candidates_begin_with_is_inserted_first() {
    let typed = |typed| complete(&[&PREFIXED], typed).insert;
    assert_eq!(typed("show t"), "h");
    assert_eq!(typed("show thr"), "ead");
    assert_eq!(complete(&[&PREFIXED], "show th").candidates.len(), 3);
    assert_eq!(
        complete(&[&PREFIXED], "show thread").candidates,
        vec!["threads", "thread.x"]
    );
}

proptest! {
    #[test]
    fn what_is_inserted_leads_on_to_a_candidate(typed in "(ctxsw|repeat 2|help|echo)?[ a-z;&'=-]{0,12}") {
        let Completion { insert, candidates, .. } = complete(&SPECS, &typed);
        prop_assert!(insert.is_empty() || candidates.is_empty());
        if insert.ends_with(' ') {
            let again = complete(&SPECS, &format!("{typed}{}", insert.trim_end()));
            prop_assert_eq!(again.insert, " ");
        }
    }
}
