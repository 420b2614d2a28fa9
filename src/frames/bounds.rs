//! What following a chain may cost, whatever is in memory.

use std::cell::Cell;

use proptest::prelude::*;

use super::tests::{CODE, EXCEPTION, Plain, STORES, THREAD};
use super::*;

/// Memory full of anything, which counts how often it is read.
struct Noise<'a> {
    words: &'a [usize],
    code: &'a [u32],
    reads: &'a Cell<usize>,
}

impl Memory for Noise<'_> {
    fn word(&self, at: usize) -> usize {
        self.reads.set(self.reads.get() + 1);
        // Fails outside of the stacks.
        Plain::default().word(at);
        let word = self.words[at / 8 % self.words.len()];
        // Mostly upwards, or most chains would end at once.
        if word.is_multiple_of(3) {
            at + 16 + word % 64 / 8 * 8
        } else {
            word
        }
    }

    fn code(&self, at: usize) -> Option<u32> {
        self.code.get(at.checked_sub(CODE)? / 4).copied()
    }
}

/// A large frame of zeros, which counts how often it is read.
struct Zeros<'a>(&'a Cell<usize>);

impl Memory for Zeros<'_> {
    fn word(&self, _: usize) -> usize {
        self.0.set(self.0.get() + 1);
        0
    }

    fn code(&self, _: usize) -> Option<u32> {
        None
    }
}

#[test]
fn of_a_frame_of_a_megabyte_some_thousand_words_are_looked_at() {
    let reads = Cell::new(0);
    let stack = 0x10_0000..0x30_0000;
    let origin = Origin {
        pc: CODE,
        fp: 0x20_0000,
        sp: stack.start,
        lr: None,
    };
    let mut frames = Frames::new(&origin, [0..0, stack], Zeros(&reads));
    assert_eq!([frames.step(), frames.step()], [Step::Return(0), Step::End]);
    // And the two of the record.
    assert_eq!(reads.get(), WORDS + 2);
}

proptest! {
    #[test]
    fn whatever_is_in_memory_only_the_stacks_are_read_and_it_ends(
        [pc, fp, sp] in [CODE - 8..CODE + 300, 0_usize..0x9000, 0_usize..0x9000],
        lr in proptest::option::of(CODE - 8..CODE + 300),
        words in proptest::collection::vec(prop_oneof![0_usize..0x9000, CODE - 8..CODE + 300], 64),
        code in proptest::collection::vec(
            prop_oneof![any::<u32>(), (0_u32..64).prop_map(|to| 0x9400_0000 | to), Just(STORES[0])], 64),
    ) {
        let reads = Cell::new(0);
        let memory = Noise { words: &words, code: &code, reads: &reads };
        let origin = Origin { pc, fp, sp, lr };
        let mut frames = Frames::new(&origin, [EXCEPTION, THREAD], memory);
        let most = (EXCEPTION.len() + THREAD.len()) / 8 + 1;
        let steps = (0..=most).take_while(|_| matches!(frames.step(), Step::Return(_))).count();
        prop_assert!(steps <= most && reads.get() <= 2 * most);
        prop_assert_eq!(frames.step(), Step::End);
    }
}
