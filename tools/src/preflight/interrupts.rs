//! Items 22 and 23: how interrupts were acknowledged, quieted and ended, by the trace. Pure.

use std::collections::BTreeMap;

use crate::preflight::access::Access;
use crate::preflight::answer::{Found, expect};
use crate::preflight::devices::{UART, UART_ICR};
use crate::preflight::gic::CPU_INTERFACE;

/// IHI 0048B, sections 4.4.4 and 4.4.5.
const GICC_IAR: u64 = 0x0c;
const GICC_EOIR: u64 = 0x10;

/// INTIDs from here on are none (IHI 0048B, section 2.2.1).
const FIRST_SPECIAL: u64 = 1020;
/// The interrupt of UART0.
const UART_INTID: u64 = 153;

/// Item 22: what ends is the whole word that was acknowledged, once, on that core; what is none does not end.
pub(super) fn ends(accesses: &[Access]) -> Found {
    let mut open: BTreeMap<usize, u64> = BTreeMap::new();
    let (mut ended, mut from_others) = (0, 0);
    for access in accesses {
        let Some(offset) = access.offset_in(&CPU_INTERFACE) else {
            continue;
        };
        let (core, value) = (access.core, access.value);
        if offset == GICC_IAR && !access.is_write && value & 0x3ff < FIRST_SPECIAL {
            if let Some(before) = open.insert(core, value) {
                return Err(format!(
                    "core {core} acknowledges {value:#x} before it ends {before:#x}"
                ));
            }
        } else if offset == GICC_EOIR && access.is_write {
            match open.remove(&core) {
                Some(acknowledged) if acknowledged == value => {
                    ended += 1;
                    from_others += usize::from(value >> 10 & 7 != 0);
                }
                Some(acknowledged) => {
                    return Err(format!(
                        "core {core} acknowledges {acknowledged:#x} and ends {value:#x}"
                    ));
                }
                None => {
                    return Err(format!(
                        "core {core} ends {value:#x}, which it has not acknowledged"
                    ));
                }
            }
        }
    }
    expect(
        from_others > 0,
        format!(
            "{ended} interrupts ended with the word of IAR, {from_others} of them SGIs from another core than 0"
        ),
        "no SGI from another core than 0 was seen, so nothing is known of the source core",
    )
}

/// Item 23, the devices' part: between IAR and EOIR of the UART's interrupt it is cleared, and read back.
pub(super) fn quiet(accesses: &[Access]) -> Found {
    // Per core with the UART's interrupt open: whether it was cleared, and read back after that.
    let mut open: BTreeMap<usize, (bool, bool)> = BTreeMap::new();
    let mut count = 0;
    for access in accesses {
        let core = access.core;
        match access.offset_in(&CPU_INTERFACE) {
            Some(GICC_IAR) if !access.is_write && access.value & 0x3ff == UART_INTID => {
                open.insert(core, (false, false));
            }
            Some(GICC_EOIR) if access.is_write && access.value & 0x3ff == UART_INTID => {
                match open.remove(&core) {
                    Some((true, true)) => count += 1,
                    _ => {
                        return Err("the UART's interrupt ends before the UART is quiet".to_owned());
                    }
                }
            }
            _ => {}
        }
        if let Some((is_cleared, is_read)) = open.get_mut(&core)
            && let Some(offset) = access.offset_in(&UART)
        {
            *is_cleared |= access.is_write && offset == UART_ICR;
            *is_read |= *is_cleared && !access.is_write;
        }
    }
    expect(
        count > 0,
        format!("{count} interrupts of the UART: ICR, read back, EOI"),
        "no interrupt of the UART was seen",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::access::access;

    const C: u64 = CPU_INTERFACE.start;

    #[test]
    fn the_source_core_belongs_to_what_is_ended() {
        let pair = |iar, eoir| {
            [
                access(2, false, C + 0xc, iar),
                access(2, true, C + 0x10, eoir),
            ]
        };
        ends(&pair(0xc01, 0xc01)).unwrap();
        assert!(
            ends(&pair(0xc01, 1))
                .unwrap_err()
                .contains("0xc01 and ends 0x1")
        );
        assert!(ends(&pair(0x1b, 0x1b)).unwrap_err().contains("no SGI"));
        assert!(
            ends(&pair(1023, 1023))
                .unwrap_err()
                .contains("not acknowledged")
        );
        let twice = [pair(1, 1)[0], pair(1, 1)[0]];
        assert!(ends(&twice).unwrap_err().contains("before it ends"));
    }

    #[test]
    fn a_device_is_cleared_and_read_back_before_its_interrupt_ends() {
        let begin = access(0, false, C + 0xc, 153);
        let clear = access(0, true, UART.start + UART_ICR, 0x50);
        let read = access(0, false, UART.start + 0x40, 0);
        let end = access(0, true, C + 0x10, 153);
        quiet(&[begin, clear, read, end]).unwrap();
        for wrong in [&[begin, read, clear, end][..], &[begin, end], &[]] {
            assert!(quiet(wrong).is_err(), "{wrong:?}");
        }
    }
}
