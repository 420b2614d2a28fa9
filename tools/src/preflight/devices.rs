//! Items 26 to 30: what was done to the UART, the pins and the mailbox, and which blocks were touched, by the trace. Pure.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::preflight::access::Access;
use crate::preflight::answer::{Found, all, expect};
use crate::preflight::gic::{CPU_INTERFACE, DISTRIBUTOR};

/// UART0 and its registers (DDI 0183G, section 3.2).
pub(super) const UART: Range<u64> = 0xfe20_1000..0xfe20_1200;
pub(super) const UART_ICR: u64 = 0x44;
const UART_FR: u64 = 0x18;
const UART_IBRD: u64 = 0x24;
const UART_FBRD: u64 = 0x28;
const UART_LCRH: u64 = 0x2c;
const UART_CR: u64 = 0x30;
const UART_IMSC: u64 = 0x38;
const FR_BUSY: u64 = 1 << 3;
/// Receive and receive time-out.
const RECEIVES: u64 = 1 << 4 | 1 << 6;
/// Enabled, both ways.
const CR_ON: u64 = 0x301;
/// 8N1 with FIFOs.
const LCRH_8N1: u64 = 0x70;
/// 115200 from 48 MHz: 26 3/64.
const DIVISOR: (u64, u64) = (26, 3);

/// The pins (BCM2711 ARM Peripherals, section 5.2).
const GPIO: Range<u64> = 0xfe20_0000..0xfe20_1000;
const GPFSEL1: u64 = 0x04;
const GPFSEL3: u64 = 0x0c;
const PULL0: u64 = 0xe4;

const MAILBOX: Range<u64> = 0xfe00_b880..0xfe00_b8c0;
const MAILBOX_WRITE: u64 = 0x20;
pub(super) const POWER: Range<u64> = 0xfe10_0000..0xfe10_1000;
const SYSTEM_TIMER: Range<u64> = 0xfe00_3000..0xfe00_4000;

/// Every block that the image may touch; QEMU lacks others, and a board may have them without clock or power.
const BLOCKS: [(&str, Range<u64>); 7] = [
    ("system timer", SYSTEM_TIMER),
    ("mailbox", MAILBOX),
    ("power manager", POWER),
    ("GPIO", GPIO),
    ("UART0", UART),
    ("GICD", DISTRIBUTOR),
    ("GICC", CPU_INTERFACE),
];

/// Item 26: pins before UART, BUSY before CR, the divisor of 48 MHz, and the receive time-out wherever receiving
/// interrupts (hazard H21).
pub(super) fn uart(accesses: &[Access]) -> Found {
    let first = |what: &dyn Fn(&Access) -> bool| accesses.iter().position(what);
    let control = first(&|a| a.writes(&UART, UART_CR)).ok_or("the UART is never set up")?;
    let idle =
        first(&|a| !a.is_write && a.offset_in(&UART) == Some(UART_FR) && a.value & FR_BUSY == 0);
    let last = |register: u64| {
        let of = accesses.iter().rposition(|a| a.writes(&UART, register))?;
        Some((of, accesses[of].value))
    };
    let value = |register: u64| last(register).map(|(_, value)| value);
    let divisor = value(UART_IBRD).zip(value(UART_FBRD));
    let masks: Vec<u64> = accesses
        .iter()
        .filter(|a| a.writes(&UART, UART_IMSC) && a.value != 0)
        .map(|a| a.value)
        .collect();
    let deaf = masks.iter().find(|mask| *mask & RECEIVES != RECEIVES);
    all([
        pins(&accesses[..control]),
        expect(
            idle.is_some_and(|at| at < control),
            "BUSY was 0 before CR",
            "CR is written before FR.BUSY was seen to be 0",
        ),
        expect(
            divisor == Some(DIVISOR),
            "divisor 26 3/64 (48 MHz)",
            format!("the divisor is {divisor:?}, not {DIVISOR:?}"),
        ),
        expect(
            last(UART_LCRH).is_some_and(|(at, value)| {
                value == LCRH_8N1 && last(UART_CR).is_some_and(|(on, cr)| on > at && cr == CR_ON)
            }),
            "LCRH 0x70, then CR 0x301",
            format!("LCRH is {:x?}, CR {:x?}", last(UART_LCRH), last(UART_CR)),
        ),
        expect(
            deaf.is_none() && !masks.is_empty(),
            format!("RX and RT in each of {} masks that are not 0", masks.len()),
            deaf.map_or_else(
                || "receiving never interrupts".to_owned(),
                |mask| format!("IMSC is {mask:#x}: no receive time-out, so a lone keystroke waits"),
            ),
        ),
    ])
}

/// The pins as they were left before the UART was set up: 14 and 15 are the UART's, 15 pulled up, 32 and 33 nobody's.
fn pins(accesses: &[Access]) -> Found {
    let last = |register: u64| {
        let of = accesses.iter().rfind(|a| a.writes(&GPIO, register));
        of.map(|access| access.value)
    };
    let (fsel1, fsel3, pull) = (last(GPFSEL1), last(GPFSEL3), last(PULL0));
    // Three bits for each pin of ten; 100 is ALT0, 000 input. Two bits for each pull; 01 is up.
    let is_muxed = fsel1.is_some_and(|word| word >> 12 & 0o77 == 0o44);
    let is_free = fsel3.is_some_and(|word| word >> 6 & 0o77 == 0);
    let is_pulled = pull.is_some_and(|word| word >> 30 & 3 == 1 && word >> 28 & 3 < 2);
    expect(
        is_muxed && is_free && is_pulled,
        "GPIO14/15 ALT0 with pull-up, GPIO32/33 input, before CR",
        format!("pins before the UART: GPFSEL1 {fsel1:x?}, GPFSEL3 {fsel3:x?}, pulls {pull:x?}"),
    )
}

/// Item 28: registers are accessed by 32 bits; priorities and targets of a GIC may be by byte (IHI 0048B, 4.1.4).
pub(super) fn sizes(accesses: &[Access]) -> Found {
    let is_byte_register = |a: &Access| {
        a.bytes == 1
            && a.offset_in(&DISTRIBUTOR)
                .is_some_and(|o| (0x400..0xc00).contains(&o))
    };
    let is_word = |a: &Access| a.bytes == 4 && a.address.is_multiple_of(4);
    let wrong = accesses
        .iter()
        .find(|a| !(is_word(a) || is_byte_register(a)));
    let bytes = accesses.iter().filter(|a| is_byte_register(a)).count();
    expect(
        wrong.is_none() && !accesses.is_empty(),
        format!(
            "{} accesses of 4 bytes, {bytes} of 1 byte (IPRIORITYR, ITARGETSR)",
            accesses.len() - bytes
        ),
        format!("an access that is not of 4 bytes: {wrong:x?}"),
    )
}

/// Item 29, as far as the trace says: a message goes to the property channel, by the uncached alias, in its own cache
/// line (hazard H23).
pub(super) fn mailbox(accesses: &[Access]) -> Found {
    let sent: Vec<u64> = accesses
        .iter()
        .filter(|a| a.writes(&MAILBOX, MAILBOX_WRITE))
        .map(|a| a.value)
        .collect();
    let wrong = sent
        .iter()
        .find(|&&word| word >> 30 != 3 || word & 0x3f != 8);
    expect(
        wrong.is_none() && !sent.is_empty(),
        format!(
            "{} messages: alias 0xc0000000, lines of 64 bytes, channel 8",
            sent.len()
        ),
        wrong.map_or_else(
            || "nothing was sent".to_owned(),
            |word| format!("{word:#x} is not the alias of a line of 64 bytes and channel 8"),
        ),
    )
}

/// Item 30: nothing is touched but what the image drives.
pub(super) fn blocks(accesses: &[Access]) -> Found {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for access in accesses {
        let block = BLOCKS
            .iter()
            .find(|(_, block)| block.contains(&access.address));
        let Some((name, _)) = block else {
            return Err(format!(
                "core {} touches {:#x}",
                access.core, access.address
            ));
        };
        *counts.entry(name).or_default() += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    expect(
        !counts.is_empty(),
        counts.join(", "),
        "no device was touched",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::access::access;

    fn good() -> Vec<Access> {
        let write =
            |block: &Range<u64>, offset, value| access(0, true, block.start + offset, value);
        vec![
            write(&GPIO, GPFSEL3, 0),
            write(&GPIO, PULL0, 0x4000_0000),
            write(&GPIO, GPFSEL1, 0o440_000),
            access(0, false, UART.start + UART_FR, 0x90),
            write(&UART, UART_CR, 0),
            write(&UART, UART_IBRD, 26),
            write(&UART, UART_FBRD, 3),
            write(&UART, UART_LCRH, 0x70),
            write(&UART, UART_CR, 0x301),
            write(&UART, UART_IMSC, 0x50),
        ]
    }

    #[test]
    fn the_uart_is_set_up_in_its_order_and_receives_lone_keystrokes() {
        uart(&good()).unwrap();
        let without = |place: usize| {
            let mut accesses = good();
            accesses.remove(place);
            uart(&accesses).unwrap_err()
        };
        assert!(without(0).contains("GPFSEL3"));
        assert!(without(3).contains("BUSY"));
        assert!(without(5).contains("divisor"));
        assert!(without(8).contains("CR"));
        assert!(without(9).contains("never interrupts"));
        let mut deaf = good();
        deaf.push(access(0, true, UART.start + UART_IMSC, 0x10));
        assert!(uart(&deaf).unwrap_err().contains("no receive time-out"));
    }

    #[test]
    fn only_priorities_and_targets_may_be_bytes() {
        let byte = |address| Access {
            bytes: 1,
            ..access(0, true, address, 0)
        };
        sizes(&[
            access(0, false, UART.start, 0),
            byte(DISTRIBUTOR.start + 0x401),
        ])
        .unwrap();
        assert!(sizes(&[byte(UART.start)]).is_err());
        assert!(sizes(&[access(0, false, UART.start + 2, 0)]).is_err());
    }

    #[test]
    fn a_message_has_the_alias_its_own_line_and_the_channel() {
        let sent = |word| mailbox(&[access(0, true, MAILBOX.start + 0x20, word)]);
        sent(0xc018_0008).unwrap();
        for wrong in [0x0018_0008, 0xc018_0018, 0xc018_0001] {
            assert!(sent(wrong).is_err(), "{wrong:#x}");
        }
        assert!(mailbox(&[]).is_err());
    }

    #[test]
    fn a_block_that_is_not_driven_is_named() {
        assert!(
            blocks(&[access(1, false, 0xfe10_4000, 0)])
                .unwrap_err()
                .contains("0xfe104000")
        );
    }
}
