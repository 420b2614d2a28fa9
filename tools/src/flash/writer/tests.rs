//! The writer against cards that are in memory: what is written when, and what a bad card is found out by.

use super::*;
use std::io::Cursor;

/// A card that notes what is done to it, and can forget.
struct Card {
    data: Cursor<Vec<u8>>,
    done: Vec<Step>,
    /// A byte that stays as it is.
    stuck: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Write { at: u64, length: usize },
    Settle,
}

impl Card {
    fn new(bytes: usize) -> Self {
        Self {
            data: Cursor::new(vec![0xee; bytes]),
            done: Vec::new(),
            stuck: None,
        }
    }

    fn kept(&self) -> &[u8] {
        self.data.get_ref()
    }
}

impl Read for Card {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.data.read(buffer)
    }
}

impl Write for Card {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let at = self.data.position();
        let length = bytes.len();
        assert_eq!(bytes.as_ptr().align_offset(ALIGNMENT), 0);
        assert!(
            at.is_multiple_of(4096) && length.is_multiple_of(512),
            "{at} {length}"
        );
        let old = self.stuck.map(|stuck| (stuck, self.kept()[stuck]));
        let room = self.kept().len() - at as usize;
        if room < length {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.data.write_all(bytes)?;
        if let Some((stuck, old)) = old {
            self.data.get_mut()[stuck] = old;
        }
        self.done.push(Step::Write { at, length });
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Card {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.data.seek(to)
    }
}

impl Medium for Card {
    fn settle(&mut self) -> io::Result<()> {
        self.done.push(Step::Settle);
        Ok(())
    }
}

fn image() -> Vec<u8> {
    (0..(5 * BLOCK / 2) as u32)
        .map(|n| (n * 7 + 1) as u8)
        .collect()
}

#[test]
fn the_table_goes_first_and_comes_last_each_time_down_to_the_medium() {
    let mut card = Card::new(4 * BLOCK);
    let image = image();
    let mut seen = Vec::new();
    write(&mut card, &image, &mut |done| {
        seen.push(done);
        true
    })
    .unwrap();
    assert!(card.kept()[..image.len()] == image);
    let tail = 4 * BLOCK - 5 * ALIGNMENT;
    assert!(
        card.kept()[image.len()..tail]
            .iter()
            .all(|&byte| byte == 0xee)
    );
    assert_eq!(seen, [BLOCK, 2 * BLOCK, image.len()]);
    let head = Step::Write {
        at: 0,
        length: ALIGNMENT,
    };
    let tail = Step::Write {
        at: tail as u64,
        length: 5 * ALIGNMENT,
    };
    let (first, last) = (&card.done[..3], &card.done[card.done.len() - 3..]);
    assert_eq!(first, [head, tail, Step::Settle]);
    assert_eq!(last, [Step::Settle, head, Step::Settle]);
    compare(&mut card, &image, &mut |_| true).unwrap();
}

#[test]
fn a_card_that_is_left_half_written_has_no_table() {
    let mut card = Card::new(4 * BLOCK);
    let error = write(&mut card, &image(), &mut |done| done < 2 * BLOCK).unwrap_err();
    assert!(error.to_string().contains("half written"), "{error}");
    assert!(card.kept()[..ALIGNMENT].iter().all(|&byte| byte == 0));
    let mut full = Card::new(2 * BLOCK);
    let error = write(&mut full, &image(), &mut |_| true).unwrap_err();
    assert_eq!(error.to_string(), format!("writing at byte {}", 2 * BLOCK));
    assert!(full.kept()[..ALIGNMENT].iter().all(|&byte| byte == 0));
}

#[test]
fn the_first_byte_that_a_card_did_not_keep_is_named() {
    for stuck in [0, ALIGNMENT, BLOCK + 17, 5 * BLOCK / 2 - 1] {
        let mut card = Card::new(3 * BLOCK);
        card.stuck = Some(stuck);
        write(&mut card, &image(), &mut |_| true).unwrap();
        let error = compare(&mut card, &image(), &mut |_| true).unwrap_err();
        let start = format!("byte {stuck} is 0xee");
        assert!(error.to_string().starts_with(&start), "{error}");
    }
}

#[test]
fn a_comparison_that_is_stopped_has_not_passed() {
    let mut card = Card::new(3 * BLOCK);
    write(&mut card, &image(), &mut |_| true).unwrap();
    let error = compare(&mut card, &image(), &mut |_| false).unwrap_err();
    assert!(error.to_string().contains("not read back"), "{error}");
}

#[test]
fn the_copy_of_an_old_table_is_emptied_behind_the_image_and_nowhere_else() {
    let image = image();
    // Ends of the card, seen from the end of the image.
    for room in [0, 512, ALIGNMENT, 33 * 512, 34 * 512, BLOCK, BLOCK + 512] {
        let mut card = Card::new(image.len() + room);
        write(&mut card, &image, &mut |_| true).unwrap();
        assert!(card.kept()[..image.len()] == image, "{room}");
        let behind = &card.kept()[image.len()..];
        let zeros = behind.iter().rev().take_while(|&&byte| byte == 0).count();
        let least = room.min(33 * 512);
        assert!(
            (least..least + ALIGNMENT).contains(&zeros),
            "{room}: {zeros}"
        );
        assert!(behind[..room - zeros].iter().all(|&byte| byte == 0xee));
        compare(&mut card, &image, &mut |_| true).unwrap();
    }
}

#[test]
fn a_copy_that_the_card_kept_is_found_when_it_is_read_back() {
    let mut card = Card::new(3 * BLOCK);
    // The first byte of the copy's header.
    let stuck = 3 * BLOCK - 512;
    card.stuck = Some(stuck);
    write(&mut card, &image(), &mut |_| true).unwrap();
    let error = compare(&mut card, &image(), &mut |_| true).unwrap_err();
    let start = format!("byte {stuck} is 0xee, but 0x00 was written");
    assert!(error.to_string().starts_with(&start), "{error}");
}
