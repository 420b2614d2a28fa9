//! What an instruction does to registers and memory, as far as values can be followed.

use yaxpeax_arm::armv8::a64::{Operand, SIMDSizeCode, SizeCode};

use crate::inspect::insn::{Insn, Reg, TPIDR_EL1, V0};

/// A memory operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) base: Reg,
    pub(super) index: Option<Reg>,
    /// Added for the access.
    pub(super) offset: i64,
    /// What the base is moved by.
    pub(super) writeback: Option<i64>,
}

/// What an instruction does to registers and memory, as far as values can be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The core's pointer is read.
    ReadCore(Reg),
    /// A copy.
    Copy { to: Reg, from: Reg },
    /// A sum with a constant.
    Offset { to: Reg, from: Reg, by: i64 },
    /// The stack pointer, aligned downwards to so many bytes.
    Align { from: Reg, to_multiple_of: i64 },
    /// Anything else that is computed from registers; nothing is written by a comparison.
    Compute { to: Option<Reg>, from: Vec<Reg> },
    /// A load of `width` bytes for each register; no address when it is a literal. `None` is the zero register.
    Load {
        to: Vec<Option<Reg>>,
        width: i64,
        address: Option<Address>,
    },
    /// A store, with the register that says whether an exclusive one succeeded.
    Store {
        from: Vec<Option<Reg>>,
        width: i64,
        address: Address,
        status: Option<Reg>,
    },
}

impl Insn {
    /// What it does to registers and memory.
    pub(super) fn effect(&self) -> Effect {
        let name = self.name();
        let operands = self.operands();
        let registers: Vec<Option<Reg>> = operands.iter().flat_map(registers_of).collect();
        let width = operands.iter().find_map(width_of).unwrap_or(8);
        let address = operands.iter().find_map(address_of);
        if self.reads_system_register() == Some(TPIDR_EL1)
            && let Some(Some(to)) = registers.first()
        {
            return Effect::ReadCore(*to);
        }
        if name.starts_with("LD") {
            return Effect::Load {
                to: registers,
                width: memory_width(&name, width),
                address,
            };
        }
        if name.starts_with("ST")
            && let Some(address) = address
        {
            let is_exclusive = name.starts_with("STX") || name.starts_with("STLX");
            let (status, from) = if is_exclusive {
                (
                    registers.first().copied().flatten(),
                    registers[1..].to_vec(),
                )
            } else {
                (None, registers)
            };
            return Effect::Store {
                from,
                width: memory_width(&name, width),
                address,
                status,
            };
        }
        if let Some(effect) = self.sum_or_copy(&name) {
            return effect;
        }
        let reads_all = WRITES_NO_REGISTER.contains(&name.as_str());
        let keeps = matches!(name.as_str(), "MOVK" | "BFM" | "INS");
        let skip = usize::from(!reads_all && !keeps && !registers.is_empty());
        let to = if reads_all {
            None
        } else {
            registers.first().copied().flatten()
        };
        Effect::Compute {
            to,
            from: registers[skip..].iter().copied().flatten().collect(),
        }
    }

    fn sum_or_copy(&self, name: &str) -> Option<Effect> {
        let by = match (self.operands()[2], name) {
            (Operand::Immediate(by), "ADD" | "SUB") => i64::from(by),
            (Operand::ImmShift(by, shift), "ADD" | "SUB") => i64::from(by) << shift,
            (
                Operand::Register(SizeCode::X, from) | Operand::RegShift(_, 0, SizeCode::X, from),
                "ORR",
            ) if is_zero_register(&self.operands()[1]) && from != 31 => {
                let to = registers_of(&self.operands()[0])
                    .first()
                    .copied()
                    .flatten()?;
                return Some(Effect::Copy {
                    to,
                    from: from as Reg,
                });
            }
            (Operand::Imm64(mask), "AND")
                if matches!(self.operands()[0], Operand::RegisterOrSP(_, 31)) =>
            {
                let from = registers_of(&self.operands()[1])
                    .first()
                    .copied()
                    .flatten()?;
                let to_multiple_of = 1 << mask.trailing_zeros().min(16);
                return Some(Effect::Align {
                    from,
                    to_multiple_of,
                });
            }
            _ => return None,
        };
        let to = registers_of(&self.operands()[0])
            .first()
            .copied()
            .flatten()?;
        let from = registers_of(&self.operands()[1])
            .first()
            .copied()
            .flatten()?;
        let by = if name == "SUB" { -by } else { by };
        Some(Effect::Offset { to, from, by })
    }
}

/// Operations whose first register is read like the others.
const WRITES_NO_REGISTER: [&str; 17] = [
    "CBZ", "CBNZ", "TBZ", "TBNZ", "B", "BL", "BR", "BLR", "RET", "CCMN", "CCMP", "FCMP", "FCMPE",
    "FCCMP", "FCCMPE", "MSR", "SYS",
];

fn is_zero_register(operand: &Operand) -> bool {
    matches!(operand, Operand::Register(_, 31))
}

/// The registers that an operand names, but for those of an address.
fn registers_of(operand: &Operand) -> Vec<Option<Reg>> {
    let general = |number: u16| (number != 31).then_some(number as Reg);
    let vector = |number: u16| Some(V0 + (number as Reg & 31));
    match *operand {
        Operand::Register(_, number) | Operand::RegShift(_, _, _, number) => vec![general(number)],
        Operand::RegisterPair(_, number) => vec![general(number), general(number + 1)],
        Operand::RegisterOrSP(_, number) => vec![Some(number as Reg)],
        Operand::SIMDRegister(_, number)
        | Operand::SIMDRegisterElements(_, number, _)
        | Operand::SIMDRegisterElementsLane(_, number, _, _)
        | Operand::SIMDRegisterElementsMultipleLane(_, number, _, _, _) => vec![vector(number)],
        Operand::SIMDRegisterGroup(_, first, _, count)
        | Operand::SIMDRegisterGroupLane(first, _, count, _) => {
            (0..u16::from(count)).map(|n| vector(first + n)).collect()
        }
        _ => Vec::new(),
    }
}

/// The bytes of a register of a load or store.
fn width_of(operand: &Operand) -> Option<i64> {
    match operand {
        Operand::Register(SizeCode::W, _) => Some(4),
        Operand::Register(SizeCode::X, _) => Some(8),
        Operand::SIMDRegister(size, _) | Operand::SIMDRegisterGroup(size, ..) => Some(match size {
            SIMDSizeCode::Q => 16,
            SIMDSizeCode::D => 8,
            _ => 4,
        }),
        _ => None,
    }
}

/// The bytes that are moved: fewer than the register has, where the name says so.
fn memory_width(name: &str, register: i64) -> i64 {
    match name.as_bytes().last() {
        Some(b'B') => 1,
        Some(b'H') => 2,
        _ if name.ends_with("SW") => 4,
        _ => register,
    }
}

fn address_of(operand: &Operand) -> Option<Address> {
    let (base, index, offset, writeback) = match *operand {
        Operand::RegPreIndex(base, offset, moves) => {
            let offset = i64::from(offset);
            (base, None, offset, moves.then_some(offset))
        }
        Operand::RegPostIndex(base, by) => (base, None, 0, Some(i64::from(by))),
        Operand::RegPostIndexReg(base, _) => (base, None, 0, Some(0)),
        Operand::RegRegOffset(base, index, ..) => {
            (base, (index != 31).then_some(index as Reg), 0, None)
        }
        _ => return None,
    };
    Some(Address {
        base: base as Reg,
        index,
        offset,
        writeback,
    })
}
