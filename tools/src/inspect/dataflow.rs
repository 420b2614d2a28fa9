//! Follows the core's pointer and the stack pointer through every function, and from caller to callee and back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::inspect::graph::{Call, Graph};
use crate::inspect::insn::{Flow, Insn};
use crate::inspect::program::Program;
use crate::inspect::results::Results;
use crate::inspect::state::{Arguments, State};

/// A use of what is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub(super) at: u64,
    /// Where the core's pointer was read.
    pub(super) read: u64,
    pub(super) how: &'static str,
}

/// What is known of a function when it has been followed.
#[derive(Clone, Debug, Default)]
pub(super) struct Followed {
    /// Uses of what is stale.
    pub(super) stale: BTreeSet<Use>,
    /// Where the stack pointer is set from something else than itself.
    pub(super) foreign_stacks: BTreeSet<u64>,
    /// Calls at which the depth of the stack is not known.
    pub(super) lost: BTreeSet<u64>,
    /// The most bytes of stack that the function itself takes.
    pub(super) depth: u64,
    /// Bytes of stack in use at each call.
    pub(super) depth_at: BTreeMap<u64, u64>,
    /// Calls that can switch while the core's pointer is held in some register.
    pub(super) switches: usize,
    /// What of the core it returns.
    returned: Arguments,
    /// By callee: what of the core it passes.
    passed: BTreeMap<usize, Arguments>,
}

impl Followed {
    fn uses(&mut self, insn: &Insn, read: u64, how: &'static str) {
        let at = insn.address;
        self.stale.insert(Use { at, read, how });
    }
}

/// Everything that the rules ask of an image.
#[derive(Debug)]
pub(super) struct Dataflow {
    pub(super) functions: Vec<Followed>,
}

impl Dataflow {
    /// Follows every function until nothing new is found. `switching` says of a function whether a call of it can
    /// switch, `cannot` whether none of its own calls can, `results` what it may return.
    pub(super) fn new(
        program: &Program,
        graph: &Graph,
        switching: &[bool],
        cannot: impl Fn(usize) -> bool,
        results: impl Fn(usize) -> Results,
    ) -> Self {
        let count = program.functions().len();
        let mut functions = vec![Followed::default(); count];
        let mut entries = vec![Arguments::default(); count];
        let mut callers = vec![BTreeSet::new(); count];
        for function in 0..count {
            for target in graph.calls(function).iter().filter_map(|call| call.target) {
                callers[target].insert(function);
            }
        }
        let mut open: BTreeSet<usize> = (0..count).collect();
        while let Some(function) = open.pop_first() {
            let walk = Walk {
                program,
                graph,
                function,
                can_switch: &|call: &Call| {
                    !cannot(function) && call.target.is_none_or(|target| switching[target])
                },
                results: results(function),
                returned: &|target| functions[target].returned,
            };
            let followed = walk.run(&entries[function]);
            for (&callee, passed) in &followed.passed {
                if add(&mut entries[callee], passed) {
                    open.insert(callee);
                }
            }
            if followed.returned != functions[function].returned {
                open.extend(&callers[function]);
            }
            functions[function] = followed;
        }
        Self { functions }
    }
}

/// Adds what is not there yet; whether anything was.
fn add(all: &mut Arguments, more: &Arguments) -> bool {
    let before = *all;
    for (one, other) in all.iter_mut().zip(more) {
        *one = one.or(*other);
    }
    *all != before
}

/// One pass over one function.
struct Walk<'a> {
    program: &'a Program,
    graph: &'a Graph,
    function: usize,
    can_switch: &'a dyn Fn(&Call) -> bool,
    results: Results,
    returned: &'a dyn Fn(usize) -> Arguments,
}

impl Walk<'_> {
    fn run(&self, arguments: &Arguments) -> Followed {
        let calls: BTreeMap<u64, Call> = self
            .graph
            .calls(self.function)
            .iter()
            .map(|&call| (call.at, call))
            .collect();
        let mut found = Followed::default();
        let start = self.program.functions()[self.function].range.start;
        let mut states = BTreeMap::from([(start, State::entry(arguments))]);
        let mut open = VecDeque::from([start]);
        while let Some(address) = open.pop_front() {
            let (Some(insn), Some(state)) = (self.program.at(address), states.get(&address)) else {
                continue;
            };
            let mut state = state.clone();
            self.execute(insn, calls.get(&address), &mut state, &mut found);
            for next in self.graph.successors(self.program, self.function, insn) {
                let mut arriving = state.clone();
                if insn.is_branch_if_not_equal() && next == address + 4 {
                    arriving.end_of_probes();
                }
                let is_changed = match states.get_mut(&next) {
                    Some(known) => known.join(&arriving),
                    None => states.insert(next, arriving).is_none(),
                };
                if is_changed {
                    open.push_back(next);
                }
            }
        }
        for (returned, may) in found.returned.iter_mut().zip(self.results) {
            if !may {
                *returned = None;
            }
        }
        // What was found on the way with less known is found again here; the depths are of the end alone.
        found.lost.clear();
        found.depth = 0;
        for (&address, state) in &states {
            match state.depth() {
                Some(depth) => found.depth = found.depth.max(depth.max(0).unsigned_abs()),
                None if calls.contains_key(&address) => {
                    found.lost.insert(address);
                }
                // Within a loop of probes; what comes after it is deeper.
                None => {}
            }
        }
        found
    }

    fn execute(&self, insn: &Insn, call: Option<&Call>, state: &mut State, found: &mut Followed) {
        let flow = insn.flow();
        let is_call = matches!(flow, Flow::Call(_) | Flow::CallIndirect);
        if !is_call {
            let was_followed = state.depth().is_some();
            if let Some(read) = state.step(insn) {
                found.uses(insn, read, "uses it");
            }
            if was_followed && state.depth().is_none() {
                found.foreign_stacks.insert(insn.address);
            }
        }
        if let Some(call) = call {
            found.depth_at.insert(
                insn.address,
                state.depth().unwrap_or(0).max(0).unsigned_abs(),
            );
            if let Some(read) = state.stale_argument() {
                found.uses(insn, read, "passes it on");
            }
            if let Some(target) = call.target {
                add(found.passed.entry(target).or_default(), &state.arguments());
            }
            let returned = call.target.map(self.returned).unwrap_or_default();
            let can_switch = (self.can_switch)(call);
            if call.is_last {
                add(&mut found.returned, &returned);
            } else {
                found.switches += usize::from(can_switch);
                state.call(can_switch, &returned);
            }
        } else if is_call {
            state.call(true, &Arguments::default());
        }
        if flow == Flow::Return {
            add(&mut found.returned, &state.returned());
        }
    }
}
