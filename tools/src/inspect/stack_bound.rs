//! Rule `stack-bound`: how deep the exception stack can get.

use std::collections::{BTreeMap, BTreeSet};

use crate::inspect::exception_stack::calls_handlers;
use crate::inspect::rules::{Answer, Finding, HANDLERS, Image, ON_EXCEPTION_STACK, SHELL_HANDLERS};

/// The exception stack's size: `tools/link.ld` for the boot core, `src/kernel/secondaries.rs` for the others.
const EXCEPTION_STACK_BYTES: u64 = 16 * 1024;

/// Functions that call themselves there, and why it is not deep; at the lower optimisation levels only.
const RECURSIVE: [(&str, &str); 2] = [
    (
        "safe_mmio::backend::mmio_ops::MmioOps::read_slice",
        "calls itself for what is left of a register block; a register is one access",
    ),
    (
        "safe_mmio::backend::mmio_ops::MmioOps::write_slice",
        "the same",
    ),
];

/// Calls through a register that are never made there, by a part of the caller's name.
const NEVER_TAKEN: [(&str, &str); 3] = [
    (
        "alloc::sync::Arc<T,A>::drop_slow",
        "inlined, the next: `finish_switch` reaps a thread",
    ),
    (
        "<alloc::vec::Vec<T,A> as core::ops::drop::Drop>::drop",
        "the same",
    ),
    (
        "core::ptr::drop_in_place<alloc::boxed::Box<dyn core::any::Any>>",
        "values of a thread that has ended: `thread_exit` has dropped them before",
    ),
];

/// Judges the rule.
pub(super) fn check(image: &Image<'_>) -> Answer {
    let mut findings = Vec::new();
    let roots = image.roots(&ON_EXCEPTION_STACK, &mut findings);
    image.roots(&HANDLERS, &mut findings);
    let is_there = |name: &&str| image.program.named(name).is_some();
    if SHELL_HANDLERS.iter().any(is_there) {
        image.roots(&SHELL_HANDLERS, &mut findings);
    }
    let mut bounds = Bounds {
        image,
        known: BTreeMap::new(),
        open: BTreeSet::new(),
        findings: Vec::new(),
    };
    let deepest = roots.iter().map(|&root| (bounds.of(root), root)).max();
    findings.append(&mut bounds.findings);
    let Some((bytes, root)) = deepest else {
        return Answer {
            looked_at: "nothing".to_owned(),
            findings,
        };
    };
    let chain = bounds.chain(root);
    if bytes > EXCEPTION_STACK_BYTES {
        findings.push(Finding::of_image(format!(
            "{bytes} bytes of {EXCEPTION_STACK_BYTES} on the exception stack: {chain}"
        )));
    }
    Answer {
        looked_at: format!("{bytes} of {EXCEPTION_STACK_BYTES} bytes, without a panic: {chain}"),
        findings,
    }
}

/// The deepest that the stack gets below each function, by what can come back. A function that ends the machine may
/// take what is left: below the exception stack is a guard.
struct Bounds<'a, 'b> {
    image: &'a Image<'b>,
    known: BTreeMap<usize, (u64, Option<usize>)>,
    open: BTreeSet<usize>,
    findings: Vec<Finding>,
}

impl Bounds<'_, '_> {
    fn of(&mut self, function: usize) -> u64 {
        if let Some(&(bytes, _)) = self.known.get(&function) {
            return bytes;
        }
        let name = self.image.program.functions()[function].name.clone();
        if !self.open.insert(function) {
            if RECURSIVE.iter().any(|(recursive, _)| *recursive == name) {
                return 0;
            }
            self.findings.push(Finding::of_image(format!(
                "`{name}` calls itself on the exception stack"
            )));
            return 0;
        }
        let followed = &self.image.dataflow.functions[function];
        if let Some(&address) = followed.lost.first() {
            self.findings.push(Finding::at(
                address,
                "the depth of the stack is not known here",
            ));
        }
        let mut deepest = (followed.depth, None);
        let depth_at = followed.depth_at.clone();
        let calls = self.image.exception_stack.calls.get(&function);
        for call in calls.into_iter().flatten() {
            // A call that is not reached has no depth.
            let Some(&here) = depth_at.get(&call.at) else {
                continue;
            };
            let targets = match call.target {
                Some(target) => vec![target],
                None if calls_handlers(&self.image.program, function) => {
                    self.image.handlers.clone()
                }
                None => {
                    if !NEVER_TAKEN.iter().any(|(never, _)| name.contains(never)) {
                        self.findings.push(Finding::at(
                            call.at,
                            "nobody knows what this calls on the exception stack",
                        ));
                    }
                    Vec::new()
                }
            };
            for target in targets {
                if self.image.graph.comes_back(target) {
                    let bytes = here + self.of(target);
                    if bytes > deepest.0 {
                        deepest = (bytes, Some(target));
                    }
                }
            }
        }
        self.open.remove(&function);
        self.known.insert(function, deepest);
        deepest.0
    }

    /// The calls that lead to the deepest place.
    fn chain(&self, root: usize) -> String {
        let mut names = Vec::new();
        let mut next = Some(root);
        while let Some(function) = next {
            let name = &self.image.program.functions()[function].name;
            names.push(name.rsplit("::").next().unwrap_or(name));
            next = self.known.get(&function).and_then(|&(_, deeper)| deeper);
        }
        names.join(" > ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::snippet::{BRK, ENTER, LEAVE, RET, Word, Word::*, image};

    const PLAIN: &[Word] = &[Is(ENTER), Is(LEAVE), Is(RET)];
    /// sub sp, sp, #16384; add sp, sp, #16384
    const DEEP: &[Word] = &[Is(0xd140_13ff), Is(0x9140_13ff), Is(RET)];

    fn findings(functions: &[(&'static str, &[Word])]) -> Vec<String> {
        let findings = check(&image(functions)).findings;
        findings.into_iter().map(|finding| finding.what).collect()
    }

    /// With `decision` as the scheduler's decision.
    fn bound(decision: &[Word], more: &[(&'static str, &[Word])]) -> Vec<String> {
        let [dispatch, decide, finish] = ON_EXCEPTION_STACK;
        let entries: [(&'static str, &[Word]); 6] = [
            (dispatch, PLAIN),
            (decide, decision),
            (finish, PLAIN),
            (HANDLERS[0], PLAIN),
            (SHELL_HANDLERS[0], PLAIN),
            (SHELL_HANDLERS[1], PLAIN),
        ];
        findings(&[&entries, more].concat())
    }

    #[test]
    fn the_bound_is_the_deepest_chain_of_calls() {
        let decision: &[Word] = &[Is(ENTER), Call("deep"), Is(LEAVE), Is(RET)];
        let found = bound(decision, &[("deep", DEEP)]);
        assert!(found[0].starts_with("16416 bytes of 16384"), "{found:?}");
        assert!(found[0].ends_with("decide > deep"), "{found:?}");
        assert!(bound(PLAIN, &[("deep", DEEP)]).is_empty());
    }

    #[test]
    fn a_panic_is_not_counted_and_a_recursion_is_refused() {
        let panics: &[Word] = &[Is(0xd140_13ff), Is(BRK)];
        let decision: &[Word] = &[
            Is(ENTER),
            Is(0xb400_0041),
            Call("panics"),
            Is(LEAVE),
            Is(RET),
        ];
        assert!(bound(decision, &[("panics", panics)]).is_empty());
        let again: &[Word] = &[
            Is(ENTER),
            Is(0xb400_0041),
            Call("again"),
            Is(LEAVE),
            Is(RET),
        ];
        let found = bound(again, &[("again", again)]);
        assert!(found[0].contains("`again` calls itself"), "{found:?}");
    }

    #[test]
    fn a_handler_counts_where_the_interrupt_path_calls_one_and_must_be_there() {
        let [dispatch, decide, finish] = ON_EXCEPTION_STACK;
        // blr x2
        let calls: &[Word] = &[Is(ENTER), Is(0xd63f_0040), Is(LEAVE), Is(RET)];
        let entries: [(&'static str, &[Word]); 3] =
            [(dispatch, calls), (decide, PLAIN), (finish, PLAIN)];
        let handlers = [
            (HANDLERS[0], DEEP),
            (SHELL_HANDLERS[0], PLAIN),
            (SHELL_HANDLERS[1], PLAIN),
        ];
        let found = findings(&[&entries[..], &handlers].concat());
        assert!(found[0].starts_with("16416 bytes"), "{found:?}");
        let found = findings(&entries);
        assert!(found[0].contains("there is no function"), "{found:?}");
        // Of the shell's, all or none.
        let console = (HANDLERS[0], PLAIN);
        assert!(findings(&[&entries[..], &[console]].concat()).is_empty());
        let half = [console, (SHELL_HANDLERS[1], PLAIN)];
        let found = findings(&[&entries[..], &half].concat());
        assert!(found[0].contains(SHELL_HANDLERS[0]), "{found:?}");
    }

    #[test]
    fn a_call_of_nobody_knows_what_is_refused() {
        // blr x2
        let found = bound(&[Is(ENTER), Is(0xd63f_0040), Is(LEAVE), Is(RET)], &[]);
        assert!(found[0].contains("nobody knows"), "{found:?}");
    }

    #[test]
    fn a_loop_that_probes_a_large_frame_has_a_known_depth() {
        // sub x9, sp, #32768; sub sp, sp, #4096; str xzr, [sp]; cmp sp, x9; b.ne; add sp, sp, #32768
        let probes = [
            0xd140_23e9,
            0xd140_07ff,
            0xf900_03ff,
            0xeb29_63ff,
            0x54ff_ffa1,
            0x9140_23ff,
            RET,
        ];
        let found = bound(&probes.map(Is), &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("32768 bytes"), "{found:?}");
    }
}
