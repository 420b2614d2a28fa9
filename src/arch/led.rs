//! Owns `asm/led.s`: the ACT LED for code that has nothing else.

#![expect(unsafe_code, reason = "it is assembly: there may be no stack yet")]

use core::arch::global_asm;

use crate::arch::timer;
use crate::drivers::led::{Code, SLOTS, SLOTS_PER_SECOND};

/// The LED of a Pi 4: GPIO42, lit when high (Linux, `bcm2711-rpi-4-b.dts`).
const PIN: u32 = 42;

/// Registers of the pins (BCM2711 ARM Peripherals, section 5.2): GPFSEL4, GPSET1 and GPCLR1.
const FSEL: u32 = PIN / 10 * 4;
const SET: u32 = 0x1c + PIN / 32 * 4;
const CLEAR: u32 = 0x28 + PIN / 32 * 4;

/// The crystal of a Pi 4, from which the counter runs.
const CRYSTAL_HZ: u32 = 54_000_000;

/// Where the counter's clock is chosen (BCM2711 ARM Peripherals, ARM_LOCAL registers), and what the firmware's stub
/// writes there: 0, the crystal; a prescaler of 2^31, which divides by one (raspberrypi/tools, armstubs/armstub8.S).
const LOCAL_BLOCK: u32 = 0xff80_0000;
const LOCAL_CONTROL: u32 = 0x00;
const LOCAL_PRESCALER: u32 = 0x08;
const LOCAL_PRESCALER_CRYSTAL: u32 = 1 << 31;

const _: () = assert!(SLOTS_PER_SECOND.is_power_of_two());

global_asm!(
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/asm/led.s")),
    FSEL = const FSEL,
    FSEL_SHIFT = const PIN % 10 * 3,
    SET = const SET,
    CLEAR = const CLEAR,
    BIT = const 1_u32 << (PIN % 32),
    SLOTS = const SLOTS,
    SLOTS_PER_SECOND_SHIFT = const SLOTS_PER_SECOND.trailing_zeros(),
    CRYSTAL_HZ = const CRYSTAL_HZ,
    LOCAL_BLOCK = const LOCAL_BLOCK,
    LOCAL_CONTROL = const LOCAL_CONTROL,
    LOCAL_PRESCALER = const LOCAL_PRESCALER,
    LOCAL_PRESCALER_CRYSTAL = const LOCAL_PRESCALER_CRYSTAL,
);

unsafe extern "C" {
    safe fn led_round(pattern: u64, slot_ticks: u64) -> u64;
    safe fn led_for_ever(pattern: u64) -> !;
}

/// Shows a code for ever, by nothing but registers; parks where there is no LED. Even under an emulator.
pub fn show_for_ever(code: Code) -> ! {
    led_for_ever(code.pattern())
}

/// Shows a code once, which takes eight seconds. Returns false at once where there is no LED.
pub fn show(code: Code) -> bool {
    let counter_hz = match timer::frequency_hz() {
        0 => u64::from(CRYSTAL_HZ),
        hz => hz,
    };
    led_round(code.pattern(), counter_hz / SLOTS_PER_SECOND) != 0
}

/// Shows a code once, too quickly to be seen: for an emulator, which has nobody who looks.
pub fn flicker(code: Code) {
    led_round(code.pattern(), 0);
}
