//! One instruction: what it does to registers, memory and the flow of control.

use yaxpeax_arch::{Decoder, U8Reader};
use yaxpeax_arm::armv8::a64::{InstDecoder, Instruction, Opcode, Operand, SIMDSizeCode, SizeCode};

/// A register: 0 to 30 are x0 to x30, 31 is sp, 32 to 63 are v0 to v31. The zero register is none.
pub(super) type Reg = u8;

/// The stack pointer.
pub(super) const SP: Reg = 31;

/// v0.
pub(super) const V0: Reg = 32;

/// System registers as `mrs` and `msr` name them (DDI 0487, C5.2).
pub(super) const SCTLR_EL1: u32 = system_register(3, 0, 1, 0, 0);
pub(super) const SP_EL0: u32 = system_register(3, 0, 4, 1, 0);
pub(super) const TPIDR_EL0: u32 = system_register(3, 3, 13, 0, 2);
pub(super) const TPIDR_EL1: u32 = system_register(3, 0, 13, 0, 4);

/// op0, op1, CRn, CRm and op2 at their places in the instruction.
const fn system_register(op0: u32, op1: u32, crn: u32, crm: u32, op2: u32) -> u32 {
    op0 << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5
}

/// A decoded instruction at its address.
#[derive(Clone, Debug)]
pub(super) struct Insn {
    pub(super) address: u64,
    pub(super) word: u32,
    decoded: Instruction,
}

/// Where control goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// To the next instruction.
    Next,
    /// To the address.
    Branch(u64),
    /// To the address or to the next instruction.
    Conditional(u64),
    /// To a function and back.
    Call(u64),
    /// To a function in a register and back.
    CallIndirect,
    /// To the address in the register: a jump table or the last call of a function.
    Jump(Reg),
    /// Back to the caller.
    Return,
    /// Out of an exception.
    ExceptionReturn,
    /// Nowhere.
    Stop,
}

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
    /// Decodes; `None` for a word that is no instruction that the decoder knows.
    pub(super) fn decode(address: u64, word: u32) -> Option<Self> {
        let bytes = word.to_le_bytes();
        let decoded = InstDecoder::default()
            .decode(&mut U8Reader::new(&bytes))
            .ok()?;
        (decoded.opcode != Opcode::Invalid).then_some(Self {
            address,
            word,
            decoded,
        })
    }

    /// As a person would write it.
    pub(super) fn text(&self) -> String {
        self.decoded.to_string()
    }

    /// The decoder's name of the operation, in capitals, without its variants.
    pub(super) fn name(&self) -> String {
        let name = format!("{:?}", self.decoded.opcode);
        name.split('(').next().unwrap_or_default().to_owned()
    }

    /// The operands, as the decoder has them.
    pub(super) fn operands(&self) -> &[Operand] {
        &self.decoded.operands
    }

    /// Whether a floating-point or SIMD register takes part: the encoding groups of "Data processing, scalar
    /// floating-point and Advanced SIMD" and of their loads and stores (DDI 0487, C4.1).
    pub(super) fn is_floating_point(&self) -> bool {
        self.word >> 25 & 7 >= 6
    }

    /// The system register that an `mrs` reads.
    pub(super) fn reads_system_register(&self) -> Option<u32> {
        (self.word >> 20 == 0xd53).then_some(self.word & 0x1f_ffe0)
    }

    /// The system register that an `msr` writes.
    pub(super) fn writes_system_register(&self) -> Option<u32> {
        (self.word >> 20 == 0xd51).then_some(self.word & 0x1f_ffe0)
    }

    /// Where control goes.
    pub(super) fn flow(&self) -> Flow {
        let target = self.operands().iter().find_map(|operand| match operand {
            Operand::PCOffset(offset) => Some(self.address.wrapping_add_signed(*offset)),
            _ => None,
        });
        match (self.decoded.opcode, target) {
            (Opcode::B, Some(target)) => Flow::Branch(target),
            (Opcode::BL, Some(target)) => Flow::Call(target),
            (Opcode::Bcc(_) | Opcode::BCcc(_), Some(target))
            | (Opcode::CBZ | Opcode::CBNZ | Opcode::TBZ | Opcode::TBNZ, Some(target)) => {
                Flow::Conditional(target)
            }
            (Opcode::BLR, _) => Flow::CallIndirect,
            (Opcode::BR, _) => Flow::Jump((self.word >> 5 & 31) as Reg),
            (Opcode::RET, _) => Flow::Return,
            (Opcode::ERET, _) => Flow::ExceptionReturn,
            (Opcode::BRK | Opcode::HLT | Opcode::UDF, _) => Flow::Stop,
            _ => Flow::Next,
        }
    }

    /// What `adr` or `adrp` puts into which register.
    pub(super) fn page_or_address(&self) -> Option<(Reg, u64)> {
        let base = match self.decoded.opcode {
            Opcode::ADR => self.address,
            Opcode::ADRP => self.address & !0xfff,
            _ => return None,
        };
        self.operands().iter().find_map(|operand| match operand {
            Operand::PCOffset(offset) => Some(((self.word & 31) as Reg, base.wrapping_add_signed(*offset))),
            _ => None,
        })
    }

    /// Whether it is `b.ne`.
    pub(super) fn is_branch_if_not_equal(&self) -> bool {
        self.word & 0xff00_001f == 0x5400_0001
    }

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
                (registers.first().copied().flatten(), registers[1..].to_vec())
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
        let to = if reads_all { None } else { registers.first().copied().flatten() };
        Effect::Compute {
            to,
            from: registers[skip..].iter().copied().flatten().collect(),
        }
    }

    fn sum_or_copy(&self, name: &str) -> Option<Effect> {
        let by = match (self.operands()[2], name) {
            (Operand::Immediate(by), "ADD" | "SUB") => i64::from(by),
            (Operand::ImmShift(by, shift), "ADD" | "SUB") => i64::from(by) << shift,
            (Operand::Register(SizeCode::X, from) | Operand::RegShift(_, 0, SizeCode::X, from), "ORR")
                if is_zero_register(&self.operands()[1]) && from != 31 =>
            {
                let to = registers_of(&self.operands()[0]).first().copied().flatten()?;
                return Some(Effect::Copy { to, from: from as Reg });
            }
            (Operand::Imm64(mask), "AND") if matches!(self.operands()[0], Operand::RegisterOrSP(_, 31)) => {
                let from = registers_of(&self.operands()[1]).first().copied().flatten()?;
                let to_multiple_of = 1 << mask.trailing_zeros().min(16);
                return Some(Effect::Align { from, to_multiple_of });
            }
            _ => return None,
        };
        let to = registers_of(&self.operands()[0]).first().copied().flatten()?;
        let from = registers_of(&self.operands()[1]).first().copied().flatten()?;
        let by = if name == "SUB" { -by } else { by };
        Some(Effect::Offset { to, from, by })
    }
}

/// Operations whose first register is read like the others.
const WRITES_NO_REGISTER: [&str; 17] = [
    "CBZ", "CBNZ", "TBZ", "TBNZ", "B", "BL", "BR", "BLR", "RET", "CCMN", "CCMP", "FCMP", "FCMPE", "FCCMP",
    "FCCMPE", "MSR", "SYS",
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
