//! What is known of each register and stack slot at one place of a function.

use std::collections::BTreeMap;

use crate::inspect::effect::{Address, Effect};
use crate::inspect::insn::{Flow, Insn, Reg, SP, V0};
use crate::inspect::value::Value;

/// Which of x0 to x7 are the core's pointer, and where it was read.
pub(super) type Arguments = [Option<u64>; 8];

/// Registers and slots at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    registers: [Value; 64],
    /// By distance from the stack pointer at entry; what is not there is `Other`.
    slots: BTreeMap<i64, Value>,
    /// Which of x0 to x7 still hold what was passed in them.
    untouched: [bool; 8],
    /// Where the stack pointer is if the comparison just made says "equal": the end of a loop that probes a large
    /// frame page by page.
    probed: Option<i64>,
}

impl State {
    /// At the entry of a function, with what is passed in x0 to x7.
    pub(super) fn entry(arguments: &Arguments) -> Self {
        let mut registers = [Value::Other; 64];
        registers[usize::from(SP)] = Value::Frame(0);
        for (register, read) in registers.iter_mut().zip(arguments) {
            *register = read.map_or(Value::Other, Value::Core);
        }
        Self {
            registers,
            slots: BTreeMap::new(),
            untouched: [true; 8],
            probed: None,
        }
    }

    /// What a register holds.
    pub(super) fn get(&self, register: Reg) -> Value {
        self.registers[usize::from(register)]
    }

    /// Sets a register.
    pub(super) fn set(&mut self, register: Reg, value: Value) {
        self.registers[usize::from(register)] = value;
        if let Some(untouched) = self.untouched.get_mut(usize::from(register)) {
            *untouched = false;
        }
    }

    /// How far the stack has grown since entry, in bytes; `None` if it cannot be followed.
    pub(super) fn depth(&self) -> Option<i64> {
        match self.get(SP) {
            Value::Frame(offset) => Some(-offset),
            _ => None,
        }
    }

    /// Which of x0 to x7 are the core's pointer, and where it was read.
    pub(super) fn arguments(&self) -> Arguments {
        std::array::from_fn(|register| match self.registers[register] {
            Value::Core(read) => Some(read),
            _ => None,
        })
    }

    /// What of the core x0 and x1 return: what was computed here. An argument that is still where it was passed is
    /// more often what nobody looks at than a result.
    pub(super) fn returned(&self) -> Arguments {
        let mut returned = self.arguments();
        for (register, read) in returned.iter_mut().enumerate() {
            if register > 1 || self.untouched[register] {
                *read = None;
            }
        }
        returned
    }

    /// Where the first of x0 to x7 that is stale was read.
    pub(super) fn stale_argument(&self) -> Option<u64> {
        self.registers[..8].iter().find_map(|value| value.stale())
    }

    /// Joins with what comes from elsewhere; whether anything has changed.
    pub(super) fn join(&mut self, other: &Self) -> bool {
        let before = self.clone();
        for (mine, theirs) in self.registers.iter_mut().zip(other.registers) {
            *mine = mine.join(theirs);
        }
        for (&slot, &theirs) in &other.slots {
            if theirs.follows_core() {
                let mine = self.slots.entry(slot).or_insert(Value::Other);
                *mine = mine.join(theirs);
            }
        }
        // An address of the frame is known only if both agree.
        self.slots.retain(|slot, mine| {
            mine.follows_core() || other.slots.get(slot).is_some_and(|theirs| theirs == mine)
        });
        for (mine, theirs) in self.untouched.iter_mut().zip(other.untouched) {
            *mine &= theirs;
        }
        if self.probed != other.probed {
            self.probed = None;
        }
        *self != before
    }

    /// After a call: what a call may clobber is gone. If the call can switch, what was of the core is stale.
    pub(super) fn call(&mut self, can_switch: bool, returned: &Arguments) {
        let kept = |register: usize| (19..32).contains(&register) || (40..48).contains(&register);
        for (register, value) in self.registers.iter_mut().enumerate() {
            if !kept(register) {
                *value = Value::Other;
            } else if can_switch {
                value.age();
            }
        }
        self.untouched = [false; 8];
        if can_switch {
            self.slots.values_mut().for_each(Value::age);
        }
        for (register, read) in self.registers.iter_mut().zip(returned) {
            if let Some(read) = *read {
                *register = Value::Core(read);
            }
        }
        self.probed = None;
    }

    /// The stack pointer at the end of a loop of probes: taken when `b.ne` is not.
    pub(super) fn end_of_probes(&mut self) {
        if let Some(offset) = self.probed {
            self.set(SP, Value::Frame(offset));
        }
    }

    /// Executes one instruction that is no call. If it uses something stale for more than keeping it: where that was
    /// read.
    pub(super) fn step(&mut self, insn: &Insn) -> Option<u64> {
        if insn.flow() == Flow::Next {
            self.probed = None;
        }
        match insn.effect() {
            Effect::ReadCore(to) => {
                self.set(to, Value::Core(insn.address));
                None
            }
            Effect::Copy { to, from } => {
                self.set(to, self.get(from));
                None
            }
            Effect::Offset { to, from, by } => {
                let value = match self.get(from) {
                    Value::Frame(offset) => Value::Frame(offset + by),
                    value => value.derived(),
                };
                self.set(to, value);
                None
            }
            Effect::Align {
                from,
                to_multiple_of,
            } => {
                let value = match self.get(from) {
                    // A stack pointer is a multiple of 16: so much is lost at most.
                    Value::Frame(offset) => Value::Frame(offset - (to_multiple_of - 16).max(0)),
                    _ => Value::Other,
                };
                self.set(SP, value);
                None
            }
            Effect::Compute { to: None, from } => {
                if let [SP, limit] = from[..]
                    && let Value::Frame(offset) = self.get(limit)
                {
                    self.probed = Some(offset);
                }
                from.iter().find_map(|&register| self.get(register).stale())
            }
            Effect::Compute { to: Some(to), from } => {
                let value = from
                    .iter()
                    .map(|&register| self.get(register).derived())
                    .fold(Value::Other, Value::join);
                self.set(to, value);
                None
            }
            Effect::Load { to, width, address } => {
                let used = address.and_then(|address| self.stale_address(&address));
                let place = address.and_then(|address| self.place(&address));
                for (to, number) in to.into_iter().zip(0..) {
                    let value = place.map_or(Value::Other, |place| {
                        self.load(place + number * width, width)
                    });
                    if let Some(to) = to {
                        self.set(to, if to < V0 { value } else { value.derived() });
                    }
                }
                self.write_back(address);
                used
            }
            Effect::Store {
                from,
                width,
                address,
                status,
            } => {
                let place = self.place(&address);
                let mut used = self.stale_address(&address);
                for (from, number) in from.into_iter().zip(0..) {
                    let value = from.map_or(Value::Other, |from| self.get(from));
                    match place {
                        Some(place) => self.store(place + number * width, width, value),
                        None => used = used.or(value.stale()),
                    }
                }
                if let Some(status) = status {
                    self.set(status, Value::Other);
                }
                self.write_back(Some(address));
                used
            }
        }
    }

    fn stale_address(&self, address: &Address) -> Option<u64> {
        let index = address.index.and_then(|index| self.get(index).stale());
        self.get(address.base).stale().or(index)
    }

    /// Where in the frame an address is, if it is one whose place is known.
    fn place(&self, address: &Address) -> Option<i64> {
        match self.get(address.base) {
            Value::Frame(base) if address.index.is_none() => Some(base + address.offset),
            _ => None,
        }
    }

    fn write_back(&mut self, address: Option<Address>) {
        if let Some(address) = address
            && let Some(by) = address.writeback
        {
            let value = match self.get(address.base) {
                Value::Frame(base) => Value::Frame(base + by),
                value => value,
            };
            self.set(address.base, value);
        }
    }

    fn load(&self, place: i64, width: i64) -> Value {
        if width == 8 {
            return self.slots.get(&place).copied().unwrap_or(Value::Other);
        }
        // A vector register holds several; less than a register is no pointer.
        let slots = if width > 8 {
            self.slots.range(place..place + width)
        } else {
            return Value::Other;
        };
        slots
            .map(|(_, value)| value.derived())
            .fold(Value::Other, Value::join)
    }

    fn store(&mut self, place: i64, width: i64, value: Value) {
        let overlapping: Vec<i64> = self
            .slots
            .range(place - 7..place + width)
            .map(|(&slot, _)| slot)
            .collect();
        for slot in overlapping {
            self.slots.remove(&slot);
        }
        if value != Value::Other && width >= 8 {
            let slots = (place..place + width).step_by(8);
            self.slots.extend(slots.map(|slot| (slot, value)));
        }
    }
}
