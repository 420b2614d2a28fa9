//! Small programs for the tests of the rules, as an assembler makes them.

use std::collections::BTreeMap;

use crate::inspect::program::{Function, Program};
use crate::inspect::rules::Image;

/// Where the first function lies.
pub(super) const START: u64 = 0x1000;

pub(super) const RET: u32 = 0xd65f_03c0;
pub(super) const BRK: u32 = 0xd420_0020;
/// stp x29, x30, [sp, #-32]!
pub(super) const ENTER: u32 = 0xa9be_7bfd;
/// ldp x29, x30, [sp], #32
pub(super) const LEAVE: u32 = 0xa8c2_7bfd;
/// msr sp_el0, x1
pub(super) const SET_SP_EL0: u32 = 0xd518_4101;

/// A word of a function.
#[derive(Clone, Copy)]
pub(super) enum Word {
    /// As it is.
    Is(u32),
    /// bl
    Call(&'static str),
    /// b
    Jump(&'static str),
}

use Word::{Call, Is, Jump};

/// The functions one after the other, and after them, if it is not among them, a `reschedule` that sets SP_EL0.
pub(super) fn image(functions: &[(&'static str, &[Word])]) -> Image<'static> {
    image_with_data(functions, Vec::new())
}

/// The same with a section of data.
pub(super) fn image_with_data(
    functions: &[(&'static str, &[Word])],
    data: Vec<(u64, Vec<u8>)>,
) -> Image<'static> {
    let switch: &[Word] = &[Is(SET_SP_EL0), Is(RET)];
    let has_switch = functions.iter().any(|(name, _)| *name == "reschedule");
    let switch = if has_switch {
        &[][..]
    } else {
        &[("reschedule", switch)]
    };
    let all = [functions, switch].concat();
    let mut at = START;
    let mut places = Vec::new();
    for (name, words) in &all {
        let end = at + 4 * words.len() as u64;
        places.push(Function {
            name: (*name).to_owned(),
            range: at..end,
        });
        at = end;
    }
    let target = |name: &str| {
        let place = places.iter().find(|place| place.name == name);
        place
            .unwrap_or_else(|| panic!("no function {name}"))
            .range
            .start
    };
    let mut words = Vec::new();
    for word in all.iter().flat_map(|(_, words)| *words) {
        let here = START + 4 * words.len() as u64;
        let offset = |name| (target(name).wrapping_sub(here) as u32 >> 2) & 0x3ff_ffff;
        words.push(match *word {
            Is(word) => word,
            Call(name) => 0x9400_0000 | offset(name),
            Jump(name) => 0x1400_0000 | offset(name),
        });
    }
    let program = Program::new(START, words, places, data, &BTreeMap::new()).unwrap();
    Image::new(program, None).unwrap()
}
