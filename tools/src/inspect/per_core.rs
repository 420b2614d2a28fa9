//! Rule `per-core`: a core's pointer from before a call that can switch is not used after it.
//!
//! The thread may run on another core then (ARCHITECTURE.md, invariant 7). The thread's own pointer, TPIDR_EL0, may
//! be kept, because it is the same on every core; only the switch itself may not read it.

use crate::inspect::dataflow::Use;
use crate::inspect::insn::{TPIDR_EL0, TPIDR_EL1};
use crate::inspect::rules::{Answer, Finding, Image};

/// Judges the rule.
pub(super) fn check(image: &Image<'_>) -> Answer {
    let mut answer = Answer::default();
    let reads = image
        .program
        .all()
        .filter(|insn| insn.reads_system_register() == Some(TPIDR_EL1))
        .count();
    let (mut switches, mut switching) = (0, 0);
    for (function, followed) in image.dataflow.functions.iter().enumerate() {
        switches += followed.switches;
        switching += usize::from(image.switching[function]);
        for &Use { at, read, how } in &followed.stale {
            let what = format!(
                "the core's pointer, read in {}, is from before a call that can switch, and this {how}",
                image.place(read)
            );
            answer.findings.push(Finding::at(at, what));
        }
    }
    if let Some(switch) = image.program.named("reschedule") {
        for insn in image.program.insns(switch) {
            if insn.reads_system_register() == Some(TPIDR_EL0) {
                answer.findings.push(Finding::at(
                    insn.address,
                    "the switch reads the thread pointer that it sets",
                ));
            }
        }
    }
    if reads == 0 || switches == 0 {
        answer.findings.push(Finding::of_image(
            "no core's pointer is read, or nothing can switch: the rule looks at nothing",
        ));
    }
    answer.looked_at = format!(
        "{reads} reads of the core's pointer; {switches} calls of {switching} functions that can switch"
    );
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::snippet::{BRK, ENTER, LEAVE, RET, START, Word, Word::*, image};

    const KEEP_X19: u32 = 0xf900_0bf3; // str x19, [sp, #16]
    const BACK_X19: u32 = 0xf940_0bf3; // ldr x19, [sp, #16]
    const READ_X19: u32 = 0xd538_d093; // mrs x19, tpidr_el1
    const READ_X8: u32 = 0xd538_d088; // mrs x8, tpidr_el1
    const READ_X0: u32 = 0xd538_d080; // mrs x0, tpidr_el1
    const USE_X19: u32 = 0xf940_0660; // ldr x0, [x19, #8]
    const USE_X8: u32 = 0xf940_0100; // ldr x0, [x8]
    const X0_TO_X19: u32 = 0xaa00_03f3; // mov x19, x0
    const X19_TO_X0: u32 = 0xaa13_03e0; // mov x0, x19

    const NONE: [u64; 0] = [];

    /// The words, counted from the start of the first function, that break the rule.
    fn found(functions: &[(&'static str, &[Word])]) -> Vec<u64> {
        let findings = check(&image(functions)).findings;
        findings
            .iter()
            .filter_map(|finding| Some((finding.address? - START) / 4))
            .collect()
    }

    fn one(words: &[u32]) -> Vec<u64> {
        let body: Vec<Word> = words
            .iter()
            .map(|&word| {
                if word == 0 {
                    Call("reschedule")
                } else {
                    Is(word)
                }
            })
            .collect();
        found(&[("f", &body)])
    }

    #[test]
    fn a_pointer_kept_in_a_register_across_the_switch_is_found_where_it_is_used() {
        assert_eq!(
            one(&[ENTER, KEEP_X19, READ_X19, 0, USE_X19, BACK_X19, LEAVE, RET]),
            [4]
        );
    }

    #[test]
    fn a_pointer_read_anew_is_good_and_so_is_one_that_nobody_uses_afterwards() {
        assert_eq!(
            one(&[
                ENTER, KEEP_X19, READ_X19, 0, READ_X19, USE_X19, BACK_X19, LEAVE, RET
            ]),
            NONE
        );
        assert_eq!(
            one(&[ENTER, KEEP_X19, READ_X19, USE_X19, 0, BACK_X19, LEAVE, RET]),
            NONE
        );
    }

    #[test]
    fn a_pointer_is_followed_through_the_stack_sums_and_vector_registers() {
        // str x8, [sp, #24]; call; ldr x8, [sp, #24]
        assert_eq!(
            one(&[
                ENTER,
                READ_X8,
                0xf900_0fe8,
                0,
                0xf940_0fe8,
                USE_X8,
                LEAVE,
                RET
            ]),
            [5]
        );
        // add x19, x8, #0x90
        assert_eq!(
            one(&[
                ENTER,
                KEEP_X19,
                READ_X8,
                0x9102_4113,
                0,
                USE_X19,
                LEAVE,
                RET
            ]),
            [5]
        );
        // str x8, [sp, #24]; ldr q0, [sp, #16]; str q0, [sp, #48]; call; ldr x8, [sp, #56]
        let moved = [
            ENTER,
            READ_X8,
            0xf900_0fe8,
            0x3dc0_07e0,
            0x3d80_0fe0,
            0,
            0xf940_1fe8,
            USE_X8,
            LEAVE,
            RET,
        ];
        assert_eq!(one(&moved), [7]);
    }

    #[test]
    fn one_way_out_of_two_is_enough() {
        // cbz x1, over the switch
        assert_eq!(
            one(&[ENTER, READ_X19, 0xb400_0041, 0, USE_X19, LEAVE, RET]),
            [4]
        );
        // cbz x1, over the switch and the use
        assert_eq!(
            one(&[ENTER, READ_X19, 0xb400_0061, USE_X19, RET, 0, LEAVE, RET]),
            NONE
        );
    }

    #[test]
    fn passing_it_on_and_storing_it_are_uses() {
        assert_eq!(one(&[ENTER, READ_X19, 0, X19_TO_X0, 0, LEAVE, RET]), [4]);
        // str x19, [x0, #8]
        assert_eq!(one(&[ENTER, READ_X19, 0, 0xf900_0413, LEAVE, RET]), [3]);
        // cmp x19, x0
        assert_eq!(one(&[ENTER, READ_X19, 0, 0xeb00_027f, LEAVE, RET]), [3]);
    }

    #[test]
    fn a_switch_is_found_behind_other_functions_and_behind_a_register() {
        let switches: &[Word] = &[Is(ENTER), Call("reschedule"), Is(LEAVE), Is(RET)];
        let last: &[Word] = &[Jump("switches")];
        let user: &[Word] = &[
            Is(ENTER),
            Is(READ_X19),
            Call("last"),
            Is(USE_X19),
            Is(LEAVE),
            Is(RET),
        ];
        assert_eq!(
            found(&[("user", user), ("last", last), ("switches", switches)]),
            [3]
        );
        // blr x2
        let user: &[Word] = &[
            Is(ENTER),
            Is(READ_X19),
            Is(0xd63f_0040),
            Is(USE_X19),
            Is(LEAVE),
            Is(RET),
        ];
        assert_eq!(found(&[("user", user), ("switches", switches)]), [3]);
    }

    #[test]
    fn what_does_not_come_back_is_no_switch() {
        let panics: &[Word] = &[Is(ENTER), Call("reschedule"), Is(BRK)];
        let user: &[Word] = &[
            Is(ENTER),
            Is(READ_X19),
            Is(0xb400_0041),
            Call("panics"),
            Is(USE_X19),
            Is(LEAVE),
            Is(RET),
        ];
        let other: &[Word] = &[Is(ENTER), Call("reschedule"), Is(LEAVE), Is(RET)];
        assert_eq!(
            found(&[("user", user), ("panics", panics), ("other", other)]),
            NONE
        );
    }

    #[test]
    fn a_pointer_is_followed_into_arguments_and_out_of_results() {
        let keeps: &[Word] = &[
            Is(ENTER),
            Is(X0_TO_X19),
            Call("reschedule"),
            Is(USE_X19),
            Is(LEAVE),
            Is(RET),
        ];
        let passes: &[Word] = &[Is(ENTER), Is(READ_X0), Call("a::keeps"), Is(LEAVE), Is(RET)];
        assert_eq!(found(&[("a::keeps", keeps), ("a::passes", passes)]), [3]);
        let this: &[Word] = &[Is(READ_X0), Is(RET)];
        let asks: &[Word] = &[
            Is(ENTER),
            Call("a::this"),
            Is(X0_TO_X19),
            Call("reschedule"),
            Is(USE_X19),
            Is(LEAVE),
            Is(RET),
        ];
        assert_eq!(found(&[("a::asks", asks), ("a::this", this)]), [4]);
    }

    #[test]
    fn the_thread_pointer_may_be_kept_but_the_switch_itself_may_not_read_it() {
        const READ_THREAD: u32 = 0xd53b_d053; // mrs x19, tpidr_el0
        let keeps: &[Word] = &[
            Is(READ_X0),
            Is(READ_THREAD),
            Call("reschedule"),
            Is(USE_X19),
            Is(RET),
        ];
        assert_eq!(found(&[("f", keeps)]), NONE);
        let reads: &[Word] = &[Is(READ_THREAD), Is(RET)];
        assert_eq!(found(&[("f", keeps), ("reschedule", reads)]), [5]);
    }

    #[test]
    fn an_image_in_which_nothing_is_looked_at_does_not_pass() {
        let findings = check(&image(&[("f", &[Is(RET)])])).findings;
        assert!(findings[0].what.contains("looks at nothing"));
    }
}
