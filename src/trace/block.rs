//! A block of events as one line, and the way back.
//!
//! `@trace core=0 seq=3 ticks=4711 events=97 data=… crc=0x…`: base64 (without padding) of, for each event, a byte
//! with kind and detail, the ticks since the event before it (for the first one, since `ticks`), thread and other
//! thread, each as a LEB128. A block can be read without the others. Most events take six bytes.

use alloc::vec::Vec;
use core::{fmt, iter::Peekable};

use base64ct::{Base64Unpadded, Encoding};
use heapless::String;

use super::{BLOCK, Event, Kind};
use crate::report::{Line, Record, is_whole, seal};

/// Bytes of events in a block.
const DATA_MAX: usize = 576;
/// The most bytes that one event takes: head, 48 bits of time, two threads.
const EVENT_MAX: usize = 1 + 7 + 5 + 5;
/// The same bytes in base64.
const TEXT_MAX: usize = DATA_MAX.div_ceil(3) * 4;
/// The longest line, its end included.
pub const LINE_MAX: usize = TEXT_MAX + 128;

/// A line that is being written.
pub type Text = String<LINE_MAX>;

/// Events of one core that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The core.
    pub core: usize,
    /// Its place among the blocks of its core, from 0.
    pub seq: u64,
    /// The events, the oldest first.
    pub events: Vec<Event>,
}

/// Why a line is no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockError {
    /// Bytes were lost or changed: the CRC is another one, or is missing.
    Broken,
    /// The CRC holds, and yet it cannot be read: another version wrote it.
    Unreadable,
}

impl fmt::Display for BlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broken => "it did not arrive as it was sent (CRC)",
            Self::Unreadable => "it is written in a way that is not known here",
        })
    }
}

impl core::error::Error for BlockError {}

/// Writes as many of the events into `line` as a block has room for, at least one. Whether there were any.
#[expect(
    clippy::large_stack_frames,
    reason = "a block and its text; a shell's stack has room for it"
)]
pub fn encode(
    core: usize,
    seq: u64,
    events: &mut Peekable<impl Iterator<Item = Event>>,
    line: &mut Text,
) -> bool {
    let Some(first) = events.peek().map(|event| event.ticks) else {
        return false;
    };
    let mut data = heapless::Vec::<u8, DATA_MAX>::new();
    let (mut count, mut last) = (0_u64, first);
    while data.len() + EVENT_MAX <= DATA_MAX {
        let Some(event) = events.next() else {
            break;
        };
        let head = (event.kind as u8) << 4 | event.detail & 15;
        // There is room for the largest event, so nothing is refused.
        let _ = data.push(head);
        put(&mut data, event.ticks.saturating_sub(last));
        put(&mut data, u64::from(event.thread));
        put(&mut data, u64::from(event.other));
        last = event.ticks;
        count += 1;
    }
    let mut text = [0; TEXT_MAX];
    let text = Base64Unpadded::encode(&data, &mut text).unwrap_or_default();
    line.clear();
    let result = Line::begin(line, BLOCK)
        .with("core", core)
        .with("seq", seq)
        .with("ticks", first)
        .with("events", count)
        .with("data", text)
        .end();
    debug_assert!(result.is_ok(), "a line has room for the largest block");
    let result = seal(line);
    debug_assert!(result.is_ok(), "and for its seal");
    true
}

impl Block {
    /// Reads what [`encode`] wrote; `None` for a line of another ID.
    ///
    /// # Errors
    ///
    /// [`BlockError`], for a line that should be a block.
    pub fn decode(line: &str) -> Option<Result<Self, BlockError>> {
        let record = Record::parse(line)
            .ok()
            .filter(|record| record.id() == BLOCK)?;
        Some(match is_whole(line) {
            Some(true) => Self::read(&record).ok_or(BlockError::Unreadable),
            _ => Err(BlockError::Broken),
        })
    }

    fn read(record: &Record) -> Option<Self> {
        let mut buffer = [0; DATA_MAX];
        let mut data = Base64Unpadded::decode(record.get("data")?, &mut buffer).ok()?;
        let mut ticks = record.number("ticks")?;
        let mut events = Vec::new();
        while let Some((&head, rest)) = data.split_first() {
            data = rest;
            ticks = ticks.checked_add(take(&mut data)?)?;
            events.push(Event {
                ticks,
                kind: Kind::from_number(head >> 4)?,
                detail: head & 15,
                thread: take(&mut data)?.try_into().ok()?,
                other: take(&mut data)?.try_into().ok()?,
            });
        }
        let block = Self {
            core: record.number("core")?.try_into().ok()?,
            seq: record.number("seq")?,
            events,
        };
        (block.events.len() as u64 == record.number("events")?).then_some(block)
    }
}

/// Appends a number, seven bits to a byte, the lowest first (LEB128).
fn put(data: &mut heapless::Vec<u8, DATA_MAX>, mut value: u64) {
    while value >= 0x80 {
        let _ = data.push(value as u8 | 0x80);
        value >>= 7;
    }
    let _ = data.push(value as u8);
}

/// Takes a number from the front.
fn take(data: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = data.split_first()?;
        *data = rest;
        let bits = u64::from(byte & 0x7f);
        // What would be shifted out is not there in a number of 64 bits.
        let shifted = (bits << shift >> shift == bits).then_some(bits << shift)?;
        value |= shifted;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::proptest};

    use super::super::event::tests::events;
    use super::*;
    use crate::trace::NO_MOMENT;

    fn lines(core: usize, events: &[Event]) -> Vec<Text> {
        let mut events = events.iter().copied().peekable();
        let mut lines = Vec::new();
        let mut line = Text::new();
        while encode(core, lines.len() as u64, &mut events, &mut line) {
            lines.push(line.clone());
        }
        lines
    }

    fn in_order(mut events: Vec<Event>) -> Vec<Event> {
        events.sort_by_key(|event| event.ticks);
        events
    }

    proptest! {
        #[test]
        fn events_come_out_of_their_lines_as_they_went_in(
            core in 0_usize..8,
            events in vec(events(), 0..200),
        ) {
            let events = in_order(events);
            let mut read = Vec::new();
            for (line, seq) in lines(core, &events).iter().zip(0..) {
                assert!(line.len() <= 900, "{} characters", line.len());
                let block = Block::decode(line).expect("a block").expect("a good one");
                assert_eq!((block.core, block.seq), (core, seq));
                read.extend(block.events);
            }
            assert_eq!(read, events);
        }

        #[test]
        fn a_character_that_is_lost_or_changed_is_noticed(at in 1_usize..200, is_lost: bool) {
            let event = |ticks| Event { ticks, kind: Kind::Wake, detail: 1, thread: 7, other: 12 };
            let events: Vec<_> = (0..40).map(event).collect();
            let mut line = std::string::String::from(lines(0, &events)[0].as_str());
            let lost = line.remove(at);
            if !is_lost {
                line.insert(at, if lost == 'A' { 'B' } else { 'A' });
            }
            assert!(!matches!(Block::decode(&line), Some(Ok(_))), "{line}");
        }
    }

    #[test]
    fn a_number_comes_out_as_it_went_in_and_one_that_is_too_large_does_not() {
        for value in [0, 127, 128, u64::from(u32::MAX), NO_MOMENT, u64::MAX] {
            let mut data = heapless::Vec::new();
            put(&mut data, value);
            assert_eq!(take(&mut &data[..]), Some(value));
        }
        let mut data = [0xff; 10];
        data[9] = 2;
        assert_eq!(take(&mut &data[..]), None, "bit 64");
        assert_eq!(take(&mut &[0x80; 11][..]), None);
    }

    #[test]
    fn the_largest_events_fit_into_a_line() {
        let event = |ticks| Event {
            ticks,
            kind: Kind::Interrupt,
            detail: 15,
            thread: u32::MAX,
            other: u32::MAX,
        };
        let lines = lines(usize::MAX, &[event(0), event(NO_MOMENT)]);
        assert_eq!(lines.len(), 1);
        assert!(Block::decode(&lines[0]).is_some_and(|block| block.is_ok()));
    }

    #[test]
    fn a_line_that_is_whole_and_says_something_else_is_unreadable() {
        for text in [
            "core=0 seq=0 ticks=0 events=1 data=8AAAAA",
            "core=0 seq=0 ticks=0 events=2 data=AAAAAA",
        ] {
            let mut line = String::<128>::new();
            line.push_str("@trace ").unwrap();
            line.push_str(text).unwrap();
            line.push('\n').unwrap();
            seal(&mut line).unwrap();
            assert_eq!(Block::decode(&line), Some(Err(BlockError::Unreadable)));
        }
        assert_eq!(
            Block::decode("@trace core=0"),
            Some(Err(BlockError::Broken))
        );
        assert_eq!(Block::decode("@trace.end lines=0"), None);
    }
}
