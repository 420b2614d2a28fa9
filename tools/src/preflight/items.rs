//! The 36 items, in the order in which an engineer goes through them before a card is flashed: one table.

use crate::preflight::answer::{Answer, Verdict, all};
use crate::preflight::reading::{places, reading, rows};
use crate::preflight::runs::{
    by_rows_and_reading, conditions, four_cores, no_complaints, no_disabled_uart, on_card,
    secondary, threads,
};
use crate::preflight::subject::Subject;
use crate::preflight::{
    card, devices, early, ending, gic, header, interrupts, moved, pages, words,
};

/// An item.
pub(super) struct Item {
    /// Its number, the same for good.
    pub(super) number: u8,
    /// What must hold.
    pub(super) what: &'static str,
    /// How it is checked.
    pub(super) check: fn(&Subject<'_>) -> Answer,
}

const fn item(number: u8, what: &'static str, check: fn(&Subject<'_>) -> Answer) -> Item {
    Item {
        number,
        what,
        check,
    }
}

/// Every item.
pub(super) const ALL: [Item; 36] = [
    item(1, "image header", |s| {
        Answer::of(header::header(&s.files.elf, &s.files.image))
    }),
    item(2, "link address, entry, no relocations, raw", |s| {
        Answer::of(header::linked(&s.files.elf, &s.files.image))
    }),
    item(3, "run address compared with link address", |s| {
        s.moved.answer(moved::judge)
    }),
    item(4, "keys of config.txt", |s| {
        Answer::of(card::config(&s.files.config))
    }),
    item(5, "what lies on the card", on_card),
    item(
        6,
        "instruction set of a Cortex-A72 without cryptography",
        |s| Answer::of(early::instruction_set(&s.code, &s.target_features)),
    ),
    item(7, "no stack, call or Rust before SP, CPACR and MMU", |s| {
        Answer::of(early::before_mmu(&s.code))
    }),
    item(8, "no exclusive and no DC ZVA before MMU and caches", |s| {
        Answer::of(s.code.rule("before-mmu"))
    }),
    item(9, "the emulator has nothing to complain of", no_complaints),
    item(10, "EL2 and EL1 accepted, EL3 refused with words", |s| {
        by_rows_and_reading(
            s,
            &[
                "rpi4-secgic.boot",
                "virt-secure.boot",
                "virt-gic2-smp4.boot",
            ],
            &[("pre-flight", "10")],
        )
    }),
    item(11, "registers of EL2 written whole on all cores", |s| {
        Answer::of(early::el2(&s.code))
    }),
    item(12, "stale lines thrown out before the caches are on", |s| {
        Answer::of(early::caches(&s.code))
    }),
    item(13, "MAIR, TCR, TTBR, ISB, SCTLR, ISB", |s| {
        Answer::of(early::turn_on(&s.code))
    }),
    item(
        14,
        "x0 followed only to a good tree; works without one",
        |s| by_rows_and_reading(s, &["rpi4-notree.boot"], &[("pre-flight", "14")]),
    ),
    item(15, "what is mapped, and as what", |s| {
        s.watched
            .answer(|seen| pages::judge(&seen.mapped.0, &seen.mapped.1))
    }),
    item(
        16,
        "cores released by store, clean, DSB SY, SEV, repeated",
        |s| Answer::of(words::release(&s.code)),
    ),
    item(
        17,
        "a secondary reads what was cleaned, writes nothing",
        secondary,
    ),
    item(18, "four cores come from the board's pen", |s| {
        s.stubbed.answer(four_cores)
    }),
    item(19, "each core sets up its own part", |s| {
        s.watched.answer(|seen| {
            all([
                gic::every_core(&seen.accesses),
                early::el2(&s.code).map(|_| "registers: item 11".to_owned()),
            ])
        })
    }),
    item(
        20,
        "GIC: no groups, priorities that silicon delivers",
        |s| s.watched.answer(|seen| gic::set_up(&seen.accesses)),
    ),
    item(21, "works with a board-like GIC", |s| {
        s.stubbed.answer(|_| {
            rows(&["rpi4-secgic.regs", "rpi4-stub.regs", "rpi4-checked.suite"])
                .map(|rows| format!("it was booted so and answers; {rows}"))
        })
    }),
    item(22, "EOI gets the whole IAR", |s| {
        s.watched.answer(|seen| interrupts::ends(&seen.accesses))
    }),
    item(
        23,
        "sources quiet before EOI; CVAL, never TVAL",
        |s| match words::timer(&s.code) {
            Err(what) => Answer::of(Err(what)),
            Ok(timer) => s
                .watched
                .answer(|seen| all([Ok(timer), interrupts::quiet(&seen.accesses)])),
        },
    ),
    item(
        24,
        "a barrier before each SGI; handlers may be told once for many",
        |s| {
            Answer::of(all([
                words::sgi(&s.code),
                places(&s.root, ("pre-flight", "24")),
            ]))
        },
    ),
    item(25, "no constant of time: 54 MHz and 62.5 MHz", |s| {
        by_rows_and_reading(
            s,
            &[
                "rpi4.sleep-counted",
                "rpi4-secgic.sleep-counted",
                "rpi4-secgic.ctxsw",
            ],
            &[("hazard", "H10")],
        )
    }),
    item(26, "pins, then UART; receive time-out", |s| {
        s.watched.answer(|seen| devices::uart(&seen.accesses))
    }),
    item(27, "nothing sent by a UART that is off", |s| {
        s.watched.answer(no_disabled_uart)
    }),
    item(28, "registers accessed by 32 bits", |s| {
        s.watched.answer(|seen| devices::sizes(&seen.accesses))
    }),
    item(29, "mailbox: own line, alias, length, time-out", |s| {
        s.watched.answer(|seen| {
            all([
                devices::mailbox(&seen.accesses),
                places(&s.root, ("hazard", "H23")),
            ])
        })
    }),
    item(30, "no block touched that may not be there", |s| {
        s.watched.answer(|seen| devices::blocks(&seen.accesses))
    }),
    item(
        31,
        "the end by the power manager, no PSCI on a Pi",
        |s| match words::calls_to_firmware(&s.code) {
            Err(what) => Answer::of(Err(what)),
            Ok(calls) => s
                .watched
                .answer(|seen| all([ending::end(&seen.accesses), Ok(calls)])),
        },
    ),
    item(32, "panic: polled, no lock, drained", |s| {
        reading(&s.root, &[("pre-flight", "32")])
    }),
    item(33, "figures with their conditions", |s| {
        s.watched.answer(conditions)
    }),
    item(
        34,
        "flags between cores; waiting and waking",
        |s| match words::waiting(&s.code) {
            Err(what) => Answer::of(Err(what)),
            Ok(found) => {
                let mut answer = reading(&s.root, &[("hazard", "H24"), ("hazard", "H18")]);
                answer.evidence = format!("{found}; {}", answer.evidence);
                answer
            }
        },
    ),
    item(35, "switch and frame save what they must", |s| {
        Answer::or_fail(
            all([
                s.code.rule("one-switch"),
                rows(&["rpi4.regs", "rpi4.fpu", "rpi4-secgic.regs"]),
            ]),
            Verdict::Rows,
        )
    }),
    item(36, "passes threaded, in turns and counted", threads),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_stands_in_the_table() {
        let table = include_str!("../../../docs/preflight.md");
        for item in &ALL {
            let rows = table.matches(&format!("\n| {} | ", item.number)).count();
            assert_eq!(rows, 1, "{}", item.number);
        }
    }

    #[test]
    fn items_are_numbered_in_their_order() {
        assert!(
            ALL.iter()
                .zip(1..)
                .all(|(item, number)| item.number == number)
        );
    }
}
