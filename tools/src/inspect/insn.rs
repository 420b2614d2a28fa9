//! One instruction: its name, its operands, and where control goes from it.

use yaxpeax_arch::{Decoder, U8Reader};
use yaxpeax_arm::armv8::a64::{InstDecoder, Instruction, Opcode, Operand};

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
            Operand::PCOffset(offset) => {
                Some(((self.word & 31) as Reg, base.wrapping_add_signed(*offset)))
            }
            _ => None,
        })
    }

    /// Whether it is `b.ne`.
    pub(super) fn is_branch_if_not_equal(&self) -> bool {
        self.word & 0xff00_001f == 0x5400_0001
    }
}
