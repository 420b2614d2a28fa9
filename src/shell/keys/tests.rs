//! Bytes and the keys that they are.

use proptest::prelude::*;
use std::vec::Vec;

use super::*;

fn keys(bytes: &[u8]) -> Vec<Key> {
    let mut decoder = KeyDecoder::new();
    bytes.iter().filter_map(|b| decoder.feed(*b)).collect()
}

#[test]
fn each_key_is_known_in_all_its_encodings() {
    let table: &[(Key, &[&[u8]])] = &[
        (Key::Backspace, &[b"\x7f", b"\x08"]),
        (Key::Delete, &[b"\x1b[3~"]),
        (
            Key::Home,
            &[b"\x01", b"\x1b[H", b"\x1b[1~", b"\x1b[7~", b"\x1bOH"],
        ),
        (
            Key::End,
            &[b"\x05", b"\x1b[F", b"\x1b[4~", b"\x1b[8~", b"\x1bOF"],
        ),
        (Key::Left, &[b"\x02", b"\x1b[D", b"\x1bOD", b"\x1b[1;2D"]),
        (Key::Right, &[b"\x06", b"\x1b[C", b"\x1bOC"]),
        (Key::Previous, &[b"\x10", b"\x1b[A", b"\x1bOA"]),
        (Key::Next, &[b"\x0e", b"\x1b[B", b"\x1bOB"]),
        (
            Key::WordLeft,
            &[b"\x1bb", b"\x1b[1;5D", b"\x1b[1;3D", b"\x1b[5D", b"\x1bOd"],
        ),
        (
            Key::WordRight,
            &[b"\x1bf", b"\x1b[1;5C", b"\x1b[1;3C", b"\x1b[5C", b"\x1bOc"],
        ),
        (Key::KillWordLeft, &[b"\x17", b"\x1b\x7f", b"\x1b\x08"]),
        (Key::KillWordRight, &[b"\x1bd", b"\x1b[3;5~"]),
    ];
    for (key, encodings) in table {
        for bytes in *encodings {
            assert_eq!(keys(bytes), [*key], "{}", bytes.escape_ascii());
            let then_a = [bytes, &b"a"[..]].concat();
            assert_eq!(
                keys(&then_a),
                [*key, Key::Char(b'a')],
                "{}",
                bytes.escape_ascii()
            );
        }
    }
}

#[test]
fn cr_lf_and_both_end_one_line_each() {
    assert_eq!(keys(b"\r\n"), [Key::Enter]);
    assert_eq!(keys(b"\r\r\n\n"), [Key::Enter; 3]);
    assert_eq!(keys(b"\r\na\n"), [Key::Enter, Key::Char(b'a'), Key::Enter]);
}

#[test]
fn unknown_sequences_are_swallowed_whole() {
    for bytes in [
        &b"\x1b[99~"[..],
        b"\x1b[?1;2c",
        b"\x1bOZ",
        b"\x1b[[A",
        b"\x1bz",
        b"\x1b[1;2;3;4R",
    ] {
        assert_eq!(keys(bytes), [], "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_control_character_ends_a_sequence_and_counts() {
    assert_eq!(keys(b"\x1b[1;\x03a"), [Key::Interrupt, Key::Char(b'a')]);
    assert_eq!(keys(b"\x1bO\r"), [Key::Enter]);
    assert_eq!(keys(b"\x1b\x1b[A"), [Key::Previous]);
    assert_eq!(keys("é".as_bytes()), [Key::Refused; 2]);
}

proptest! {
    #[test]
    fn after_any_bytes_an_end_of_line_is_heard_and_then_text(bytes in any::<Vec<u8>>()) {
        let mut decoder = KeyDecoder::new();
        for byte in bytes {
            decoder.feed(byte);
        }
        prop_assert_eq!(decoder.feed(b'\r'), Some(Key::Enter));
        prop_assert_eq!(decoder.feed(b'x'), Some(Key::Char(b'x')));
    }
}
