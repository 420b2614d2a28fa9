//! Rules `one-switch` and `stack-bound`: who sets a stack pointer, and how deep the exception stack can get.

use std::collections::{BTreeMap, BTreeSet};

use crate::inspect::exception_stack::calls_handlers;
use crate::inspect::insn::SP_EL0;
use crate::inspect::rules::{Answer, Finding, Image, ON_EXCEPTION_STACK};

/// The only function that exchanges one thread's stack for another's (ARCHITECTURE.md, invariant 1).
const SWITCH: &str = "reschedule";

/// Where a core gets its first stacks.
const FIRST_STACKS: [&str; 2] = ["boot_entry", "secondary_entry"];

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
const NEVER_TAKEN: [(&str, &str); 2] = [
    (
        "alloc::sync::Arc<T,A>::drop_slow",
        "inlined, the next: `finish_switch` reaps a thread",
    ),
    (
        "core::ptr::drop_in_place<alloc::boxed::Box<dyn core::any::Any>>",
        "values of a thread that has ended: `thread_exit` has dropped them before",
    ),
];

/// Judges rule `one-switch`.
pub(super) fn check_switch(image: &Image<'_>) -> Answer {
    let program = &image.program;
    let mut findings = Vec::new();
    let mut count = 0;
    for insn in program.all().filter(|insn| insn.writes_system_register() == Some(SP_EL0)) {
        count += 1;
        let function = program.name_at(insn.address);
        if function != SWITCH {
            let what = format!("`{function}` sets a thread's stack pointer; only `{SWITCH}` may");
            findings.push(Finding::at(insn.address, what));
        }
    }
    if count != 1 {
        findings.push(Finding::of_image(format!("SP_EL0 is written in {count} places, not in one")));
    }
    for (function, followed) in image.dataflow.functions.iter().enumerate() {
        let name = program.functions()[function].name.as_str();
        if !FIRST_STACKS.contains(&name) {
            for &address in &followed.foreign_stacks {
                findings.push(Finding::at(address, format!("`{name}` puts sp on another stack")));
            }
        }
    }
    Answer {
        looked_at: format!("{count} write of SP_EL0, sp in {} functions", program.functions().len()),
        findings,
    }
}

/// Judges rule `stack-bound`.
pub(super) fn check_bound(image: &Image<'_>) -> Answer {
    let mut findings = Vec::new();
    let roots = image.roots(&ON_EXCEPTION_STACK, &mut findings);
    let mut bounds = Bounds {
        image,
        known: BTreeMap::new(),
        open: BTreeSet::new(),
        findings: Vec::new(),
    };
    let deepest = roots.iter().map(|&root| (bounds.of(root), root)).max();
    findings.append(&mut bounds.findings);
    let Some((bytes, root)) = deepest else {
        return Answer { looked_at: "nothing".to_owned(), findings };
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
            self.findings.push(Finding::of_image(format!("`{name}` calls itself on the exception stack")));
            return 0;
        }
        let followed = &self.image.dataflow.functions[function];
        if let Some(&address) = followed.lost.first() {
            self.findings.push(Finding::at(address, "the depth of the stack is not known here"));
        }
        let mut deepest = (followed.depth, None);
        let depth_at = followed.depth_at.clone();
        let calls = self.image.exception_stack.calls.get(&function);
        for call in calls.into_iter().flatten() {
            // A call that is not reached has no depth.
            let Some(&here) = depth_at.get(&call.at) else { continue };
            let targets = match call.target {
                Some(target) => vec![target],
                None if calls_handlers(&self.image.program, function) => self.image.handlers.clone(),
                None => {
                    if !NEVER_TAKEN.iter().any(|(never, _)| name.contains(never)) {
                        self.findings.push(Finding::at(call.at, "nobody knows what this calls on the exception stack"));
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
