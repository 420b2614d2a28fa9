//! The list over routines of the test's own, and the instructions that a mutant is made of.

use super::super::routine::survey;
use super::*;

const RET: u32 = 0xd65f_03c0;
/// `bl`
const CALL: u32 = 0x9400_0000;

fn mutants(place: Place, words: &[u32]) -> Vec<RegisterMutant> {
    of_routine(place, &survey(0x1000, words))
}

fn code(place: Place, words: &[u32], name: &str) -> Vec<u32> {
    let all = mutants(place, words);
    let mutant = all.iter().find(|mutant| mutant.name == name);
    mutant.unwrap_or_else(|| panic!("no {name}")).code.clone()
}

#[test]
fn a_general_register_is_lost_only_where_it_carries_the_pattern() {
    // stp x2, x3, [sp, #48]
    let save = 0xa903_0fe2;
    let [subtract, compare] = compare_16_bits(0, TAG);
    assert_eq!(
        code(Place::Frame, &[save, RET], "frame.save.x3"),
        [
            save,
            top_16_bits(0, 3),
            subtract,
            compare,
            SKIP_IF_NOT_EQUAL,
            store(XZR, 31, 56)
        ]
    );
    // ldp x29, x30, [sp], #160
    let restore = 0xa8ca_7bfd;
    let [subtract, compare] = compare_16_bits(16, TAG);
    assert_eq!(
        code(Place::Switch, &[restore, RET], "switch.restore.x29"),
        [
            load(16, 31, 0),
            top_16_bits(16, 16),
            subtract,
            compare,
            SKIP_IF_NOT_EQUAL,
            store(XZR, 31, 0),
            restore
        ]
    );
}

#[test]
fn a_vector_register_takes_its_neighbours_place_or_is_cleared_before_the_load() {
    // stp d8, d9, [x29, #96] and stp d9, d9; ldp q8, q9, [sp, #336]
    let (save, restore) = (0x6d06_27a8, 0xad4a_a7e8);
    assert_eq!(
        code(Place::Switch, &[save, RET], "switch.save.d8"),
        [0x6d06_27a9]
    );
    let frame = [restore, RET];
    assert_eq!(
        code(Place::Frame, &frame, "frame.restore.v9"),
        [store(XZR, 31, 352), store(XZR, 31, 360), restore]
    );
    assert_eq!(
        code(Place::Frame, &frame, "frame.restore.v9.high"),
        [store(XZR, 31, 360), restore]
    );
}

#[test]
fn a_system_register_gets_a_constant_or_keeps_what_it_has() {
    // mrs x2, fpcr; bl; msr fpcr, x2; msr fpcr, xzr
    let words = [0xd53b_4402, CALL, 0xd51b_4402, 0xd51b_441f, RET];
    assert_eq!(code(Place::Frame, &words, "frame.save.fpcr"), [zero(2)]);
    assert_eq!(code(Place::Frame, &words, "frame.restore.fpcr"), [NOP]);
    assert_eq!(code(Place::Frame, &words, "handler.set.fpcr"), [NOP]);
    // mrs x1, spsr_el1: its flags only.
    let spsr = 0xd538_4001;
    assert_eq!(
        code(Place::Frame, &[spsr, RET], "frame.save.spsr"),
        [spsr, clear_flags(1)]
    );
}

#[test]
fn only_stack_pointer_return_address_and_identity_need_not_be_named() {
    // stp x29, x30, [sp, #-160]!; mov x29, sp; bl; mrs x2, fpcr; stp x29, x2, [x0]; msr tpidr_el0, x1
    let words = [
        0xa9b6_7bfd,
        0x9100_03fd,
        CALL,
        0xd53b_4402,
        0xa900_081d,
        0xd51b_d041,
        RET,
    ];
    let unnamed: Vec<String> = mutants(Place::Switch, &words)
        .into_iter()
        .filter(|mutant| mutant.expect == Expect::AnyRed)
        .map(|mutant| mutant.name)
        .collect();
    assert_eq!(
        unnamed,
        [
            "switch.save.x30",
            "switch.save.sp",
            "switch.restore.tpidr_el0"
        ]
    );
}

#[test]
fn a_register_that_is_not_saved_is_missed_and_one_that_nobody_expects_is_told() {
    let all: Vec<RegisterMutant> = expected()
        .into_iter()
        .map(|name| RegisterMutant {
            name,
            expect: Expect::AnyRed,
            address: 0,
            code: Vec::new(),
        })
        .collect();
    assert!(all.len() >= 100, "{}", all.len());
    assert!(check_complete(&all).is_ok());

    let mut less = all.clone();
    less.retain(|mutant| mutant.name != "frame.save.v9.high");
    let message = check_complete(&less).unwrap_err().to_string();
    assert!(
        message.contains("not found: frame.save.v9.high"),
        "{message}"
    );

    let mut more = all.clone();
    more[0].name = "frame.save.x19".to_owned();
    let message = check_complete(&more).unwrap_err().to_string();
    assert!(
        message.contains("not expected: frame.save.x19"),
        "{message}"
    );

    let twice = [all.clone(), all[..1].to_vec()].concat();
    assert!(check_complete(&twice).is_err());
}
