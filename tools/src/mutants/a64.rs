//! The few instructions of A64 that save and restore registers: reading them and writing them. Pure.
//!
//! Encodings are those of the Arm Architecture Reference Manual (DDI 0487, chapter C6, and C7 for MOVI).

/// Number 31 as a data register: reads as zero, swallows what is written. As a base it is the stack pointer.
pub(super) const XZR: u8 = 31;
/// A field of five bits: the number of a register.
const FIELD: u32 = 0x1f;

/// `nop`
pub(super) const NOP: u32 = 0xd503_201f;

/// `movi vNUMBER.2d, #0xffffffffffffffff`
pub(super) const fn fill_vector(number: u8) -> u32 {
    0x6f07_e7e0 | number as u32
}

/// Kinds of registers that a load or store names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// x0–x30.
    X,
    /// The low 64 bits of v0–v31.
    D,
    /// All 128 bits of v0–v31.
    Q,
}

impl Width {
    /// Bytes of one register.
    pub(super) const fn bytes(self) -> u32 {
        match self {
            Self::X | Self::D => 8,
            Self::Q => 16,
        }
    }
}

/// When the offset is added to the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Index {
    /// For this access only.
    Offset,
    /// Before the access, and the base keeps it.
    Pre,
    /// After the access, and the base keeps it.
    Post,
}

/// A system register that a switch or an interrupt has to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    Fpcr,
    Fpsr,
    TpidrEl0,
    ElrEl1,
    SpsrEl1,
    SpEl0,
}

impl System {
    const ALL: [Self; 6] = [
        Self::Fpcr,
        Self::Fpsr,
        Self::TpidrEl0,
        Self::ElrEl1,
        Self::SpsrEl1,
        Self::SpEl0,
    ];

    /// op0, op1, CRn, CRm, op2, where MRS and MSR have them.
    const fn field(self) -> u32 {
        let (op1, crn, crm, op2) = match self {
            Self::Fpcr => (3, 4, 4, 0),
            Self::Fpsr => (3, 4, 4, 1),
            Self::TpidrEl0 => (3, 13, 0, 2),
            Self::ElrEl1 => (0, 4, 0, 1),
            Self::SpsrEl1 => (0, 4, 0, 0),
            Self::SpEl0 => (0, 4, 1, 0),
        };
        (3 << 19) | (op1 << 16) | (crn << 12) | (crm << 8) | (op2 << 5)
    }
}

/// A load or store of two registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) is_load: bool,
    pub(super) width: Width,
    pub(super) index: Index,
    pub(super) registers: [u8; 2],
    pub(super) base: u8,
    /// Bytes.
    pub(super) offset: i32,
}

/// What an instruction does, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instruction {
    /// `stp`, `ldp`
    Pair(Pair),
    /// `mrs xREGISTER, SYSTEM`
    Mrs(u8, System),
    /// `msr SYSTEM, xREGISTER`
    Msr(System, u8),
    /// `mov xREGISTER, sp`
    MoveFromSp(u8),
    /// `ldr xREGISTER, …` or another way to fill a register that is no restore by itself.
    Load(u8),
    /// `movi vREGISTER.2d, #0`
    ClearVector(u8),
    /// `bl`, `blr`
    Call,
    /// `ret`, `eret`
    Return,
    /// Nothing of these.
    Other,
}

/// Reads one instruction.
pub(super) fn decode(word: u32) -> Instruction {
    let register = |shift: u32| (word >> shift & FIELD) as u8;
    if let Some(pair) = decode_pair(word) {
        return Instruction::Pair(pair);
    }
    let system = System::ALL
        .into_iter()
        .find(|system| word & 0x001f_ffe0 == system.field());
    match (word, system) {
        (0xd65f_03c0 | 0xd69f_03e0, _) => Instruction::Return,
        (_, Some(system)) if word & 0xffe0_0000 == 0xd520_0000 => {
            Instruction::Mrs(register(0), system)
        }
        (_, Some(system)) if word & 0xffe0_0000 == 0xd500_0000 => {
            Instruction::Msr(system, register(0))
        }
        _ if word & 0xffff_ffe0 == 0x9100_03e0 => Instruction::MoveFromSp(register(0)),
        _ if word & 0xffc0_0000 == 0xf940_0000 => Instruction::Load(register(0)),
        _ if word & 0xffff_ffe0 == 0x6f00_e400 => Instruction::ClearVector(register(0)),
        _ if word & 0xfc00_0000 == 0x9400_0000 || word & 0xffff_fc1f == 0xd63f_0000 => {
            Instruction::Call
        }
        _ => Instruction::Other,
    }
}

/// Load/store pair: opc in bits 31:30, 101 in 29:27, V in 26, the index in 25:23, L in 22.
fn decode_pair(word: u32) -> Option<Pair> {
    let width = match (word >> 30, word >> 26 & 1) {
        (0b10, 0) => Width::X,
        (0b01, 1) => Width::D,
        (0b10, 1) => Width::Q,
        _ => return None,
    };
    let index = match (word >> 27 & 0b111, word >> 23 & 0b111) {
        (0b101, 0b010) => Index::Offset,
        (0b101, 0b011) => Index::Pre,
        (0b101, 0b001) => Index::Post,
        _ => return None,
    };
    // imm7, signed, in units of one register: moved to the top, so that the shift back keeps its sign.
    let units = (word << 10).cast_signed() >> 25;
    Some(Pair {
        is_load: word >> 22 & 1 == 1,
        width,
        index,
        registers: [(word & FIELD) as u8, (word >> 10 & FIELD) as u8],
        base: (word >> 5 & FIELD) as u8,
        offset: units * width.bytes().cast_signed(),
    })
}

impl Pair {
    /// The instruction.
    pub(super) fn encode(&self) -> u32 {
        let (opc, vector) = match self.width {
            Width::X => (0b10, 0),
            Width::D => (0b01, 1),
            Width::Q => (0b10, 1),
        };
        let index = match self.index {
            Index::Offset => 0b010,
            Index::Pre => 0b011,
            Index::Post => 0b001,
        };
        let units = (self.offset / self.width.bytes().cast_signed()).cast_unsigned() & 0x7f;
        (opc << 30)
            | (0b101 << 27)
            | (vector << 26)
            | (index << 23)
            | (u32::from(self.is_load) << 22)
            | (units << 15)
            | (u32::from(self.registers[1]) << 10)
            | (u32::from(self.base) << 5)
            | u32::from(self.registers[0])
    }

    /// Where the register number `which` (0 or 1) lies, seen from the base: after a store, before a load.
    pub(super) fn slot(&self, which: usize) -> u32 {
        let offset = match self.index {
            Index::Offset => self.offset.cast_unsigned(),
            // The base has moved there already, or has not moved yet.
            Index::Pre | Index::Post => 0,
        };
        offset + if which == 1 { self.width.bytes() } else { 0 }
    }
}

/// `str xREGISTER, [base, #offset]`; the offset is a multiple of 8, up to 32760.
pub(super) const fn store(register: u8, base: u8, offset: u32) -> u32 {
    0xf900_0000 | ((offset / 8) << 10) | ((base as u32) << 5) | register as u32
}

/// `ldr xREGISTER, [base, #offset]`
pub(super) const fn load(register: u8, base: u8, offset: u32) -> u32 {
    0xf940_0000 | ((offset / 8) << 10) | ((base as u32) << 5) | register as u32
}

/// `mov xREGISTER, #0`
pub(super) const fn zero(register: u8) -> u32 {
    0xd280_0000 | register as u32
}

/// `lsr xTO, xFROM, #48`
pub(super) const fn top_16_bits(to: u8, from: u8) -> u32 {
    0xd340_fc00 | (48 << 16) | ((from as u32) << 5) | to as u32
}

/// Two instructions that set the flags as `cmp xREGISTER, #value` would and spoil the register: an immediate
/// has 12 bits only. `sub x, x, #(value >> 12), lsl #12; cmp x, #(value & 0xfff)`
pub(super) const fn compare_16_bits(register: u8, value: u16) -> [u32; 2] {
    let field = ((register as u32) << 5) | register as u32;
    [
        0xd140_0000 | ((value as u32 >> 12) << 10) | field,
        0xf100_0000 | ((value as u32 & 0xfff) << 10) | ((register as u32) << 5) | XZR as u32,
    ]
}

/// `b.ne` over the next instruction.
pub(super) const SKIP_IF_NOT_EQUAL: u32 = 0x5400_0000 | (2 << 5) | 1;

/// `bfi xREGISTER, xzr, #28, #4`: clears N, Z, C and V of a PSTATE.
pub(super) const fn clear_flags(register: u8) -> u32 {
    // BFM with immr = -28 mod 64, imms = 3.
    0xb340_0000 | (36 << 16) | (3 << 10) | ((XZR as u32) << 5) | register as u32
}

/// `b`, from one address to another; `None` if it does not reach.
pub(super) fn branch(from: u64, to: u64) -> Option<u32> {
    let distance = to.wrapping_sub(from).cast_signed();
    let words = i32::try_from(distance / 4).ok()?;
    ((-0x200_0000..0x200_0000).contains(&words) && distance % 4 == 0)
        .then(|| 0x1400_0000 | (words.cast_unsigned() & 0x03ff_ffff))
}

#[cfg(test)]
mod tests;
