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
                answer.findings.push(Finding::at(insn.address, "the switch reads the thread pointer that it sets"));
            }
        }
    }
    if reads == 0 || switches == 0 {
        answer.findings.push(Finding::of_image("no core's pointer is read, or nothing can switch: the rule looks at nothing"));
    }
    answer.looked_at = format!("{reads} reads of the core's pointer; {switches} calls of {switching} functions that can switch");
    answer
}
