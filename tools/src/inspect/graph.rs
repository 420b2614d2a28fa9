//! Who calls whom, who comes back, and where control goes inside a function.

use std::collections::{BTreeMap, BTreeSet};

use yaxpeax_arm::armv8::a64::Operand;

use crate::inspect::effect::Effect;
use crate::inspect::insn::{Flow, Insn, Reg, SP};
use crate::inspect::program::Program;

/// A call, or a jump out of a function, which is its last call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) at: u64,
    /// The function; `None` where it is in a register.
    pub(super) target: Option<usize>,
    /// Whether the caller is done with it.
    pub(super) is_last: bool,
}

/// Calls and jumps of an image.
#[derive(Debug)]
pub(super) struct Graph {
    calls: Vec<Vec<Call>>,
    /// Where a jump through a table may go.
    tables: BTreeMap<u64, Vec<u64>>,
    returns: Vec<bool>,
}

impl Graph {
    /// Reads the whole image.
    pub(super) fn new(program: &Program) -> Self {
        let count = program.functions().len();
        let mut graph = Self {
            calls: vec![Vec::new(); count],
            tables: BTreeMap::new(),
            returns: vec![false; count],
        };
        for function in 0..count {
            let range = &program.functions()[function].range;
            for insn in program.insns(function) {
                let (target, is_last) = match insn.flow() {
                    Flow::Call(target) => (program.function_at(target), false),
                    Flow::CallIndirect => (None, false),
                    Flow::Branch(target) | Flow::Conditional(target)
                        if !range.contains(&target) =>
                    {
                        (program.function_at(target), true)
                    }
                    Flow::Jump(register) => {
                        if let Some(targets) = jump_table(program, function, insn, register) {
                            graph.tables.insert(insn.address, targets);
                            continue;
                        }
                        (None, true)
                    }
                    _ => continue,
                };
                graph.calls[function].push(Call {
                    at: insn.address,
                    target,
                    is_last,
                });
            }
            // Assembly may run on into the next label.
            let last = program.insns(function).last();
            if let Some(last) = last
                && last.address + 4 == range.end
                && matches!(last.flow(), Flow::Next | Flow::Conditional(_))
            {
                graph.calls[function].push(Call {
                    at: last.address,
                    target: program.function_at(range.end),
                    is_last: true,
                });
            }
        }
        graph.find_returns(program);
        graph
    }

    /// The calls of a function.
    pub(super) fn calls(&self, function: usize) -> &[Call] {
        &self.calls[function]
    }

    /// Whether a function can come back.
    pub(super) fn comes_back(&self, function: usize) -> bool {
        self.returns[function]
    }

    /// Where control goes inside the function from an instruction; not into what it calls.
    pub(super) fn successors(&self, program: &Program, function: usize, insn: &Insn) -> Vec<u64> {
        let range = &program.functions()[function].range;
        let next = insn.address + 4;
        let mut targets = match insn.flow() {
            Flow::Next | Flow::CallIndirect => vec![next],
            Flow::Branch(target) => vec![target],
            Flow::Conditional(target) => vec![target, next],
            Flow::Call(target) => match program.function_at(target) {
                Some(callee) if !self.returns[callee] => Vec::new(),
                _ => vec![next],
            },
            Flow::Jump(_) => self.tables.get(&insn.address).cloned().unwrap_or_default(),
            Flow::Return | Flow::ExceptionReturn | Flow::Stop => Vec::new(),
        };
        targets.retain(|target| range.contains(target));
        targets
    }

    /// The instructions of a function that can be reached from its start.
    pub(super) fn reached(&self, program: &Program, function: usize) -> BTreeSet<u64> {
        let mut seen = BTreeSet::new();
        let mut open = vec![program.functions()[function].range.start];
        while let Some(address) = open.pop() {
            if let Some(insn) = program.at(address)
                && seen.insert(address)
            {
                open.extend(self.successors(program, function, insn));
            }
        }
        seen
    }

    /// All functions that can be reached from `roots` by direct calls.
    pub(super) fn reachable(&self, roots: &[usize]) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut open = roots.to_vec();
        while let Some(function) = open.pop() {
            if seen.insert(function) {
                open.extend(self.calls[function].iter().filter_map(|call| call.target));
            }
        }
        seen
    }

    /// By function: whether a call of it can switch threads and come back. A call through a register can; what
    /// `cannot` says of is left out.
    pub(super) fn switching(&self, switch: usize, cannot: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut switching = vec![false; self.calls.len()];
        switching[switch] = true;
        loop {
            let before = switching.clone();
            for (function, calls) in self.calls.iter().enumerate() {
                switching[function] |= self.returns[function]
                    && !cannot(function)
                    && calls
                        .iter()
                        .any(|call| call.target.is_none_or(|target| switching[target]));
            }
            if switching == before {
                return switching;
            }
        }
    }

    /// The least set: a function comes back if a `ret`, or a last call that comes back, can be reached.
    fn find_returns(&mut self, program: &Program) {
        loop {
            let mut is_changed = false;
            for function in 0..self.calls.len() {
                if self.returns[function] {
                    continue;
                }
                let reached = self.reached(program, function);
                let by_itself = reached
                    .iter()
                    .filter_map(|&address| program.at(address))
                    .any(|insn| matches!(insn.flow(), Flow::Return | Flow::ExceptionReturn));
                let by_last_call = self.calls[function].iter().any(|call| {
                    call.is_last
                        && reached.contains(&call.at)
                        && call.target.is_none_or(|target| self.returns[target])
                });
                if by_itself || by_last_call {
                    self.returns[function] = true;
                    is_changed = true;
                }
            }
            if !is_changed {
                return;
            }
        }
    }
}

/// The targets of `br` through a table, as the compiler writes it:
/// `adr`/`adrp`+`add` table; `adr` base; `ldrb`/`ldrh` entry (or `ldrsw`); `add` base + 4 * entry (or table +
/// entry); `br`. `None` for any other `br`: it is a call.
fn jump_table(program: &Program, function: usize, jump: &Insn, register: Reg) -> Option<Vec<u64>> {
    let range = program.functions()[function].range.clone();
    let before = |from: u64, writes: Reg| {
        (1..=24)
            .map(|back| from - 4 * back)
            .take_while(|&address| address >= range.start)
            .filter_map(|address| program.at(address))
            .find(|insn| written(insn) == Some(writes))
    };
    let sum = before(jump.address, register)?;
    let Effect::Compute { from, .. } = sum.effect() else {
        return None;
    };
    let [base, entry] = from[..] else { return None };
    let shift = match sum.operands()[2] {
        Operand::RegShift(_, shift, ..) => u32::from(shift),
        _ => 0,
    };
    let load = before(sum.address, entry)?;
    let Effect::Load {
        width,
        address: Some(address),
        ..
    } = load.effect()
    else {
        return None;
    };
    address.index?;
    let base = constant(sum.address, base, &before)?;
    let table = constant(load.address, address.base, &before)?;
    let mut targets = BTreeSet::new();
    for place in 0..1024 {
        let place = table + place * width.unsigned_abs();
        let Some(bytes) = program.bytes(place, width.unsigned_abs() as usize) else {
            break;
        };
        let mut wide = [if width == 4 && bytes[3] & 0x80 != 0 {
            0xff
        } else {
            0
        }; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        let target = base.wrapping_add((i64::from_le_bytes(wide) << shift).cast_unsigned());
        // Past its end the table reads as other tables: what still lies in the function is one edge too many.
        if !range.contains(&target) || program.at(target).is_none() {
            break;
        }
        targets.insert(target);
    }
    Some(targets.into_iter().collect())
}

/// The register that an instruction writes, if it writes one.
fn written(insn: &Insn) -> Option<Reg> {
    match insn.effect() {
        Effect::ReadCore(to) | Effect::Copy { to, .. } | Effect::Offset { to, .. } => Some(to),
        Effect::Align { .. } => Some(SP),
        Effect::Compute { to, .. } => to,
        Effect::Load { to, .. } => to.first().copied().flatten(),
        Effect::Store { status, .. } => status,
    }
}

/// The address that `adr`, or `adrp` and `add`, leave in a register.
fn constant<'p>(
    from: u64,
    register: Reg,
    before: &impl Fn(u64, Reg) -> Option<&'p Insn>,
) -> Option<u64> {
    let insn = before(from, register)?;
    if let Effect::Offset { from: page, by, .. } = insn.effect() {
        return constant(insn.address, page, before).map(|page| page.wrapping_add_signed(by));
    }
    insn.page_or_address().map(|(_, address)| address)
}

#[cfg(test)]
mod tests {
    use crate::inspect::snippet::{RET, START, Word, Word::*, image_with_data};

    #[test]
    fn a_table_of_jumps_leads_to_its_targets_and_any_other_jump_is_a_call() {
        let body = [
            0x1000_8008, // adr x8, table at 0x2000
            0x1000_00a9, // adr x9, 20 bytes on: the base
            0x3860_690a, // ldrb w10, [x8, x0]
            0x8b0a_0929, // add x9, x9, x10, lsl #2
            0xd61f_0120, // br x9
            RET,
            RET, // base
            RET,
        ]
        .map(Is);
        let leaves: &[Word] = &[Is(0xd61f_0120)];
        let table = vec![0, 1, 0, 200, 1];
        let image = image_with_data(&[("f", &body), ("leaves", leaves)], vec![(0x2000, table)]);
        let jump = image.program.at(START + 16).unwrap();
        let targets = image.graph.successors(&image.program, 0, jump);
        assert_eq!(targets, [START + 24, START + 28]);
        assert!(image.graph.calls(0).is_empty());
        assert_eq!(image.graph.calls(1)[0].target, None);
    }
}
