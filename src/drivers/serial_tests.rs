//! Tests of the rings, against a port whose FIFO and line the test moves.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

/// A port with a transmit FIFO of `depth`.
#[derive(Default)]
struct Fake {
    depth: usize,
    fifo: VecDeque<u8>,
    line: Vec<u8>,
    incoming: VecDeque<Received>,
}

impl Fake {
    fn with_depth(depth: usize) -> Self {
        Self {
            depth,
            ..Self::default()
        }
    }

    fn drain(&mut self, bytes: usize) {
        for byte in self.fifo.drain(..bytes.min(self.fifo.len())) {
            self.line.push(byte);
        }
    }

    fn comes(&mut self, bytes: &[u8]) {
        self.incoming
            .extend(bytes.iter().map(|&byte| Received::Byte(byte)));
    }
}

impl Port for Fake {
    fn can_send(&self) -> bool {
        self.fifo.len() < self.depth
    }

    fn send(&mut self, byte: u8) {
        assert!(self.can_send(), "a full FIFO was written to");
        self.fifo.push_back(byte);
    }

    fn receive(&mut self) -> Received {
        self.incoming.pop_front().unwrap_or(Received::Nothing)
    }
}

#[test]
fn the_fifo_is_filled_at_once_and_only_the_rest_waits() {
    let (mut rings, mut port) = (Rings::<8, 8>::new(), Fake::with_depth(4));
    assert_eq!(rings.write(&mut port, b"abcdef"), 6);
    assert_eq!(port.fifo, b"abcd");
    assert!(!rings.is_sent());
    port.drain(4);
    assert!(rings.pump(&mut port));
    assert_eq!(port.fifo, b"ef");
    assert_eq!(rings.stats().sent, 6);
}

#[test]
fn a_write_larger_than_ring_and_fifo_is_taken_in_part_and_can_go_on() {
    let (mut rings, mut port) = (Rings::<8, 8>::new(), Fake::with_depth(4));
    let text = b"0123456789abcdef";
    let mut taken = rings.write(&mut port, text);
    assert_eq!(taken, 12, "ring and FIFO are full");
    assert_eq!(rings.write(&mut port, &text[taken..]), 0);
    port.drain(1);
    while taken < text.len() {
        taken += rings.write(&mut port, &text[taken..]);
        port.drain(1);
    }
    while !rings.pump(&mut port) || !port.fifo.is_empty() {
        port.drain(4);
    }
    assert_eq!(port.line, text);
}

#[test]
fn a_line_feed_gets_its_carriage_return_and_is_not_taken_without_it() {
    let (mut rings, mut port) = (Rings::<8, 3>::new(), Fake::with_depth(0));
    assert_eq!(
        rings.write(&mut port, b"ab\n"),
        2,
        "one place is not enough for both"
    );
    port.depth = 8;
    assert_eq!(rings.write(&mut port, b"\nc"), 2);
    assert_eq!(port.fifo, b"ab\r\nc");
}

#[test]
fn a_port_that_does_not_drain_is_waited_for_once() {
    use std::cell::Cell;
    thread_local!(static WAITS: Cell<usize> = const { Cell::new(0) });
    let room = |port: &Fake| {
        WAITS.set(WAITS.get() + 1);
        port.can_send()
    };
    let mut port = Fake::with_depth(4);
    assert!(send_polling(&mut port, b"ab\n", room));
    assert_eq!((&port.fifo, WAITS.get()), (&VecDeque::from(*b"ab\r\n"), 4));
    assert!(!send_polling(&mut port, b"the rest", room));
    assert_eq!(WAITS.get(), 5);
}

#[test]
fn a_writer_is_worth_waking_when_half_of_the_ring_is_free() {
    let (mut rings, mut port) = (Rings::<8, 8>::new(), Fake::with_depth(0));
    rings.write(&mut port, b"abcde");
    assert!(!rings.has_much_room());
    port.depth = 1;
    rings.pump(&mut port);
    assert!(rings.has_much_room());
}

#[test]
fn what_was_received_is_read_in_order() {
    let (mut rings, mut port) = (Rings::<8, 8>::new(), Fake::default());
    assert!(!rings.receive(&mut port));
    assert!(!rings.can_read());
    port.comes(b"hi");
    assert!(rings.receive(&mut port));
    assert_eq!(
        [rings.read(), rings.read(), rings.read()],
        [Some(b'h'), Some(b'i'), None]
    );
}

#[test]
fn bytes_that_nobody_reads_are_dropped_and_counted_and_the_old_ones_stay() {
    let (mut rings, mut port) = (Rings::<4, 8>::new(), Fake::default());
    port.comes(b"012345");
    assert!(rings.receive(&mut port));
    assert_eq!(rings.stats().dropped, 2);
    assert_eq!(rings.stats().received, 6);
    port.comes(b"6");
    assert!(!rings.receive(&mut port), "nothing new can be read");
    assert_eq!(rings.read(), Some(b'0'));
}

#[test]
fn errors_on_the_line_are_counted_by_kind_and_do_not_stop_the_rest() {
    let (mut rings, mut port) = (Rings::<8, 8>::new(), Fake::default());
    for (error, has_overrun) in [
        (LineError::Framing, false),
        (LineError::Break, true),
        (LineError::Break, false),
        (LineError::Parity, false),
    ] {
        port.incoming.push_back(Received::Error(error, has_overrun));
    }
    port.comes(b"x");
    rings.receive(&mut port);
    assert_eq!((rings.read(), rings.read()), (Some(b'x'), None));
    let stats = rings.stats();
    assert_eq!((stats.framing, stats.parity, stats.breaks), (1, 1, 2));
    assert_eq!(
        (stats.line_errors(), stats.overruns, stats.received),
        (4, 1, 1)
    );
}

#[test]
fn what_comes_after_an_overrun_is_read_and_the_overrun_counted() {
    let (mut rings, mut port) = (Rings::<8, 8>::new(), Fake::default());
    port.incoming.push_back(Received::AfterOverrun(b'y'));
    assert!(rings.receive(&mut port));
    assert_eq!(rings.read(), Some(b'y'));
    assert_eq!((rings.stats().overruns, rings.stats().received), (1, 1));
}

#[test]
fn the_data_register_says_what_was_wrong_with_a_byte() {
    use LineError::{Break, Framing, Parity};
    for (value, expected) in [
        (0x041, Received::Byte(b'A')),
        (0x841, Received::AfterOverrun(b'A')),
        (0x141, Received::Error(Framing, false)),
        (0x341, Received::Error(Parity, false)),
        // The line is low: no stop bit either.
        (0x500, Received::Error(Break, false)),
        (0xd00, Received::Error(Break, true)),
        (0xffff_f041, Received::Byte(b'A')),
    ] {
        assert_eq!(Received::from_data_register(value), expected, "{value:#x}");
    }
}

proptest! {
    /// Whatever the FIFO's depth and pace, what is written comes out whole and in order, and
    /// whenever bytes are left over, the FIFO is full: so its interrupt is still to come.
    #[test]
    fn nothing_is_lost_and_the_transmit_interrupt_is_never_missed(
        texts in proptest::collection::vec("[a-z\n]{0,20}", 0..20),
        depth in 1usize..20,
        pace in 1usize..20,
    ) {
        let (mut rings, mut port) = (Rings::<4, 16>::new(), Fake::with_depth(depth));
        for text in &texts {
            let mut rest = text.as_bytes();
            while !rest.is_empty() {
                rest = &rest[rings.write(&mut port, rest)..];
                prop_assert!(rings.is_sent() || !port.can_send());
                port.drain(pace);
            }
        }
        while !rings.pump(&mut port) || !port.fifo.is_empty() {
            port.drain(pace);
        }
        let expected = texts.concat().replace('\n', "\r\n");
        prop_assert_eq!(&port.line, expected.as_bytes());
        prop_assert_eq!(rings.stats().sent, expected.len() as u64);
    }
}
