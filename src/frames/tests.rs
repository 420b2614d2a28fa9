//! Chains in a memory of a few words.

use proptest::prelude::*;

use super::*;

pub(super) const EXCEPTION: Range<usize> = 0x1000..0x1100;
pub(super) const THREAD: Range<usize> = 0x8000..0x8200;

/// Where the code is.
pub(super) const CODE: usize = 0x10_0000;

const NOP: u32 = 0xd503_201f;
/// `stp x29, x30, [sp, #-32]!`, `stp x29, x30, [sp, #32]`.
pub(super) const STORES: [u32; 2] = [0xa9be_7bfd, 0xa902_7bfd];
/// `stp x30, x1, [sp, #16]`, `ldp x29, x30, [sp], #32`, `str x30, [sp, #48]`, `stp w29, w30, [sp]`.
const STORES_NONE: [u32; 4] = [0xa901_07fe, 0xa8c2_7bfd, 0xf900_1bfe, 0x2900_7bfd];

/// `bl` from one address to another.
fn bl(from: usize, to: usize) -> u32 {
    let words = (to as i32 - from as i32) / 4;
    0x9400_0000 | (words.cast_unsigned() & 0x3ff_ffff)
}

/// Words by their address, and code from [`CODE`] on.
#[derive(Clone, Default)]
pub(super) struct Plain<'a> {
    words: &'a [(usize, usize)],
    code: &'a [u32],
}

impl Memory for Plain<'_> {
    fn word(&self, at: usize) -> usize {
        let is_in = |stack: Range<usize>| stack.contains(&at) && stack.contains(&(at + 7));
        assert!((is_in(EXCEPTION) || is_in(THREAD)) && at.is_multiple_of(8));
        let found = self.words.iter().find(|(address, _)| *address == at);
        found.map_or(0, |(_, word)| *word)
    }

    fn code(&self, at: usize) -> Option<u32> {
        self.code.get(at.checked_sub(CODE)? / 4).copied()
    }
}

/// All steps from an origin.
fn walked(origin: Origin, memory: Plain<'_>) -> Vec<Step> {
    let mut frames = Frames::new(&origin, [EXCEPTION, THREAD], memory);
    let mut steps = Vec::new();
    loop {
        let step = frames.step();
        steps.push(step);
        if !matches!(step, Step::Return(_)) {
            assert_eq!(frames.step(), Step::End, "it stays at its end");
            return steps;
        }
    }
}

/// The steps of a chain without any code, from a record.
fn chain(fp: usize, words: &[(usize, usize)]) -> Vec<Step> {
    let origin = Origin {
        pc: 0,
        fp,
        sp: fp,
        lr: None,
    };
    walked(origin, Plain { words, code: &[] })
}

#[test]
fn a_chain_leads_from_the_cores_stack_through_the_threads_to_its_end() {
    let words = [
        (0x1010, 0x1080),
        (0x1018, 1),
        (0x1080, 0x8100),
        (0x1088, 2),
        (0x8100, 0x81f0),
        (0x8108, 3),
        (0x81f0, 0),
        (0x81f8, 4),
    ];
    let returns = [1, 2, 3, 4].map(Step::Return);
    let expected = [&returns[..], &[Step::End]].concat();
    assert_eq!(chain(0x1010, &words), expected);
}

#[test]
fn a_thread_that_was_not_interrupted_has_its_own_stack_only() {
    let steps = chain(0x8100, &[(0x8108, 7)]);
    assert_eq!(steps, [Step::Return(7), Step::End]);
    assert_eq!(chain(0, &[]), [Step::End]);
}

#[test]
fn a_record_that_lies_nowhere_is_named_and_not_read() {
    for at in [8, 0x0ff8, 0x10f8, 0x1011, 0x1100, 0x81f8, usize::MAX - 7] {
        assert_eq!(chain(at, &[]), [Step::Broken(at)], "{at:#x}");
    }
}

#[test]
fn a_chain_does_not_go_back() {
    for to in [0x8100, 0x80f0, 0x8108, 0x1000] {
        let steps = chain(0x8100, &[(0x8100, to), (0x8108, 1)]);
        assert_eq!(steps, [Step::Return(1), Step::Broken(to)], "{to:#x}");
    }
}

#[test]
fn a_stack_pointer_that_has_left_its_stack_leads_nowhere_but_the_chain_is_followed() {
    let origin = Origin {
        pc: CODE,
        fp: 0x8100,
        sp: 0x7ff0,
        lr: None,
    };
    let words = [(0x8108, 7)];
    let code = [NOP];
    let memory = Plain {
        words: &words,
        code: &code,
    };
    assert_eq!(walked(origin, memory), [Step::Return(7), Step::End]);
}

/// Three functions: at 0 one with a record, which calls at 4 the one at 5; that has none, and calls at 6 the one at 8,
/// which stops at 10 with a record, or without. As what follows its calls, and the last.
fn three_functions(last: u32) -> ([u32; 11], [usize; 3]) {
    let at = |index: usize| CODE + index * 4;
    let mut code = [NOP; 11];
    code[1] = STORES[0];
    code[4] = bl(at(4), at(5));
    code[6] = bl(at(6), at(8));
    code[8] = last;
    (code, [at(5), at(7), at(10)])
}

#[test]
fn a_caller_that_the_chain_passes_over_is_found_on_the_stack() {
    for store in STORES {
        let (code, [first, second, pc]) = three_functions(store);
        // The record of the last one, what the second one kept, the record of the first one.
        let words = [
            (0x8100, 0x8140),
            (0x8108, second),
            (0x8120, 0x8888),
            (0x8128, first),
            (0x8140, 0),
            (0x8148, 9),
        ];
        let memory = Plain {
            words: &words,
            code: &code,
        };
        let origin = Origin {
            pc,
            fp: 0x8100,
            sp: 0x80f0,
            // From an earlier call of its own.
            lr: Some(CODE + 8 * 4),
        };
        let steps = walked(origin, memory);
        let returns = [second, first, 9].map(Step::Return);
        assert_eq!(steps, [&returns[..], &[Step::End]].concat());
    }
}

#[test]
fn before_there_is_a_record_the_caller_is_in_x30_or_on_the_stack() {
    for other in STORES_NONE {
        let (code, [first, second, pc]) = three_functions(other);
        let words = [(0x8108, second), (0x8118, first), (0x8140, 0), (0x8148, 9)];
        let memory = Plain {
            words: &words,
            code: &code,
        };
        let returns = [second, first, 9].map(Step::Return);
        let expected = [&returns[..], &[Step::End]].concat();
        for (sp, lr) in [(0x8110, Some(second)), (0x8100, None), (0x8101, None)] {
            let origin = Origin {
                pc,
                fp: 0x8140,
                sp,
                lr,
            };
            assert_eq!(walked(origin, memory.clone()), expected, "{sp:#x}");
        }
    }
}

#[test]
fn a_return_address_of_an_earlier_call_is_not_taken_for_a_caller() {
    let (code, [first, second, pc]) = three_functions(STORES[1]);
    // `first` is left from before, `second` is in the record.
    let words = [
        (0x8100, first),
        (0x8110, 0x8140),
        (0x8118, second),
        (0x8140, 0),
        (0x8148, 9),
    ];
    let memory = Plain {
        words: &words,
        code: &code,
    };
    let origin = Origin {
        pc,
        fp: 0x8110,
        sp: 0x8100,
        lr: Some(first),
    };
    let returns = [second, 9].map(Step::Return);
    assert_eq!(
        walked(origin, memory),
        [&returns[..], &[Step::End]].concat()
    );
}

#[test]
fn a_jump_to_nowhere_came_from_where_x30_leads() {
    let (code, [first, ..]) = three_functions(NOP);
    let words = [(0x8140, 0), (0x8148, 9)];
    for (lr, is_shown) in [(first, true), (first + 2, false), (0, false), (8, false)] {
        let origin = Origin {
            pc: 0,
            fp: 0x8140,
            sp: 0x8140,
            lr: Some(lr),
        };
        let memory = Plain {
            words: &words,
            code: &code,
        };
        let steps = walked(origin, memory);
        assert_eq!(steps[0] == Step::Return(lr), is_shown, "{lr:#x}");
        assert!(steps.ends_with(&[Step::Return(9), Step::End]));
    }
}

proptest! {
    #[test]
    fn a_bl_goes_where_the_assembler_meant(from in 0_usize..0x100_0000, to in 0_usize..0x100_0000) {
        let (from, to) = (from * 4, to * 4);
        let offset = bl_offset(bl(from, to)).unwrap();
        prop_assert_eq!(from.wrapping_add_signed(offset), to);
    }
}
