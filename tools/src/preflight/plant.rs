//! Ten defects that an emulator forgives, planted one at a time: each must be found by its item.

use anyhow::{Context, Result, ensure};

use crate::image::Image;
use crate::inspect::code::{Code, Word};
use crate::preflight::patch::Patch;
use crate::preflight::subject::Files;

/// A defect.
pub(super) struct Defect {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// The item that must fail.
    pub(super) item: u8,
    /// Items that fail with it, because they look at the same thing or at its consequences.
    pub(super) also: &'static [u8],
    /// Whether it is seen only where the image runs.
    pub(super) is_run: bool,
    /// Plants it.
    pub(super) plant: fn(&Files) -> Result<Files>,
}

/// Every defect.
pub(super) const ALL: [Defect; 10] = [
    Defect {
        name: "text-offset",
        item: 1,
        also: &[],
        is_run: false,
        plant: |files| {
            patched(files, |_, patch| {
                patch.put(0x8_0008, &0x20_0000_u64.to_le_bytes())
            })
        },
    },
    Defect {
        name: "cas",
        item: 6,
        also: &[],
        is_run: false,
        // cas x0, x1, [x2]
        plant: |files| {
            patched(files, |code, patch| {
                patch.word(first(code, is_nop)?, 0xc8a0_7c41)
            })
        },
    },
    Defect {
        name: "priority",
        item: 20,
        // On a board-like GIC nothing arrives any more.
        also: &[9, 18, 21],
        is_run: true,
        plant: |files| {
            patched(files, |code, patch| {
                constants(code, patch, 0xa0, 0xf0, is_store_of_byte)?;
                constants(code, patch, 0xf0, 0xff, is_store_to_pmr)
            })
        },
    },
    Defect {
        name: "igroupr",
        item: 20,
        also: &[],
        is_run: true,
        plant: |files| {
            patched(files, |code, patch| {
                let start = function(code, "pivot::kernel::secondaries::secondary_main")?.start;
                let first = code.at(start).context("no code")?;
                // x9 = GICD; IGROUPR5, of interrupts that no device has, gets all ones.
                let code = [0xd2bf_f089, 0xf282_0009, 0x1280_000a, 0xb900_952a, first];
                patch.insert(start, &code)
            })
        },
    },
    Defect {
        name: "eoi",
        item: 22,
        also: &[],
        is_run: true,
        plant: |files| {
            patched(files, |code, patch| {
                let range = function(code, "pivot::irq::dispatch")?;
                // ldr w, [x, #0xc]: GICC_IAR.
                let load = code
                    .all()
                    .find(|i| range.contains(&i.address) && i.word & 0xffff_fc00 == 0xb940_0c00)
                    .context("no load of GICC_IAR in the dispatch of interrupts")?;
                let register = load.word & 31;
                // and w, w, #0x3ff
                patch.insert(
                    load.address,
                    &[load.word, 0x1200_2400 | register << 5 | register],
                )
            })
        },
    },
    Defect {
        name: "sev",
        item: 16,
        also: &[],
        is_run: false,
        plant: |files| {
            patched(files, |code, patch| {
                let events: Vec<u64> = code
                    .all()
                    .filter(|insn| insn.word == 0xd503_209f)
                    .map(|insn| insn.address)
                    .collect();
                ensure!(!events.is_empty(), "the image has no SEV");
                events.into_iter().try_for_each(|at| patch.word(at, NOP))
            })
        },
    },
    Defect {
        name: "tval",
        item: 23,
        also: &[],
        is_run: false,
        // msr cntv_cval_el0 and msr cntv_tval_el0
        plant: |files| {
            patched(files, |code, patch| {
                let cval = |insn: &Word| insn.word & !0x1f == 0xd51b_e340;
                let at = first(code, cval)?;
                let register = code.at(at).context("no code")? & 31;
                patch.word(at, 0xd51b_e300 | register)
            })
        },
    },
    Defect {
        name: "uart-timeout",
        item: 26,
        also: &[],
        is_run: true,
        plant: |files| {
            patched(files, |code, patch| {
                constants(code, patch, 0x50, 0x10, is_address_of_imsc)
            })
        },
    },
    Defect {
        name: "page-zero",
        item: 15,
        also: &[],
        is_run: true,
        plant: |files| {
            patched(files, |code, patch| {
                // The call that changes the entry, on the way of `unmap_page_zero`.
                let is_call = |insn: &Word| {
                    insn.word >> 26 == 0b10_0101
                        && code
                            .functions_at(insn.address)
                            .iter()
                            .any(|name| name.contains("unmap_page_zero"))
                };
                patch.word(first(code, is_call)?, NOP)
            })
        },
    },
    Defect {
        name: "enable-gic",
        item: 4,
        also: &[],
        is_run: false,
        plant: |files| {
            ensure!(
                files.config.contains("enable_gic=1"),
                "config.txt has no enable_gic=1"
            );
            Ok(Files {
                config: files.config.replace("enable_gic=1", ""),
                ..files.clone()
            })
        },
    },
];

const NOP: u32 = 0xd503_201f;

/// The files with a change of the ELF file; the image is made from it.
fn patched(
    files: &Files,
    change: impl FnOnce(&Code<'_>, &mut Patch) -> Result<()>,
) -> Result<Files> {
    let code = Code::from_elf(&files.elf)?;
    let mut patch = Patch::new(&files.elf);
    change(&code, &mut patch).context("this defect does not fit the image any more")?;
    let elf = patch.into_elf();
    Ok(Files {
        image: Image::from_elf(&elf)?.bytes().to_vec(),
        elf,
        ..files.clone()
    })
}

fn is_nop(insn: &Word) -> bool {
    insn.word == NOP
}

fn first(code: &Code<'_>, what: impl Fn(&Word) -> bool) -> Result<u64> {
    let found = code.all().find(|insn| what(insn));
    found
        .map(|insn| insn.address)
        .context("there is no such instruction")
}

fn function(code: &Code<'_>, name: &str) -> Result<std::ops::Range<u64>> {
    code.function(name)
        .with_context(|| format!("there is no function `{name}`"))
}

/// How far a constant may be from the instruction that tells what it is for.
const NEAR: u64 = 8;

/// Replaces each `mov w, #old` beside which an instruction tells what it is for.
fn constants(
    code: &Code<'_>,
    patch: &mut Patch,
    old: u32,
    new: u32,
    tells: fn(u32, u32) -> bool,
) -> Result<()> {
    let mut count = 0;
    for insn in code.all() {
        let register = insn.word & 31;
        if insn.word & !0x1f != mov(old) {
            continue;
        }
        let mut near = (insn.address.saturating_sub(4 * NEAR)..insn.address + 4 * NEAR)
            .step_by(4)
            .filter_map(|address| code.at(address));
        if near.any(|word| tells(word, register)) {
            patch.word(insn.address, mov(new) | register)?;
            count += 1;
        }
    }
    ensure!(count > 0, "no instruction loads {old:#x} for this");
    Ok(())
}

/// `mov w0, #value`
const fn mov(value: u32) -> u32 {
    0x5280_0000 | value << 5
}

/// `strb w, [x]`, with or without an offset.
fn is_store_of_byte(word: u32, register: u32) -> bool {
    let has_offset = word >> 22 == 0b00_1110_0100;
    let moves_base = word >> 21 == 0b001_1100_0000;
    word & 31 == register && (has_offset || moves_base)
}

/// `str w, [x, #4]`: GICC_PMR.
fn is_store_to_pmr(word: u32, register: u32) -> bool {
    word & 0xffff_fc1f == 0xb900_0400 | register
}

/// `add x, x, #0x38`, or a store there: the UART's mask.
fn is_address_of_imsc(word: u32, register: u32) -> bool {
    word & 0xffff_fc00 == 0x9100_e000 || word & 0xffff_fc1f == 0xb900_3800 | register
}
