//! Rule `isa`: nothing beyond what a Cortex-A72 without cryptographic extension executes.
//!
//! That is Armv8.0-A with CRC32 (Arm, Cortex-A72 TRM; the BCM2711 reports no AES or SHA in ID_AA64ISAR0_EL1). A list of
//! what there is, not of what is missing: an instruction that a later decoder learns is refused until somebody
//! has looked at it.

use yaxpeax_arm::armv8::a64::{Operand, SIMDSizeCode};

use crate::inspect::insn::Insn;
use crate::inspect::rules::{Answer, Finding, Image};

/// Operations of Armv8.0-A and CRC32, by the decoder's names (DDI 0487, C6.2 and C7.2).
const OPERATIONS: &str = "
    MOVN MOVK MOVZ ADC ADCS SBC SBCS AND ORR ORN EOR EON BIC BICS ANDS ADDS ADD SUBS SUB BFM UBFM SBFM ADR ADRP EXTR
    LDAR LDARB LDARH LDAXRB LDAXP LDAXR LDAXRH LDP LDPSW LDR LDRB LDRSB LDRSW LDRSH LDRH LDTR LDTRB LDTRH LDTRSB
    LDTRSH LDTRSW LDUR LDURB LDURSB LDURSW LDURSH LDURH LDXP LDXR LDXRB LDXRH STLR STLRB STLRH STLXP STLXR STLXRB
    STLXRH STP STR STTR STTRB STTRH STRB STRH STRW STUR STURB STURH STXP STXR STXRB STXRH STNP LDNP PRFM PRFUM
    TBZ TBNZ CBZ CBNZ B BR Bcc BL BLR RET ERET DRPS SVC HVC SMC BRK HLT DCPS1 DCPS2 DCPS3 UDF
    MSR MRS SYS SYSL ISB DSB DMB HINT CLREX CSEL CSNEG CSINC CSINV CCMN CCMP RBIT REV16 REV REV32 CLZ CLS
    MADD MSUB SMADDL SMSUBL SMULH UMADDL UMSUBL UMULH UDIV SDIV LSLV LSRV ASRV RORV
    CRC32B CRC32H CRC32W CRC32X CRC32CB CRC32CH CRC32CW CRC32CX
    ST1 ST2 ST3 ST4 LD1 LD2 LD3 LD4 LD1R LD2R LD3R LD4R
    FMADD FMSUB FNMADD FNMSUB SCVTF UCVTF FCVTZS FCVTZU FMOV FABS FNEG FSQRT FRINTN FRINTP FRINTM FRINTZ FRINTA
    FRINTX FRINTI FCVT FCMP FCMPE FMUL FDIV FADD FSUB FMAX FMIN FMAXNM FMINNM FNMUL FCSEL FCCMP FCCMPE FMULX FMLA
    FMLS FCMEQ FCMGE FCMGT FCMLE FCMLT FACGE FACGT FRECPS FRECPE FRECPX FRSQRTE FRSQRTS FABD FADDP FMAXP FMINP
    FMAXNMP FMINMNP FMINNMP FMAXNMV FMINNMV FMAXV FMINV FCVTN FCVTN2 FCVTL FCVTL2 FCVTXN FCVTXN2 FCVTNS FCVTPS
    FCVTMS FCVTAS FCVTNU FCVTPU FCVTMU FCVTAU URECPE URSQRTE
    UMULL UMULL2 UMLSL UMLSL2 MLS UMLAL UMLAL2 MLA SQDMULH SQDMULL SQDMULL2 SMULL SMULL2 MUL SQDMLSL SQDMLSL2 SMLSL
    SMLSL2 SQDMLAL SQDMLAL2 SMLAL SMLAL2 SQRDMULH PMUL PMULL PMULL2
    SSHR SSRA SRSHR SRSRA SHL SQSHL SHRN SHRN2 RSHRN RSHRN2 SQSHRN SQSHRN2 SQRSHRN SQRSHRN2 SSHLL SSHLL2 USHR USRA
    URSHR URSRA SRI SLI SQSHLU UQSHL SQSHRUN SQSHRUN2 SQRSHRUN SQRSHRUN2 UQSHRN UQSHRN2 UQRSHRN UQRSHRN2 USHLL USHLL2
    SHLL SHLL2 SSHL SRSHL SQRSHL USHL URSHL UQRSHL
    MOVI MVNI DUP INS SMOV UMOV EXT UZP1 UZP2 TRN1 TRN2 ZIP1 ZIP2 TBL TBX BSL BIT BIF NOT CNT REV64
    SHADD SQADD SRHADD SHSUB SQSUB UHADD UQADD URHADD UHSUB UQSUB SUQADD USQADD
    CMGT CMGE CMTST CMHI CMHS CMEQ CMLT CMLE ABS NEG SQABS SQNEG
    SMAX SMIN SABD SABA SMAXP SMINP UMAX UMIN UABD UABA UMAXP UMINP ADDP ADDV SADDLV UADDLV SMAXV SMINV UMAXV UMINV
    SADDL SADDL2 SADDW SADDW2 SSUBL SSUBL2 SSUBW SSUBW2 ADDHN ADDHN2 SUBHN SUBHN2 RADDHN RADDHN2 RSUBHN RSUBHN2
    SABAL SABAL2 SABDL SABDL2 UADDL UADDL2 UADDW UADDW2 USUBL USUBL2 USUBW USUBW2 UABAL UABAL2 UABDL UABDL2
    SADDLP SADALP UADDLP UADALP XTN XTN2 SQXTN SQXTN2 UQXTN UQXTN2 SQXTUN SQXTUN2
";

/// Judges the rule.
pub(super) fn check(image: &Image<'_>) -> Answer {
    let (mut count, mut findings) = (0, Vec::new());
    for insn in image.program.all() {
        count += 1;
        if !is_in_armv8_0(insn) {
            findings.push(Finding::at(
                insn.address,
                format!("a Cortex-A72 does not have {:#010x}", insn.word),
            ));
        }
    }
    if count == 0 {
        findings.push(Finding::of_image("there is no instruction"));
    }
    Answer {
        looked_at: format!("{count} instructions"),
        findings,
    }
}

/// Whether Armv8.0-A with CRC32 has it.
fn is_in_armv8_0(insn: &Insn) -> bool {
    // The space of hints: what a core does not know there is a NOP.
    if insn.word & 0xffff_f01f == 0xd503_201f {
        return true;
    }
    let name = insn.name();
    if !OPERATIONS
        .split_whitespace()
        .any(|operation| operation == name)
    {
        return false;
    }
    match name.as_str() {
        "MSR" if insn.writes_system_register().is_none() => writes_old_pstate(insn.word),
        "SYS" => is_old_operation(insn.word),
        "PMULL" | "PMULL2" => !has_elements(insn, SIMDSizeCode::D),
        // Half precision is FEAT_FP16; converting it to and from other formats is not.
        "FCVT" | "FCVTN" | "FCVTN2" | "FCVTL" | "FCVTL2" => true,
        _ if name.starts_with('F') || matches!(name.as_str(), "SCVTF" | "UCVTF") => {
            !has_elements(insn, SIMDSizeCode::H)
        }
        _ => true,
    }
}

/// Whether an operand is, or consists of, numbers of that size.
fn has_elements(insn: &Insn, size: SIMDSizeCode) -> bool {
    insn.operands().iter().any(|operand| match *operand {
        Operand::SIMDRegister(scalar, _) => scalar == size,
        Operand::SIMDRegisterElements(_, _, element)
        | Operand::SIMDRegisterElementsLane(_, _, element, _) => element == size,
        _ => false,
    })
}

/// SPSel, DAIFSet, DAIFClr (DDI 0487, C5.2, MSR immediate).
fn writes_old_pstate(word: u32) -> bool {
    let (op1, op2) = (word >> 16 & 7, word >> 5 & 7);
    matches!((op1, op2), (0, 5) | (3, 6 | 7))
}

/// Cache, address translation and TLB operations of Armv8.0-A (DDI 0487, C5.3 to C5.5).
fn is_old_operation(word: u32) -> bool {
    let (op1, crn, crm, op2) = (
        word >> 16 & 7,
        word >> 12 & 15,
        word >> 8 & 15,
        word >> 5 & 7,
    );
    match (op1, crn, crm) {
        // IC IALLUIS, IALLU, IVAU.
        (0, 7, 1 | 5) => op2 == 0,
        (3, 7, 5) => op2 == 1,
        // DC IVAC, ISW; CSW, CISW; ZVA, CVAC, CVAU, CIVAC.
        (0, 7, 6) => matches!(op2, 1 | 2),
        (0, 7, 10 | 14) => op2 == 2,
        (3, 7, 4 | 10 | 11 | 14) => op2 == 1,
        // AT.
        (0 | 4 | 6, 7, 8) => true,
        // TLBI, inner shareable and local; by intermediate address.
        (0 | 4 | 6, 8, 3 | 7) => true,
        (4, 8, 0 | 4) => matches!(op2, 1 | 5),
        _ => false,
    }
}

/// Whether it is an exclusive access or one of Armv8.1's atomic accesses.
pub(super) fn is_atomic(insn: &Insn) -> bool {
    let name = insn.name();
    let exclusive = ["LDX", "LDAX", "STX", "STLX"];
    let atomic = [
        "CAS", "SWP", "LDADD", "LDCLR", "LDEOR", "LDSET", "LDSMAX", "LDSMIN", "LDUMAX", "LDUMIN",
    ];
    exclusive
        .iter()
        .chain(&atomic)
        .any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insn(word: u32) -> Insn {
        Insn::decode(0, word).unwrap_or_else(|| panic!("{word:#x} is not decoded"))
    }

    #[test]
    fn what_came_after_armv8_0_is_refused() {
        for (word, text) in [
            (0xc8e0_7c01, "casa x0, x1, [x0]"),
            (0xf820_0041, "ldadd x0, x1, [x2]"),
            (0xf8bf_c020, "ldapr x0, [x1]"),
            (0x4e28_4820, "aese v0.16b, v1.16b"),
            (0x5e28_0820, "sha1h s0, s1"),
            (0x5e02_4020, "sha256h q0, q1, v2.4s"),
            (0x0ee2_e020, "pmull v0.1q, v1.1d, v2.1d"),
            (0x1ee2_2820, "fadd h0, h1, h2"),
            (0x4e82_9420, "sdot v0.4s, v1.16b, v2.16b"),
            (0xd61f_0bff, "retaa or braa: authenticated"),
            (0xd500_419f, "msr pan, #1"),
            (0xd50b_7c20, "dc cvap, x0"),
        ] {
            if let Some(insn) = Insn::decode(0, word) {
                assert!(!is_in_armv8_0(&insn), "{text}");
            }
        }
    }

    #[test]
    fn what_a_cortex_a72_has_is_accepted() {
        for (word, text) in [
            (0xc85f_fc20, "ldaxr x0, [x1]"),
            (0x9ac1_4c00, "crc32x w0, w0, x1"),
            (0x1ee2_4020, "fcvt s0, h1"),
            (0x0e22_e020, "pmull v0.8h, v1.8b, v2.8b"),
            (0xd503_233f, "paciasp, a hint"),
            (0xd503_42df, "msr daifset, #2"),
            (0xd50b_7420, "dc zva, x0"),
            (0xd508_831f, "tlbi vmalle1is"),
            (0x4e22_d420, "fadd v0.4s, v1.4s, v2.4s"),
        ] {
            assert!(is_in_armv8_0(&insn(word)), "{text}");
        }
    }

    #[test]
    fn exclusives_and_the_later_atomics_are_atomic() {
        assert!(is_atomic(&insn(0xc85f_fc20)), "ldaxr");
        assert!(is_atomic(&insn(0xc802_fc20)), "stlxr");
        assert!(is_atomic(&insn(0xc8e0_7c01)), "casa");
        assert!(!is_atomic(&insn(0xc8df_fc20)), "ldar");
        assert!(!is_atomic(&insn(0xf940_0020)), "ldr");
    }
}
