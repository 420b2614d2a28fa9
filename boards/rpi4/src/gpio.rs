//! Which pins the firmware uses: those of the console, and the ACT LED.
#![expect(unsafe_code, reason = "a register block at a fixed address")]

use embedded_hal::digital::OutputPin;
use pivot::drivers::gpio::{Changing, Function, Gpio, Pin, Pull};

/// BCM2711 ARM Peripherals, section 5.2. Every machine that runs this image has it, with a device tree or without.
const BASE: usize = 0xfe20_0000;

/// UART0's, transmit and receive.
pub(crate) const CONSOLE: [usize; 2] = [14, 15];

/// The green LED: GPIO42, lit when high (Linux, `bcm2711-rpi-4-b.dts`). In QEMU it lights nothing.
const ACT_LED: usize = 42;

fn gpio() -> &'static Gpio {
    let registers: *const Gpio = core::ptr::with_exposed_provenance(BASE);
    // SAFETY: the block is mapped as device memory for good, from the early map on, and its registers are cells.
    unsafe { &*registers }
}

/// Puts UART0 on GPIO14 (transmit) and GPIO15 (receive), and takes it off GPIO32 and 33, where it talks to the
/// Bluetooth chip if nobody says otherwise. A line to nowhere must not be read as data: hence the pull-up on the
/// receiving pin.
pub(crate) fn mux_console() {
    let mut right = Changing::alone();
    let functions = [
        (32, Function::Input),
        (33, Function::Input),
        (14, Function::Alt0),
        (15, Function::Alt0),
    ];
    for (pin, pull) in [(14, Pull::None), (15, Pull::Up)] {
        if let Some(pin) = gpio().pin(pin) {
            pin.set_pull(pull, &mut right);
        }
    }
    for (pin, function) in functions {
        if let Some(pin) = gpio().pin(pin) {
            pin.set_function(function, &mut right);
        }
    }
}

/// The ACT LED, as any driver takes it. `asm/led.s` has made it an output, if it was used at all.
pub fn act_led() -> Option<Pin<'static>> {
    gpio().pin(ACT_LED)
}

/// Turns the ACT LED off, which was lit when the image was entered.
pub(crate) fn darken_led() {
    if let Some(mut led) = act_led() {
        led.set_function(Function::Output, &mut Changing::alone());
        let Ok(()) = led.set_low();
    }
}
