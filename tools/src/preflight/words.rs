//! Items 16, 23, 24, 31 and 34, as far as the instructions of the whole image say.

use crate::inspect::code::{Code, Word};
use crate::preflight::answer::{Found, all, expect};

const ISB: u32 = 0xd503_3fdf;
const DSB_SY: u32 = 0xd503_3f9f;
const SEV: u32 = 0xd503_209f;
const WFI: u32 = 0xd503_207f;
/// WFE and SEVL.
const WAITS_FOR_EVENT: [u32; 2] = [0xd503_205f, 0xd503_20bf];
/// `dc civac, x0`, `dc cvac, x0`.
const CLEANS: [u32; 2] = [0xd50b_7e20, 0xd50b_7a20];
/// CVAL and TVAL of the physical, virtual, secure and hypervisor timers: `msr` without the register.
const CVAL: [u32; 4] = [0xd51b_e240, 0xd51b_e340, 0xd51f_e240, 0xd51c_e240];
const TVAL: [u32; 4] = [0xd51b_e200, 0xd51b_e300, 0xd51f_e200, 0xd51c_e200];
/// How many instructions a barrier may stand before the store that it is for.
const NEAR: u64 = 24;

/// And how many an ISB may stand behind the write that it is for.
const NEAR_BEHIND: u64 = 4;

const fn without_register(word: u32) -> u32 {
    word & !0x1f
}

/// A DSB or DMB that orders stores at least: of any domain that has the cores, all or stores.
const fn is_store_barrier(word: u32) -> bool {
    let option = word >> 8 & 0xf;
    let is_barrier = matches!(word & 0xffff_f0ff, 0xd503_309f | 0xd503_30bf);
    is_barrier && matches!(option, 0xa | 0xb | 0xe | 0xf)
}

/// Item 16: the release of a core is store, clean, DSB SY, SEV, and no SEV is without its DSB (hazards H4 and H5).
pub(super) fn release(code: &Code<'_>) -> Found {
    let events: Vec<Word> = code.all().filter(|insn| insn.word == SEV).collect();
    let bare = events
        .iter()
        .find(|insn| code.at(insn.address - 4) != Some(DSB_SY));
    let releases = events.iter().filter(|insn| {
        let mut before = code.before(insn.address, 3).skip(1);
        let is_clean = before
            .next()
            .is_some_and(|w| CLEANS.contains(&without_register(w)));
        is_clean && before.next().is_some_and(is_store)
    });
    let releases: Vec<String> = releases.map(|insn| code.place(insn.address)).collect();
    all([
        expect(
            bare.is_none(),
            format!("{} SEV, each behind a DSB SY", events.len()),
            bare.map_or_else(String::new, |insn| {
                format!("no DSB SY before SEV at {}", code.place(insn.address))
            }),
        ),
        expect(
            !releases.is_empty() && events.len() > releases.len(),
            format!(
                "store, clean, DSB SY, SEV in {}; repeated elsewhere",
                releases.join(", ")
            ),
            "no store, clean, DSB SY and SEV in a row, or no SEV that repeats it",
        ),
    ])
}

/// A store of 64 bits: `str x, [x, #n]`.
const fn is_store(word: u32) -> bool {
    word & 0xffc0_0000 == 0xf900_0000
}

/// Item 23, the timer's part: deadlines go to CVAL, with an ISB behind; TVAL is 32 bits and not used (hazard H10).
pub(super) fn timer(code: &Code<'_>) -> Found {
    let is_one_of = |list: [u32; 4], insn: &Word| list.contains(&without_register(insn.word));
    let short = code.all().find(|insn| is_one_of(TVAL, insn));
    let deadlines: Vec<Word> = code.all().filter(|insn| is_one_of(CVAL, insn)).collect();
    // The compiler may put what does not depend on it between the two.
    let is_synchronised =
        |insn: &Word| (1..=NEAR_BEHIND).any(|on| code.at(insn.address + 4 * on) == Some(ISB));
    let bare = deadlines.iter().find(|insn| !is_synchronised(insn));
    all([
        expect(
            short.is_none(),
            "no TVAL",
            short.map_or_else(String::new, |insn| {
                format!("TVAL is written at {}", code.place(insn.address))
            }),
        ),
        expect(
            bare.is_none() && !deadlines.is_empty(),
            format!(
                "{} writes of CVAL, each with an ISB behind",
                deadlines.len()
            ),
            bare.map_or_else(
                || "CVAL is never written".to_owned(),
                |insn| format!("no ISB after CVAL at {}", code.place(insn.address)),
            ),
        ),
    ])
}

/// Item 24: a barrier stands before each store to GICD_SGIR (hazard H14).
pub(super) fn sgi(code: &Code<'_>) -> Found {
    let is_sgir = |insn: &Word| {
        // `str w, [x, #0xf00]`, in the function that sends.
        insn.word & 0xffff_fc00 == 0xb90f_0000
            && code
                .functions_at(insn.address)
                .iter()
                .any(|name| name.contains("send_sgi"))
    };
    let sends: Vec<Word> = code.all().filter(is_sgir).collect();
    let bare = sends
        .iter()
        .find(|insn| !code.before(insn.address, NEAR).any(is_store_barrier));
    expect(
        bare.is_none() && !sends.is_empty(),
        format!("{} stores to GICD_SGIR, a DSB before each", sends.len()),
        bare.map_or_else(
            || "no store to GICD_SGIR".to_owned(),
            |insn| {
                format!(
                    "no barrier before GICD_SGIR at {}",
                    code.place(insn.address)
                )
            },
        ),
    )
}

/// Item 31, its second half: SMC and HVC only where PSCI is spoken (hazard H26).
pub(super) fn calls_to_firmware(code: &Code<'_>) -> Found {
    // SMC and HVC: bits 4:0 are 3 and 2.
    let is_call = |insn: &Word| matches!(insn.word & 0xffe0_001f, 0xd400_0003 | 0xd400_0002);
    let calls: Vec<Word> = code.all().filter(is_call).collect();
    let elsewhere = calls.iter().find(|insn| {
        let names = code.functions_at(insn.address);
        !names
            .iter()
            .any(|name| name.contains("psci") || name.contains("smccc"))
    });
    expect(
        elsewhere.is_none(),
        format!("{} SMC and HVC, all in drivers/psci", calls.len()),
        elsewhere.map_or_else(String::new, |insn| {
            format!("SMC or HVC at {}", code.place(insn.address))
        }),
    )
}

/// Item 34, its last half: nobody waits for an event that nobody sends, and a DSB stands before WFI (hazard H18).
pub(super) fn waiting(code: &Code<'_>) -> Found {
    let event = code.all().find(|insn| WAITS_FOR_EVENT.contains(&insn.word));
    let sleeps: Vec<Word> = code
        .all()
        // `park` sleeps for good; nothing has to be seen of it.
        .filter(|insn| {
            insn.word == WFI
                && !code
                    .functions_at(insn.address)
                    .iter()
                    .any(|name| name == "park")
        })
        .collect();
    let bare = sleeps
        .iter()
        .find(|insn| code.at(insn.address - 4) != Some(DSB_SY));
    all([
        expect(
            event.is_none(),
            "no WFE",
            event.map_or_else(String::new, |insn| {
                format!("WFE or SEVL at {}", code.place(insn.address))
            }),
        ),
        expect(
            bare.is_none() && !sleeps.is_empty(),
            format!("{} WFI, DSB SY before each", sleeps.len()),
            bare.map_or_else(
                || "no core ever sleeps".to_owned(),
                |insn| format!("no DSB SY before WFI at {}", code.place(insn.address)),
            ),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn barriers_that_order_stores_are_told_from_those_that_do_not() {
        for (word, is) in [
            (0xd503_3a9f, true),  // dsb ishst
            (0xd503_3bbf, true),  // dmb ish
            (0xd503_3f9f, true),  // dsb sy
            (0xd503_399f, false), // dsb ishld
            (0xd503_379f, false), // dsb nsh
            (0xd503_3fdf, false), // isb
        ] {
            assert_eq!(is_store_barrier(word), is, "{word:#x}");
        }
    }
}
