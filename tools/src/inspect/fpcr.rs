//! Rule `fpcr`: nothing in the scheduler, nor in what it calls, depends on FPCR.
//!
//! The decision runs between two threads, under whatever rounding mode the old one has set (ARCHITECTURE.md,
//! invariant 12). Moving a vector register does not depend on it; arithmetic, comparison and conversion do.

use std::collections::BTreeSet;

use crate::inspect::insn::Insn;
use crate::inspect::rules::{Answer, Finding, Image, ON_EXCEPTION_STACK};

/// The scheduler's own source, wherever it is inlined.
const FOLDER: &str = "src/sched";

/// Judges the rule.
pub(super) fn check(image: &Image<'_>) -> Answer {
    let mut findings = Vec::new();
    let roots = image.roots(&ON_EXCEPTION_STACK, &mut findings);
    let functions = image.graph.reachable(&roots);
    let mut bad = BTreeSet::new();
    for &function in &functions {
        bad.extend(
            image
                .program
                .insns(function)
                .filter(|insn| depends_on_fpcr(insn))
                .map(|insn| insn.address),
        );
    }
    let mut scheduler = 0;
    for insn in image.program.all().filter(|insn| insn.is_floating_point()) {
        let is_scheduler = image.source.as_ref().is_some_and(|source| {
            source
                .files(insn.address)
                .iter()
                .any(|file| file.starts_with(FOLDER))
        });
        scheduler += usize::from(is_scheduler);
        if is_scheduler && depends_on_fpcr(insn) {
            bad.insert(insn.address);
        }
    }
    for address in bad {
        findings.push(Finding::at(
            address,
            "depends on FPCR, and the scheduler reaches it",
        ));
    }
    Answer {
        looked_at: format!(
            "{} functions that it reaches; {scheduler} vector instructions of {FOLDER}",
            functions.len()
        ),
        findings,
    }
}

/// Whether the result depends on FPCR: all floating-point operations but moves, selection, negation and absolute
/// value (DDI 0487, FPCR: rounding mode, flush to zero, default NaN).
fn depends_on_fpcr(insn: &Insn) -> bool {
    if !insn.is_floating_point() {
        return false;
    }
    let name = insn.name();
    let is_move = matches!(name.as_str(), "FMOV" | "FABS" | "FNEG" | "FCSEL");
    (name.starts_with('F') && !is_move) || matches!(name.as_str(), "SCVTF" | "UCVTF" | "BFCVT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_conversion_and_comparison_depend_on_it_and_moves_do_not() {
        let depends = |word| depends_on_fpcr(&Insn::decode(0, word).unwrap());
        assert!(depends(0x1e62_2820), "fadd d0, d1, d2");
        assert!(depends(0x9e62_0020), "scvtf d0, x1");
        assert!(depends(0x1e61_2000), "fcmp d0, d1");
        assert!(depends(0x4ea1_d400), "fsub v0.4s, v0.4s, v1.4s");
        assert!(!depends(0x1e60_4020), "fmov d0, d1");
        assert!(!depends(0x6f00_e400), "movi v0.2d, #0");
        assert!(!depends(0x4ee0_8420), "add v0.2d, v1.2d, v0.2d");
        assert!(!depends(0xad00_0400), "stp q0, q1, [x0]");
        assert!(!depends(0x8b01_0000), "add x0, x0, x1");
    }
}
