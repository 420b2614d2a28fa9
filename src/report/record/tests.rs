//! The reader alone, and the reader against the writer.

use proptest::prelude::*;

use super::*;
use crate::report::{Line, Value};

#[test]
fn a_line_of_each_kind_of_value_is_read() {
    let record =
        Record::parse("@a.b n=12 h=0xff s=-3 w=x/y t=\"a \\\"b\\\" \\u{e9}\"\r\n").unwrap();
    assert_eq!(record.id(), "a.b");
    assert_eq!(record.number("n"), Some(12));
    assert_eq!(record.number("h"), Some(255));
    assert_eq!(record.signed("s"), Some(-3));
    assert_eq!(record.number("s"), None);
    assert_eq!(record.get("w"), Some("x/y"));
    assert_eq!(record.get("t"), Some("a \"b\" é"));
    assert_eq!(record.get("missing"), None);
    assert_eq!(record.fields().count(), 5);
}

#[test]
fn a_broken_line_says_what_is_wrong() {
    let error = |line: &str| Record::parse(line).unwrap_err();
    assert_eq!(error("plain"), ParseError::NotAReport);
    assert_eq!(error("@"), ParseError::BadId);
    assert_eq!(error("@Upper"), ParseError::BadId);
    assert_eq!(error("@x novalue"), ParseError::BadField("novalue".into()));
    assert_eq!(error("@x  a=1"), ParseError::BadField("a=1".into()));
    assert_eq!(error("@x a=1 "), ParseError::BadField(String::new()));
    assert_eq!(error("@x a=1 a=2"), ParseError::Repeated("a".into()));
    for value in [
        "",
        "\"open",
        "\"end\\",
        "\"\\q\"",
        "\"\\u{d800}\"",
        "\"\\u41\"",
        "\"\\u{41\"",
    ] {
        let line = ["@x a=", value].concat();
        assert_eq!(error(&line), ParseError::BadValue("a".into()), "{line}");
    }
    assert_eq!(error("@x a=\"b\"c"), ParseError::BadField("c".into()));
}

#[test]
fn a_verdict_is_found_by_its_key() {
    let record = Record::parse("@done command=fpu verdict=failed").unwrap();
    assert_eq!(record.verdict(), Some(Verdict::Failed));
    assert_eq!(Record::parse("@done verdict=fine").unwrap().verdict(), None);
}

#[test]
fn what_a_redrawn_prompt_left_before_a_report_is_dropped() {
    assert_eq!(strip_terminal("pivot> ct\r\u{1b}[K@x a=1\r\n"), "@x a=1");
    assert_eq!(strip_terminal("\u{1b}[12;3H\u{1b}[2Jtext\n"), "text");
    assert_eq!(strip_terminal("text \u{1b}[1"), "text ");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        id in "[a-z][a-z0-9_.-]{0,9}",
        text in any::<String>(),
        word in "[a-zA-Z0-9_.:+/%,-]{1,9}",
        number in any::<u64>(),
        signed in any::<i64>(),
    ) {
        let mut out = heapless::String::<8192>::new();
        let line = Line::begin(&mut out, &id).with("text", text.as_str()).with("word", word.as_str());
        let line = line.with("number", number).with("hex", Value::Hex(number));
        prop_assume!(line.with("signed", signed).end().is_ok());
        prop_assert!(out[..out.len() - 1].bytes().all(|b| (b' '..=b'~').contains(&b)), "{}", out);
        let record = Record::parse(&out).unwrap();
        prop_assert_eq!(record.id(), id);
        prop_assert_eq!(record.get("text"), Some(text.as_str()));
        prop_assert_eq!(record.get("word"), Some(word.as_str()));
        prop_assert_eq!(record.number("number"), Some(number));
        prop_assert_eq!(record.number("hex"), Some(number));
        prop_assert_eq!(record.signed("signed"), Some(signed));
    }

    #[test]
    fn no_line_makes_the_reader_panic(line in any::<String>()) {
        let _ = Record::parse(&line);
        let _ = Record::parse(&["@x a=\"", &line].concat());
        let _ = strip_terminal(&line);
    }

    #[test]
    fn a_cut_line_is_never_taken_for_another_text(cut in 0_usize..30) {
        let whole = "@x text=\"some \\u{e9} text\" b=1";
        if let Ok(record) = Record::parse(&whole[..cut.min(whole.len())]) {
            let text = record.get("text");
            prop_assert!(text.is_none() || text == Some("some é text"));
        }
    }

    #[test]
    fn what_is_read_can_be_written_and_is_read_again(
        line in "@[a-z.]{1,4}( [a-c]{1,2}=([0-9a-zA-Z+.-]{1,6}|\"([ -~]|\\\\[nrt\"\\\\]|\\\\u\\{\\+?[0-9a-f]{1,6}\\}){0,6}\")){0,4}",
        noise in proptest::collection::vec((any::<prop::sample::Index>(), any::<char>()), 0..2),
    ) {
        let mut characters: Vec<char> = line.chars().collect();
        for (at, character) in noise {
            let at = at.index(characters.len());
            characters[at] = character;
        }
        let line: String = characters.iter().collect();
        if let Ok(record) = Record::parse(&line) {
            let mut out = heapless::String::<8192>::new();
            let mut again = Line::begin(&mut out, record.id());
            for (key, value) in record.fields() {
                again = again.with(key, value);
            }
            again.end().unwrap();
            prop_assert_eq!(Record::parse(&out).unwrap(), record);
        }
    }

    #[test]
    fn a_number_is_digits_and_nothing_else(text in "(0x|[+-])?[+-]?[0-9a-f]{1,20}") {
        let record = Record::parse(&["@x n=", &text].concat()).unwrap();
        let (digits, radix) = text.strip_prefix("0x").map_or((text.as_str(), 10), |digits| (digits, 16));
        let is_plain = digits.chars().all(|c| c.is_digit(radix));
        let expected = u64::from_str_radix(digits, radix).ok().filter(|_| is_plain);
        prop_assert_eq!(record.number("n"), expected);
        let magnitude = text.strip_prefix('-').unwrap_or(&text);
        let is_plain = magnitude.chars().all(|c| c.is_ascii_digit());
        prop_assert_eq!(record.signed("n"), text.parse().ok().filter(|_| is_plain));
    }
}
