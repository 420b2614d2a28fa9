//! Rule `before-mmu`: no exclusive or other atomic, no DC ZVA, no floating-point register, no stack and no call
//! before the MMU and the data cache are on.
//!
//! With the MMU off all data is Device memory: there an exclusive never succeeds or raises an SError, and DC ZVA
//! faults (DDI 0487, B2.9.2 and the description of DC ZVA). An emulator does not mind.

use std::collections::BTreeSet;

use yaxpeax_arm::armv8::a64::Operand;

use crate::inspect::effect::Effect;
use crate::inspect::insn::{Flow, Insn, SCTLR_EL1, SP};
use crate::inspect::isa::is_atomic;
use crate::inspect::program::Program;
use crate::inspect::rules::{Answer, Finding, Image};

/// Where a core comes from the firmware, or from an exception before there are handlers.
const ENTRIES: [&str; 3] = ["_start", "secondary_entry", "boot_vectors"];

/// The one routine that may jump to an address in a register: to the copy of the image that it has made, which it
/// enters at `_start`, and that is followed anyway.
const RELOCATES: &str = "relocate";

/// SCTLR_EL1.M and .C.
const MMU_AND_CACHE: u64 = 1 | 1 << 2;

/// Judges the rule.
pub(super) fn check(image: &Image<'_>) -> Answer {
    let program = &image.program;
    let mut findings = Vec::new();
    let mut open: Vec<u64> = Vec::new();
    for root in image.roots(&ENTRIES, &mut findings) {
        let range = program.functions()[root].range.clone();
        // A table of vectors is entered in sixteen places.
        let is_table = program.functions()[root].name.ends_with("vectors");
        open.extend(range.step_by(if is_table { 128 } else { usize::MAX }));
    }
    let (mut looked_at, mut copies) = (0, 0);
    let turned_on = walk(program, open, &mut |insn| {
        looked_at += 1;
        if turns_mmu_on(program, insn) {
            return;
        }
        let is_jump = matches!(insn.flow(), Flow::Jump(_));
        if is_jump && program.name_at(insn.address) == RELOCATES && copies == 0 {
            copies += 1;
        } else if let Some(what) = forbidden(insn) {
            findings.push(Finding::at(
                insn.address,
                format!("{what} before the MMU is on"),
            ));
        }
    });
    if turned_on < 2 {
        let what = format!(
            "the MMU is turned on in {turned_on} places, not on the boot core and on the others"
        );
        findings.push(Finding::of_image(what));
    }
    Answer {
        looked_at: format!(
            "{looked_at} instructions up to {turned_on} places that turn it on, {copies} jump to a copy of the image"
        ),
        findings,
    }
}

/// Visits each instruction that is reached from `open` before the MMU and the data cache are on, and those that turn them
/// on; returns how many these are.
pub(super) fn walk(program: &Program, mut open: Vec<u64>, visit: &mut dyn FnMut(&Insn)) -> usize {
    let (mut seen, mut turned_on) = (BTreeSet::new(), 0);
    while let Some(address) = open.pop() {
        let Some(insn) = program.at(address) else {
            continue;
        };
        if !seen.insert(address) {
            continue;
        }
        visit(insn);
        if turns_mmu_on(program, insn) {
            turned_on += 1;
            continue;
        }
        let next = address + 4;
        match insn.flow() {
            // `eret` leaves EL2 for the next instruction.
            Flow::Next | Flow::Call(_) | Flow::CallIndirect | Flow::ExceptionReturn => {
                open.push(next);
            }
            Flow::Branch(target) => open.push(target),
            Flow::Conditional(target) => open.extend([target, next]),
            Flow::Jump(_) | Flow::Return | Flow::Stop => {}
        }
    }
    turned_on
}

fn forbidden(insn: &Insn) -> Option<&'static str> {
    if is_atomic(insn) {
        return Some("an atomic access");
    }
    // DC ZVA: op1 3, C7, C4, 1.
    if insn.word & 0xffff_ffe0 == 0xd50b_7420 {
        return Some("DC ZVA");
    }
    if insn.is_floating_point() {
        return Some("a floating-point register");
    }
    match insn.flow() {
        Flow::Call(_) | Flow::CallIndirect => return Some("a call"),
        Flow::Jump(_) | Flow::Return => return Some("a jump to an address in a register"),
        _ => {}
    }
    match insn.effect() {
        Effect::Load {
            address: Some(address),
            ..
        }
        | Effect::Store { address, .. }
            if address.base == SP =>
        {
            Some("the stack")
        }
        _ => None,
    }
}

/// Whether this is `msr sctlr_el1` with M and C set: the value is the literal that was loaded just before it.
fn turns_mmu_on(program: &Program, insn: &Insn) -> bool {
    if insn.writes_system_register() != Some(SCTLR_EL1) {
        return false;
    }
    let Some(load) = program.at(insn.address - 4) else {
        return false;
    };
    let is_same_register = load.word & 31 == insn.word & 31;
    let value = load.operands().iter().find_map(|operand| match operand {
        Operand::PCOffset(offset) if load.name() == "LDR" => {
            let place = load.address.wrapping_add_signed(*offset);
            let halves = [program.word(place)?, program.word(place + 4)?];
            Some(u64::from(halves[0]) | u64::from(halves[1]) << 32)
        }
        _ => None,
    });
    is_same_register && value.is_some_and(|value| value & MMU_AND_CACHE == MMU_AND_CACHE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::snippet::{START, Word, Word::*, image};

    const NOP: u32 = 0xd503_201f;

    /// Boot core and secondary alike: `planted`, then ldr x1, =value; msr sctlr_el1, x1; `after`.
    fn found(planted: u32, value: u32, after: u32) -> Vec<String> {
        let path = [
            Is(planted),
            Is(0x5800_0081), // ldr x1, 16 bytes on
            Is(0xd518_1001), // msr sctlr_el1, x1
            Is(after),
            Jump("park"),
            Is(value),
            Is(0),
        ];
        let functions: [(&'static str, &[Word]); 4] = [
            ("_start", &path),
            ("secondary_entry", &path),
            ("boot_vectors", &[Jump("park")]),
            ("park", &[Is(0xd503_207f), Is(0x17ff_ffff)]),
        ];
        let findings = check(&image(&functions)).findings;
        findings
            .into_iter()
            .map(|finding| format!("{:x?} {}", finding.address.map(|a| a - START), finding.what))
            .collect()
    }

    #[test]
    fn a_plain_path_is_good_and_what_comes_after_the_mmu_is_not_looked_at() {
        assert!(found(NOP, 5, NOP).is_empty());
        assert!(found(NOP, 5, 0xc85f_fc20).is_empty());
    }

    #[test]
    fn each_forbidden_instruction_is_found() {
        for (word, what) in [
            (0xc85f_fc20, "an atomic access"), // ldaxr x0, [x1]
            (0xc8a0_7c41, "an atomic access"), // cas x0, x1, [x2]
            (0xd50b_7420, "DC ZVA"),
            (0x6f00_e400, "a floating-point register"), // movi v0.2d, #0
            (0x9400_0002, "a call"),
            (0xd63f_0040, "a call"),    // blr x2
            (0xf900_07e0, "the stack"), // str x0, [sp, #8]
        ] {
            let findings = found(word, 5, NOP);
            assert!(findings[0].contains(what), "{what}: {findings:?}");
        }
    }

    #[test]
    fn only_the_relocation_may_jump_to_an_address_in_a_register_and_only_once() {
        let br = 0xd61f_0100; // br x8
        let of_relocation = |words: &'static [Word]| {
            let functions: [(&'static str, &[Word]); 4] = [
                ("_start", &[Jump("relocate")]),
                ("secondary_entry", &[Jump("relocate")]),
                ("boot_vectors", &[Jump("relocate")]),
                ("relocate", words),
            ];
            let findings = check(&image(&functions)).findings;
            let jumps = |finding: &&Finding| finding.what.contains("a jump to an address");
            findings.iter().filter(jumps).count()
        };
        assert!(found(br, 5, NOP)[0].contains("a jump to an address"));
        assert_eq!(of_relocation(&[Is(0xd61f_0100)]), 0);
        // cbz x0, 8 bytes on; br x8; br x8
        let twice = &[Is(0xb400_0040), Is(0xd61f_0100), Is(0xd61f_0100)];
        assert_eq!(of_relocation(twice), 1);
    }

    #[test]
    fn the_mmu_without_the_cache_is_not_enough() {
        let findings = found(NOP, 1, 0xc85f_fc20);
        assert!(findings[0].contains("an atomic access"), "{findings:?}");
        assert!(
            findings.last().unwrap().contains("0 places"),
            "{findings:?}"
        );
    }
}
