//! Owns `asm/refusals.s`: how a core stops that cannot go on.

#![expect(unsafe_code, reason = "it is assembly: there may be no stack yet")]

use core::arch::global_asm;

use crate::arch::cpu::MPIDR_AFFINITY;
use crate::drivers::led::Code;

/// PL011 registers and bit that the refusals poll (DDI 0183G, section 3.2).
const UART_DR: u32 = 0x00;
const UART_FR: u32 = 0x18;
const UART_TXFF_BIT: u32 = 5;

/// GPIO14, UART0's transmit on a Pi's header as alternate function 0: GPFSEL1, and its field there (BCM2711 ARM
/// Peripherals, sections 5.2 and 5.3).
const TX_PIN: u32 = 14;
const TX_FSEL: u32 = TX_PIN / 10 * 4;
const TX_FSEL_SHIFT: u32 = TX_PIN % 10 * 3;
const TX_ALT0: u32 = 0b100;

global_asm!(
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/asm/refusals.s")),
    MPIDR_AFFINITY = const MPIDR_AFFINITY,
    UART_DR = const UART_DR,
    UART_FR = const UART_FR,
    UART_TXFF_BIT = const UART_TXFF_BIT,
    TX_FSEL = const TX_FSEL,
    TX_FSEL_SHIFT = const TX_FSEL_SHIFT,
    TX_ALT0 = const TX_ALT0,
    CODE_EL3 = const Code::EnteredAtEl3.pattern(),
    CODE_TREE = const Code::TreeInTheWay.pattern(),
    CODE_EXCEPTION = const Code::EarlyException.pattern(),
);

unsafe extern "C" {
    safe fn park() -> !;
}

/// Stops this core for good, all exceptions masked.
pub fn park_core() -> ! {
    park()
}
