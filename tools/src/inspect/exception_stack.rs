//! What can run on the exception stack, and what runs nowhere else.
//!
//! Handlers, the decision and the end of a switch run there, IRQs masked. Nothing there may switch: `reschedule` is
//! entered on a thread's stack, with the exception stack empty. That is the kernel's to see to, since it depends on
//! the mask that a function finds (`src/sched/wake.rs`, `preempt_or_arm`), and an assertion of `src/sched/switch.rs` in
//! the checked images; so what is called there is followed up to `reschedule`, and no further.

use std::collections::{BTreeMap, BTreeSet};

use crate::inspect::graph::{Call, Graph};
use crate::inspect::program::Program;

/// Whether the calls of a function through a register are those of the handlers of interrupts.
pub(super) fn calls_handlers(program: &Program, function: usize) -> bool {
    program.functions()[function]
        .name
        .starts_with("pivot::irq::")
}

/// Functions as they run on the exception stack.
#[derive(Debug)]
pub(super) struct ExceptionStack {
    /// By function: the calls that are reached there.
    pub(super) calls: BTreeMap<usize, Vec<Call>>,
    /// Those of them that run nowhere else.
    pub(super) only: BTreeSet<usize>,
}

impl ExceptionStack {
    /// What is reached from `roots`, which only assembly calls, without `switch`. Calls through a register go to
    /// `handlers`.
    pub(super) fn new(
        program: &Program,
        graph: &Graph,
        roots: &[usize],
        handlers: &[usize],
        switch: usize,
    ) -> Self {
        let mut calls = BTreeMap::new();
        let mut open = roots.to_vec();
        while let Some(function) = open.pop() {
            if calls.contains_key(&function) {
                continue;
            }
            let calls_here = graph.calls(function).iter().copied();
            let here: Vec<Call> = calls_here
                .filter(|call| call.target != Some(switch))
                .collect();
            for call in &here {
                match call.target {
                    Some(target) => open.push(target),
                    None if calls_handlers(program, function) => open.extend(handlers),
                    None => {}
                }
            }
            calls.insert(function, here);
        }
        let only = Self::nowhere_else(program, graph, roots, calls.keys().copied().collect());
        Self { calls, only }
    }

    /// The greatest set of which nothing is called from outside or has its address taken.
    fn nowhere_else(
        program: &Program,
        graph: &Graph,
        roots: &[usize],
        reached: BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        let taken = program.addresses_taken();
        let start = |function: usize| program.functions()[function].range.start;
        let mut only: BTreeSet<usize> = reached
            .into_iter()
            .filter(|function| roots.contains(function) || !taken.contains(&start(*function)))
            .collect();
        loop {
            let called_from_outside: Vec<usize> = (0..program.functions().len())
                .filter(|caller| !only.contains(caller))
                .flat_map(|caller| graph.calls(caller))
                .filter_map(|call| call.target)
                .filter(|target| only.contains(target) && !roots.contains(target))
                .collect();
            if called_from_outside.is_empty() {
                return only;
            }
            for function in called_from_outside {
                only.remove(&function);
            }
        }
    }
}
