//! Rule `one-switch`: who sets a stack pointer.

use crate::inspect::insn::SP_EL0;
use crate::inspect::rules::{Answer, Finding, Image};

/// The only function that exchanges one thread's stack for another's (ARCHITECTURE.md, invariant 1).
const SWITCH: &str = "reschedule";

/// Where a core gets its first stacks.
const FIRST_STACKS: [&str; 2] = ["boot_settled", "secondary_entry"];

/// What exchanges two stacks inside one thread: the subjects of the command `cost` (`asm/cost.s`). Nobody but that
/// routine is on either stack meanwhile: IRQs are masked from before the first exchange until the last one is back, and
/// whatever else comes to a core comes on SP_EL1. The scheduler knows one thread, before and after, and its stack
/// pointer is the one that it was.
const WITHIN_A_THREAD: [&str; 5] = [
    "cost_callee_saved_switch",
    "cost_fp_switch",
    "cost_fpcr_switch",
    "cost_tpidr_switch",
    "cost_all_switch",
];

/// Where a thread that has faulted goes on: at the top of its own stack, of which nothing is needed any more
/// (`asm/vectors.s`).
const ANEW: &str = "thread_ends";

/// What fills its own stack on purpose.
const FILLS_ITS_STACK: &str = "pivot::suite::crash::";

/// Judges the rule.
pub(super) fn check(image: &Image<'_>) -> Answer {
    let program = &image.program;
    let mut findings = Vec::new();
    let mut count = 0;
    for insn in program
        .all()
        .filter(|insn| insn.writes_system_register() == Some(SP_EL0))
    {
        count += 1;
        let function = program.name_at(insn.address);
        if function != SWITCH {
            let what = format!("`{function}` sets a thread's stack pointer; only `{SWITCH}` may");
            findings.push(Finding::at(insn.address, what));
        }
    }
    if count != 1 {
        findings.push(Finding::of_image(format!(
            "SP_EL0 is written in {count} places, not in one"
        )));
    }
    for (function, followed) in image.dataflow.functions.iter().enumerate() {
        let name = program.functions()[function].name.as_str();
        if !FIRST_STACKS.contains(&name)
            && !WITHIN_A_THREAD.contains(&name)
            && name != ANEW
            && !name.contains(FILLS_ITS_STACK)
        {
            for &address in &followed.foreign_stacks {
                findings.push(Finding::at(
                    address,
                    format!("`{name}` puts sp on another stack"),
                ));
            }
        }
    }
    Answer {
        looked_at: format!(
            "{count} write of SP_EL0, sp in {} functions",
            program.functions().len()
        ),
        findings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::snippet::{RET, SET_SP_EL0, Word, Word::*, image};

    fn findings(functions: &[(&'static str, &[Word])]) -> Vec<String> {
        let findings = check(&image(functions)).findings;
        findings.into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn only_the_switch_may_set_a_threads_stack_pointer() {
        assert!(findings(&[("f", &[Is(RET)])]).is_empty());
        let found = findings(&[("f", &[Is(SET_SP_EL0), Is(RET)])]);
        assert!(
            found[0].contains("`f` sets a thread's stack pointer"),
            "{found:?}"
        );
        assert!(found[1].contains("in 2 places"), "{found:?}");
        // mov sp, x1
        let found = findings(&[("f", &[Is(0x9100_003f), Is(RET)])]);
        assert!(
            found[0].contains("`f` puts sp on another stack"),
            "{found:?}"
        );
        for may in ["boot_settled", "cost_fp_switch", "thread_ends"] {
            assert!(findings(&[(may, &[Is(0x9100_003f), Is(RET)])]).is_empty());
        }
        // But a thread's stack pointer as the switch sets it is only the switch's.
        let found = findings(&[("cost_fp_switch", &[Is(SET_SP_EL0), Is(RET)])]);
        assert!(found[0].contains("`cost_fp_switch` sets"), "{found:?}");
    }
}
