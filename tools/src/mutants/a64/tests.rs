//! Held against what an assembler and a disassembler say of the same words.

use super::*;

const SP: u8 = 31;

fn pair(is_load: bool, width: Width, registers: [u8; 2], base: u8, offset: i32) -> Pair {
    Pair {
        is_load,
        width,
        index: Index::Offset,
        registers,
        base,
        offset,
    }
}

#[test]
fn pairs_are_read_and_written_as_the_assembler_writes_them() {
    let record = pair(false, Width::X, [29, 30], SP, -160);
    let pairs = [
        (
            0xa9b6_7bfd,
            Pair {
                index: Index::Pre,
                ..record
            },
        ),
        (
            0xa8ca_7bfd,
            Pair {
                index: Index::Post,
                is_load: true,
                offset: 160,
                ..record
            },
        ),
        (0xa901_53b3, pair(false, Width::X, [19, 20], 29, 16)),
        (0xa945_73bb, pair(true, Width::X, [27, 28], 29, 80)),
        (0x6d06_27a8, pair(false, Width::D, [8, 9], 29, 96)),
        (0x6d49_3fae, pair(true, Width::D, [14, 15], 29, 144)),
        (0xad15_fffe, pair(false, Width::Q, [30, 31], SP, 688)),
        (0xad46_87e0, pair(true, Width::Q, [0, 1], SP, 208)),
        (0xa901_7bff, pair(false, Width::X, [XZR, 30], SP, 16)),
    ];
    for (word, pair) in pairs {
        assert_eq!(decode(word), Instruction::Pair(pair), "{word:#x}");
        assert_eq!(pair.encode(), word, "{word:#x}");
    }
}

#[test]
fn system_registers_are_told_apart() {
    use System::{ElrEl1, Fpcr, Fpsr, SpEl0, SpsrEl1, TpidrEl0};
    let reads = [
        (0xd53b_4402, 2, Fpcr),
        (0xd53b_4421, 1, Fpsr),
        (0xd538_4020, 0, ElrEl1),
        (0xd538_4001, 1, SpsrEl1),
    ];
    for (word, register, system) in reads {
        assert_eq!(decode(word), Instruction::Mrs(register, system));
    }
    let writes = [
        (0xd51b_4402, 2, Fpcr),
        (0xd51b_441f, XZR, Fpcr),
        (0xd51b_4421, 1, Fpsr),
        (0xd518_4020, 0, ElrEl1),
        (0xd518_4001, 1, SpsrEl1),
        (0xd51b_d041, 1, TpidrEl0),
        (0xd518_411d, 29, SpEl0),
    ];
    for (word, register, system) in writes {
        assert_eq!(decode(word), Instruction::Msr(system, register));
    }
}

#[test]
fn other_instructions_of_the_routines_are_known_or_let_pass() {
    let known = [
        (0x9100_03fd, Instruction::MoveFromSp(29)),
        (0xf940_63e1, Instruction::Load(1)),
        (0x6f00_e41f, Instruction::ClearVector(31)),
        (0x9400_0000, Instruction::Call),
        (0x97ff_ffff, Instruction::Call),
        (0xd63f_0020, Instruction::Call),
        (0xd65f_03c0, Instruction::Return),
        (0xd69f_03e0, Instruction::Return),
    ];
    for (word, instruction) in known {
        assert_eq!(decode(word), instruction, "{word:#x}");
    }
    // add x29, sp, #16; msr spsel, #1; msr daifset, #15; stur xzr, [sp, #-160]; str x1, [sp, #192];
    // stp w0, w1, [sp]; nop; b .
    for word in [
        0x9100_43fd,
        0xd500_41bf,
        0xd503_4fdf,
        0xf816_03ff,
        0xf900_63e1,
        0x2900_07e0,
        NOP,
        0x1400_0000,
    ] {
        assert_eq!(decode(word), Instruction::Other, "{word:#x}");
    }
}

#[test]
fn what_mutants_are_made_of_is_what_the_assembler_writes() {
    assert_eq!(store(XZR, SP, 200), 0xf900_67ff);
    assert_eq!(store(XZR, 29, 8), 0xf900_07bf);
    assert_eq!(load(16, 29, 24), 0xf940_0fb0);
    assert_eq!(zero(0), 0xd280_0000);
    assert_eq!(top_16_bits(16, 19), 0xd370_fe70);
    assert_eq!(compare_16_bits(16, 0xa5c3), [0xd140_2a10, 0xf117_0e1f]);
    assert_eq!(SKIP_IF_NOT_EQUAL, 0x5400_0041);
    assert_eq!(clear_flags(1), 0xb364_0fe1);
    assert_eq!(branch(0x98, 0x1098), Some(0x1400_0400));
    assert_eq!(branch(0x9c, 0x98), Some(0x17ff_ffff));
    assert_eq!(branch(0, 0x800_0000), None);
}

#[test]
fn a_slot_is_where_the_register_lies_after_the_store_or_before_the_load() {
    let plain = pair(false, Width::Q, [8, 9], SP, 336);
    assert_eq!((plain.slot(0), plain.slot(1)), (336, 352));
    let pushed = Pair {
        index: Index::Pre,
        ..pair(false, Width::X, [29, 30], SP, -160)
    };
    assert_eq!((pushed.slot(0), pushed.slot(1)), (0, 8));
    let popped = Pair {
        index: Index::Post,
        ..pair(true, Width::X, [29, 30], SP, 160)
    };
    assert_eq!(popped.slot(1), 8);
}
