//! Conversations with programs and ports.

use std::io::Read;

use super::*;
use crate::port::tests::Pty;

fn shell(script: &str) -> Serial {
    Serial::start(Command::new("sh").args(["-c", script])).unwrap()
}

#[test]
fn what_is_sent_is_answered_and_found() {
    let mut serial = shell("read line; echo \"got $line\"; exec sleep 60");
    serial.send(b"hello\n").unwrap();
    let text = serial
        .expect("got hello\n", Duration::from_secs(30))
        .unwrap();
    assert_eq!(text, "got hello\n");
}

#[test]
fn a_program_that_ends_early_is_reported_with_its_last_words() {
    let mut serial = shell("echo boot; echo 'no such machine' >&2; exit 1");
    let message = serial
        .expect("prompt", Duration::from_secs(30))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("the emulator ended: no such machine"),
        "{message}"
    );
    assert!(message.contains("  | boot"), "{message}");
}

#[test]
fn a_port_is_talked_to_as_an_emulator_is_and_says_when_it_has_gone() {
    let pty = Pty::open();
    let mut board = pty.master;
    let mut serial = Serial::open(&pty.name).unwrap();
    serial.send(b"version\r").unwrap();
    let mut typed = [0; 8];
    board.read_exact(&mut typed).unwrap();
    assert_eq!(&typed, b"version\r");
    board.write_all(b"pivot 0.1\r\n").unwrap();
    let text = serial.expect("0.1\n", Duration::from_secs(30)).unwrap();
    assert_eq!(text, "pivot 0.1\n");
    drop(board);
    let error = serial.expect("prompt", Duration::from_secs(30));
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains(&format!("{} has gone", pty.name)),
        "{message}"
    );
    assert!(message.contains("  | pivot 0.1"), "{message}");
}

#[test]
fn a_port_that_was_given_back_can_be_opened_again() {
    let pty = Pty::open();
    for _ in 0..3 {
        Serial::open(&pty.name).unwrap();
    }
}

#[test]
fn silence_is_reported_after_the_time_given() {
    let mut serial = shell("exec sleep 60");
    let message = serial
        .expect("prompt", Duration::from_millis(50))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("waiting for `prompt`: it did not come"),
        "{message}"
    );
    assert!(
        message.contains("nothing came over the serial line"),
        "{message}"
    );
}
