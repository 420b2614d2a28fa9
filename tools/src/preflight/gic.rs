//! Items 19 and 20: how every core set up the interrupt controller, by the trace. Pure.

use std::ops::Range;

use crate::preflight::access::Access;
use crate::preflight::answer::{Found, all, expect};

/// The GIC-400 (BCM2711 ARM Peripherals, section 6.5).
pub(super) const DISTRIBUTOR: Range<u64> = 0xff84_1000..0xff84_2000;
pub(super) const CPU_INTERFACE: Range<u64> = 0xff84_2000..0xff84_4000;

/// Registers (IHI 0048B, sections 4.3 and 4.4).
const GICD_CTLR: u64 = 0x000;
const GICD_TYPER: u64 = 0x004;
const GICD_IGROUPR: Range<u64> = 0x080..0x100;
const GICD_ISENABLER0: u64 = 0x100;
const GICD_IPRIORITYR: Range<u64> = 0x400..0x800;
const GICD_ITARGETSR: Range<u64> = 0x800..0xc00;
const GICC_CTLR: u64 = 0x00;
const GICC_PMR: u64 = 0x04;

/// The lowest priority that a Non-secure core can be interrupted with: 16 steps, the last of which nothing lets through.
const LOWEST_PRIORITY: u64 = 0xe0;
/// What PMR may be; a board makes 0xf0 of 0xff.
const MASKS: [u64; 2] = [0xf0, 0xff];
/// The cores of the BCM2711.
const CORES: usize = 4;

/// Item 20: no group is written, CTLR is 1, priorities and mask are ones that silicon delivers, SPIs are routed, and
/// loops end where TYPER says (hazard H9).
pub(super) fn set_up(accesses: &[Access]) -> Found {
    let distributor = || {
        accesses
            .iter()
            .filter_map(|a| Some((a.offset_in(&DISTRIBUTOR)?, a)))
    };
    let written = || distributor().filter(|(_, access)| access.is_write);
    let group = written().find(|(offset, _)| GICD_IGROUPR.contains(offset));
    let lowest = written()
        .filter(|(offset, _)| GICD_IPRIORITYR.contains(offset))
        .flat_map(|(_, access)| {
            (0..access.bytes).map(move |byte| access.value >> (8 * byte) & 0xff)
        })
        .max();
    let targets = written().filter(|(offset, a)| GICD_ITARGETSR.contains(offset) && a.value != 0);
    let lines = distributor()
        .find(|(offset, access)| *offset == GICD_TYPER && !access.is_write)
        .map(|(_, access)| 32 * ((access.value & 0x1f) + 1));
    let last = written()
        .filter(|(offset, _)| GICD_IPRIORITYR.contains(offset))
        .map(|(offset, access)| offset - GICD_IPRIORITYR.start + access.bytes)
        .max();
    let controls = written()
        .filter(|(offset, _)| *offset == GICD_CTLR)
        .map(|(_, access)| access.value)
        .chain(
            accesses
                .iter()
                .filter(|a| a.writes(&CPU_INTERFACE, GICC_CTLR))
                .map(|a| a.value),
        );
    let control = controls.max();
    let masks: Vec<u64> = accesses
        .iter()
        .filter(|a| a.writes(&CPU_INTERFACE, GICC_PMR))
        .map(|a| a.value)
        .collect();
    all([
        expect(
            group.is_none(),
            "no write of IGROUPR",
            group.map_or_else(String::new, |(offset, access)| {
                format!(
                    "core {} writes IGROUPR{}",
                    access.core,
                    (offset - GICD_IGROUPR.start) / 4
                )
            }),
        ),
        expect(
            control == Some(1),
            "both CTLR 1",
            format!("a CTLR gets {control:x?}, not 1"),
        ),
        expect(
            lowest.is_some_and(|priority| priority <= LOWEST_PRIORITY),
            format!("lowest priority {:#04x}", lowest.unwrap_or_default()),
            match lowest {
                Some(is) => format!(
                    "a priority is {is:#x}: the board delivers down to {LOWEST_PRIORITY:#x}"
                ),
                None => "no priority is written".to_owned(),
            },
        ),
        expect(
            !masks.is_empty() && masks.iter().all(|mask| MASKS.contains(mask)),
            format!("PMR {:#04x}", masks.first().copied().unwrap_or_default()),
            format!("PMR gets {masks:x?}"),
        ),
        expect(
            targets.count() > 0,
            "ITARGETSR written",
            "no shared interrupt is routed to a core",
        ),
        expect(
            lines.is_some() && lines == last,
            format!("{} lines by TYPER", lines.unwrap_or_default()),
            format!("priorities of {last:?} lines are set, but TYPER says {lines:?}"),
        ),
    ])
}

/// Item 19: every core sets up what is banked for it.
pub(super) fn every_core(accesses: &[Access]) -> Found {
    let cores = (0..CORES).map(|core| {
        let own = || accesses.iter().filter(move |a| a.core == core);
        let is_on = own().any(|a| a.writes(&CPU_INTERFACE, GICC_CTLR) && a.value == 1);
        let has_mask = own().any(|a| a.writes(&CPU_INTERFACE, GICC_PMR));
        let enables = own().any(|a| a.writes(&DISTRIBUTOR, GICD_ISENABLER0));
        expect(
            is_on && has_mask && enables,
            format!("core {core}"),
            format!("core {core} does not set up GICC_CTLR, GICC_PMR and GICD_ISENABLER0"),
        )
    });
    all(cores)
        .map(|cores| format!("GICC_CTLR, GICC_PMR and banked GICD_ISENABLER0 written by {cores}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::access::access;

    const D: u64 = DISTRIBUTOR.start;
    const C: u64 = CPU_INTERFACE.start;

    fn good() -> Vec<Access> {
        vec![
            access(0, false, D + 4, 0x61),
            access(0, true, D, 0),
            access(0, true, D + 0x400 + 60, 0xa0a0_a0a0),
            access(0, true, D + 0x800 + 40, 1),
            access(0, true, D, 1),
            access(0, true, C + 4, 0xf0),
            access(0, true, C, 1),
        ]
    }

    #[test]
    fn a_set_up_that_silicon_delivers_is_good_and_each_other_is_named() {
        set_up(&good()).unwrap();
        for (more, word) in [
            (access(1, true, D + 0x84, 0), "core 1 writes IGROUPR1"),
            (access(0, true, D + 0x400, 0xf0), "0xf0"),
            (access(0, true, C, 3), "CTLR"),
            (access(0, true, C + 4, 0x80), "PMR"),
            (access(0, true, D + 0x400 + 64, 0xa0), "lines"),
        ] {
            let mut accesses = good();
            accesses.push(more);
            let what = set_up(&accesses).unwrap_err();
            assert!(what.contains(word), "{what}");
        }
        assert!(set_up(&[]).is_err());
    }

    #[test]
    fn each_core_has_to_set_up_its_own_part() {
        let of = |core| {
            [
                access(core, true, C, 1),
                access(core, true, C + 4, 0xf0),
                access(core, true, D + 0x100, 1 << 27),
            ]
        };
        let mut accesses: Vec<Access> = (0..4).flat_map(of).collect();
        every_core(&accesses).unwrap();
        accesses.pop();
        assert!(every_core(&accesses).unwrap_err().contains("core 3"));
    }
}
