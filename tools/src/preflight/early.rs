//! Items 6 to 13 and 17, as far as the instructions say: what runs before the MMU is on, and how it is turned on.

use crate::inspect::code::{Code, Memory, Word};
use crate::preflight::answer::{Found, all, expect};

/// `msr REGISTER, x0` without the register number (DDI 0487, C5.2).
const fn msr(op0: u32, op1: u32, crn: u32, crm: u32, op2: u32) -> u32 {
    0xd500_0000 | op0 << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5
}

const SCTLR_EL1: u32 = msr(3, 0, 1, 0, 0);
const CPACR_EL1: u32 = msr(3, 0, 1, 0, 2);
const TTBR0_EL1: u32 = msr(3, 0, 2, 0, 0);
const TCR_EL1: u32 = msr(3, 0, 2, 0, 2);
const MAIR_EL1: u32 = msr(3, 0, 10, 2, 0);

/// What could trap or redirect EL1, and what the way down needs: each is to be written whole.
const AT_EL2: [(&str, u32); 14] = [
    ("HCR_EL2", msr(3, 4, 1, 1, 0)),
    ("CPTR_EL2", msr(3, 4, 1, 1, 2)),
    ("HSTR_EL2", msr(3, 4, 1, 1, 3)),
    ("MDCR_EL2", msr(3, 4, 1, 1, 1)),
    ("CNTHCTL_EL2", msr(3, 4, 14, 1, 0)),
    ("CNTVOFF_EL2", msr(3, 4, 14, 0, 3)),
    ("VPIDR_EL2", msr(3, 4, 0, 0, 0)),
    ("VMPIDR_EL2", msr(3, 4, 0, 0, 5)),
    ("VTTBR_EL2", msr(3, 4, 2, 1, 0)),
    ("VBAR_EL2", msr(3, 4, 12, 0, 0)),
    ("SPSR_EL2", msr(3, 4, 4, 0, 0)),
    ("ELR_EL2", msr(3, 4, 4, 0, 1)),
    ("SCTLR_EL1", SCTLR_EL1),
    ("CPACR_EL1", CPACR_EL1),
];

const ISB: u32 = 0xd503_3fdf;
const DSB_SY: u32 = 0xd503_3f9f;
const IC_IALLU: u32 = 0xd508_751f;
const TLBI_VMALLE1: u32 = 0xd508_871f;
const DC_CIVAC: u32 = 0xd50b_7e20;
/// An instruction without the register in its lowest five bits.
const fn without_register(word: u32) -> u32 {
    word & !0x1f
}

/// The two ways from the firmware to the MMU.
const WAYS: [&str; 2] = ["boot_entry", "secondary_entry"];

/// Item 6: nothing beyond a Cortex-A72 without cryptography, by the instructions and by what the compiler was told.
pub(super) fn instruction_set(code: &Code<'_>, target_features: &[String]) -> Found {
    let beyond = ["aes", "sha2", "sha3", "lse", "rcpc", "crypto", "fp16"];
    let told: Vec<&str> = target_features
        .iter()
        .map(String::as_str)
        .filter(|feature| beyond.contains(feature))
        .collect();
    all([
        code.rule("isa"),
        expect(
            told.is_empty() && !target_features.is_empty(),
            format!("the compiler has {}", target_features.join(" ")),
            format!("the compiler is told that there is {}", told.join(" ")),
        ),
    ])
}

/// Items 7 and 8: no stack, no call, no floating point, no exclusive and no DC ZVA before the MMU, and CPACR with an ISB
/// before any Rust.
pub(super) fn before_mmu(code: &Code<'_>) -> Found {
    let allowed = WAYS.map(|way| {
        let words = path(code, way)?;
        let cpacr = words
            .iter()
            .find(|insn| without_register(insn.word) == CPACR_EL1)
            .ok_or_else(|| format!("{way} does not write CPACR_EL1"))?;
        let behind = cpacr.address + 4..cpacr.address + 64;
        let isb = words
            .iter()
            .any(|insn| insn.word == ISB && behind.contains(&insn.address));
        expect(
            isb,
            format!("CPACR, ISB in {way}"),
            format!("no ISB after CPACR_EL1 in {way}"),
        )
    });
    all([code.rule("before-mmu")].into_iter().chain(allowed))
}

/// Item 11: every register that could trap or redirect EL1 is written on both ways, and none is read to be modified.
pub(super) fn el2(code: &Code<'_>) -> Found {
    let ways = WAYS.map(|way| {
        let words = path(code, way)?;
        for (name, register) in AT_EL2 {
            let is_written = words.iter().any(|i| without_register(i.word) == register);
            // `mrs` is `msr` with bit 21.
            let is_read = register != SCTLR_EL1
                && words
                    .iter()
                    .any(|i| without_register(i.word) == register | 1 << 21);
            if !is_written || is_read {
                let how = if is_written {
                    "read and modified"
                } else {
                    "not written"
                };
                return Err(format!("{name} is {how} on the way of {way}"));
            }
        }
        Ok(way.to_owned())
    });
    let ways = all(ways)?;
    let names = AT_EL2.map(|(name, _)| name).join(" ");
    Ok(format!("written whole on both ways ({ways}): {names}"))
}

/// Item 12: the lines of what was written with the MMU off are thrown out before the caches come on, and nothing is
/// maintained by set and way (hazards H3 and H25).
pub(super) fn caches(code: &Code<'_>) -> Found {
    let words = path(code, "boot_entry")?;
    let civac = words
        .iter()
        .filter(|i| without_register(i.word) == DC_CIVAC)
        .count();
    // DC ISW, CSW, CISW.
    let by_set = code.all().find(|i| {
        matches!(
            without_register(i.word),
            0xd508_7640 | 0xd508_7a40 | 0xd508_7e40
        )
    });
    all([
        expect(
            civac >= 2,
            format!(
                "DC CIVAC over the early tables in {civac} loops, before and after they are written"
            ),
            format!(
                "DC CIVAC stands in {civac} places before the MMU of the boot core is on, not in 2"
            ),
        ),
        expect(
            by_set.is_none(),
            "none by set and way",
            by_set.map_or_else(String::new, |i| {
                format!(
                    "cache maintenance by set and way at {}",
                    code.place(i.address)
                )
            }),
        ),
    ])
}

/// Item 13: MAIR, TCR and TTBR0, then both barriers around the invalidation, ISB, SCTLR, ISB; on both ways.
pub(super) fn turn_on(code: &Code<'_>) -> Found {
    all(WAYS.map(|way| {
        let words = path(code, way)?;
        let on = words
            .iter()
            .rev()
            .find(|i| without_register(i.word) == SCTLR_EL1 && code.at(i.address + 4) == Some(ISB))
            .ok_or_else(|| format!("no write of SCTLR_EL1 with an ISB behind it in {way}"))?;
        sequence(code, on.address).map(|found| format!("{way}: {found}"))
    }))
}

/// What must stand before the write of SCTLR_EL1 at `on`, in this order, with other instructions between.
const BEFORE_SCTLR: [(&str, u32); 8] = [
    ("MAIR_EL1", MAIR_EL1),
    ("TCR_EL1", TCR_EL1),
    ("TTBR0_EL1", TTBR0_EL1),
    ("DSB SY", DSB_SY),
    ("IC IALLU", IC_IALLU),
    ("TLBI VMALLE1", TLBI_VMALLE1),
    ("DSB SY", DSB_SY),
    ("ISB", ISB),
];

fn sequence(code: &Code<'_>, on: u64) -> Found {
    let window: Vec<Word> = (1..32)
        .rev()
        .filter_map(|back| {
            let address = on - 4 * back;
            code.at(address).map(|word| Word { address, word })
        })
        .collect();
    let mut rest = window.iter();
    for (name, what) in BEFORE_SCTLR {
        let is_it = |word: u32| word == what || without_register(word) == what;
        let Some(found) = rest.find(|insn| is_it(insn.word)) else {
            return Err(format!(
                "{name} is not where it belongs before SCTLR_EL1 at {on:#x}"
            ));
        };
        let value = code
            .literal(found.address - 4)
            .filter(|_| name == "MAIR_EL1");
        if name == "MAIR_EL1" && value != Some(MAIR_VALUE) {
            return Err(format!("MAIR_EL1 gets {value:x?}, not {MAIR_VALUE:#x}"));
        }
    }
    let tcr = window
        .iter()
        .filter_map(|insn| code.literal(insn.address))
        .find(|value| value & TCR_WALKS == TCR_WALKS && value & 0x3f == TCR_T0SZ);
    expect(
        tcr.is_some(),
        format!(
            "MAIR {MAIR_VALUE:#x} (1 is Device-nGnRE), TCR {:#x} (walks WBWA, inner shareable), TTBR0, DSB, IC, TLBI, DSB, \
             ISB, SCTLR, ISB",
            tcr.unwrap_or_default()
        ),
        format!("TCR_EL1 before {on:#x} is not one whose walks see the caches"),
    )
}

/// Attribute 0 write-back, attribute 1 Device-nGnRE.
const MAIR_VALUE: u64 = 0x04ff;
/// IRGN0 and ORGN0 write-back write-allocate, SH0 inner shareable.
const TCR_WALKS: u64 = 1 << 8 | 1 << 10 | 3 << 12;
/// 39 bits.
const TCR_T0SZ: u64 = 25;

/// Item 17: a secondary stores nothing before its MMU is on, and loads one word beside its own constants.
pub(super) fn secondary(code: &Code<'_>) -> Found {
    let words = path(code, "secondary_entry")?;
    let of = |kind: Memory| {
        words
            .iter()
            .filter(move |insn| code.memory(insn.address) == kind)
            .map(|insn| insn.address)
            .collect::<Vec<_>>()
    };
    let (loads, stores) = (of(Memory::Load), of(Memory::Store));
    all([
        expect(
            stores.is_empty(),
            "no store",
            format!("a secondary stores before its MMU is on: {:x?}", stores),
        ),
        expect(
            loads.len() == 1,
            "one load, of the root of the tables",
            format!(
                "a secondary loads {} words before its MMU is on: {:x?}",
                loads.len(),
                loads
            ),
        ),
    ])
}

fn path(code: &Code<'_>, way: &str) -> Result<Vec<Word>, String> {
    code.until_mmu(way)
        .ok_or_else(|| format!("there is no label `{way}`"))
}
